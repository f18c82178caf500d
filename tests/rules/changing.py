"""Makes changes out of texts, for the tests of rules: real diffs, with both sides in memory."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from localdev.core.change import Change, FileChange, Sides
from localdev.core.review import Finding
from localdev.rules.changed import ReviewedChange
from localdev.rules.registry import RULES
from localdev.rules.rule import Example, Rule
from localdev.rules.run import find
from localdev.source.diff import read_diff


class Texts(Sides):
    """Both sides of a change as texts by path; `sizes` are those of files that are no text."""

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str], sizes: Mapping[str, int]) -> None:
        self.before, self.after, self.sizes = before, after, sizes

    def old_text(self, path: str) -> str | None:
        """Give a file as it was."""
        return self.before.get(path)

    def new_text(self, path: str) -> str | None:
        """Give a file as it is afterwards."""
        return self.after.get(path)

    def new_paths(self) -> frozenset[str]:
        """Give the paths of all files afterwards."""
        return frozenset((*self.after, *self.sizes))

    def new_size(self, path: str) -> int | None:
        """Give a file's size afterwards."""
        return self.sizes.get(path, len(self.after[path].encode()) if path in self.after else None)


def change_of(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    moved: Mapping[str, str] | None = None,
    binary: Mapping[str, int] | None = None,
) -> ReviewedChange:
    """Give the change between two sets of texts; `moved` maps old paths to new ones, `binary` new paths to sizes."""
    came_from = {new: old for old, new in (moved or {}).items()}
    files = [FileChange(path, "", "added", new_mode="100644", binary=True) for path in binary or {}]
    for path in sorted({*before, *after} - set(moved or {})):
        old = came_from.get(path, path)
        if before.get(old) != after.get(path) or old != path:
            files.append(_file(old, path, before.get(old), after.get(path)))
    change = Change(tuple(sorted(files, key=lambda each: each.path)))
    return ReviewedChange(change, Texts(before, after, binary or {}))


def findings(before: Mapping[str, str], after: Mapping[str, str], rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Give what rules find in the change between two sets of texts."""
    return list(find(change_of(before, after), rules))


def lines_of(found: Iterable[Finding], rule: str) -> list[int]:
    """Give the lines that one rule points at."""
    return [each.line for each in found if each.rule == rule]


def example_findings(example: Example, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Give what rules find in an example; one with a NUL in its text is a binary file."""
    if "\0" in example.text:
        return list(find(change_of({}, {}, binary={example.path: 200_000}), rules))
    beside = dict(example.beside)
    before = {example.path: example.before, **beside} if example.before else beside
    return findings(before, {**beside, example.path: example.text}, rules)


def _file(old: str, path: str, before: str | None, after: str | None) -> FileChange:
    """Make the change of one file through a diff as git prints it."""
    head = [f"diff --git a/{old} b/{path}"]
    if before is None:
        head.append("new file mode 100644")
    elif after is None:
        head.append("deleted file mode 100644")
    elif old != path:
        head += ["similarity index 90%", f"rename from {old}", f"rename to {path}"]
    names = (f"a/{old}" if before is not None else "/dev/null", f"b/{path}" if after is not None else "/dev/null")
    rows = list(difflib.unified_diff(_rows(before), _rows(after), *names, lineterm=""))
    return read_diff("\n".join([*head, *rows, ""]))[0]


def _rows(text: str | None) -> list[str]:
    """Give the lines of a text as a diff counts them."""
    rows = (text or "").split("\n")
    return rows[:-1] if rows[-1] == "" else rows
