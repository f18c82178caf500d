"""A large text file that a change adds."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.core.sizes import sized
from localdev.rules.changed import ReviewedChange
from localdev.rules.places import is_example, is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule
from localdev.source.skip import LOCK_FILE, file_reason

# The limit that the checks of many repositories set, in bytes; where data is usual it is ten times that.
LARGE = 500_000
_MOST_ASIDE = 10 * LARGE


def _check(change: ReviewedChange) -> Iterator[Found]:
    """Find text files that are large and were not before."""
    for file in change.files:
        if file.change.status == "deleted" or file.change.binary or file.change.submodule or not file.added:
            continue
        size = change.sides.new_size(file.path)
        if size is None or size < LARGE or file_reason(file.path.rpartition("/")[2]) == LOCK_FILE:
            continue
        if file.change.old_path and len(change.sides.old_text(file.change.old_path) or "") > size // 2:
            continue
        aside = is_test(file.path) or is_example(file.path) or is_vendored(file.path)
        mild = aside and size < _MOST_ASIDE
        yield Found(
            file.path,
            0,
            f"a file of {sized(size)} is added",
            suggestion="keep large data outside of the repository, or in large file storage",
            severity="low" if mild else None,
        )


RULE = Rule(
    id="large-file",
    family="large-binary",
    severity="medium",
    title="A large file",
    explanation=(
        "Every clone carries every version of it for ever, and it can hardly be reviewed. Data, dumps, logs "
        "and what is "
        "generated belong elsewhere. Told from 500 kB on; in tests, documentation and vendored folders from 5 MB on, "
        "below that as low. Lock files are left alone."
    ),
    bad=Example(
        "data/dump.sql", "INSERT INTO t VALUES (1, 'a row of a dump of a database, and many more follow');\n" * 7_000
    ),
    good=Example("data/schema.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);\n"),
    check=_check,
)
