"""The filters of a search: known names pass in any case, unknown ones are refused with what is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.app.jobs import LocalJobs
from localdev.app.narrowing import KINDS, search_filter
from localdev.core.errors import UsageError
from localdev.core.events import Result

QUERIES = Path(__file__).parents[2] / "src" / "localdev" / "source" / "queries"


def test_kinds_hold_all_that_the_queries_define() -> None:
    """A kind that a grammar can give may be asked for."""
    defined = {kind for path in QUERIES.glob("*.scm") for kind in re.findall(r"@definition\.(\w+)", path.read_text())}
    assert defined - {"none"} <= set(KINDS)


def test_known_names_pass(tmp_path: Path) -> None:
    """Upper case is fine."""
    made = search_filter(tmp_path, languages=["Python", "c"], kinds=["CLASS"])
    assert made is not None
    assert (made.languages, made.kinds, made.paths) == (("python", "c"), ("class",), ())


def test_no_filter_is_none(tmp_path: Path) -> None:
    """A search without a filter does not pay for one, and loses nothing to it."""
    assert search_filter(tmp_path) is None
    assert search_filter(tmp_path, paths=(), languages=(), kinds=()) is None


@pytest.mark.parametrize(
    ("narrowing", "message", "hint"),
    [
        ({"languages": ["zzz"]}, "no language 'zzz'", "known are ada, "),
        ({"languages": ["pyton"]}, "no language 'pyton'", "did you mean python? known are "),
        ({"kinds": ["zork"]}, "no kind 'zork'", "known are block, class, "),
        ({"paths": ["/elsewhere/*"]}, "/elsewhere/* is outside", "-C"),
    ],
)
def test_unknown_ones_are_refused(tmp_path: Path, narrowing: dict[str, list[str]], message: str, hint: str) -> None:
    """The error names what is wrong, the hint what there is."""
    with pytest.raises(UsageError) as caught:
        search_filter(tmp_path, **narrowing)
    assert message in str(caught.value) and hint in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("{root}", 2), ("{root}/cart.py", 1), ("{root}/*.py", 2), ("{root}/sub/../pay.py", 1), ("{link}/pay.py", 1)],
)
def test_an_absolute_path_counts_from_the_root(
    jobs: Callable[[], LocalJobs], root: Path, tmp_path: Path, pattern: str, found: int
) -> None:
    """As a shell completes it, also when it names the root by its real path."""
    events = jobs().run("search", {"queries": ["cart"], "paths": [pattern.format(root=root, link=root.resolve())]})
    [payload] = [event.payload for event in events if isinstance(event, Result)]
    assert len({result["path"] for result in payload["results"]}) == found
