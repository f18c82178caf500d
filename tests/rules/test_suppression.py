"""Comments that say a finding is known."""

from __future__ import annotations

import pytest

from localdev.core.review import Finding
from localdev.rules.suppression import ignored_on, is_suppressed


def at(line: int) -> Finding:
    """Make a finding on a line."""
    return Finding("weak-hash", "medium", "a.py", line, line, "", "")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("x = md5(y)  # localdev: ignore[weak-hash]", {"weak-hash"}),
        ("x = md5(y);  // localdev: ignore[weak-hash, dangerous-call] a name", {"weak-hash", "dangerous-call"}),
        ("x = md5(y); /* localdev: ignore[weak-hash] */", {"weak-hash"}),
        ("-- localdev:ignore[sql]", {"sql"}),
        ("<!-- localdev: ignore[a] localdev: ignore[b] -->", {"a", "b"}),
        ("{{!-- localdev: ignore[a] --}}", {"a"}),
        ("@* localdev: ignore[a] *@", {"a"}),
        ("#" * 2_000_000 + " localdev: ignore[a]", {"a"}),
        ("x = 1  # noqa: E501  localdev: ignore[ruff/F401]", {"ruff/F401"}),
        ("x = md5(y)  # localdev: ignore", set()),
        ("x = md5(y)  # localdev: ignore[]", set()),
        ("localdev: ignore[weak-hash]", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_names(line: str, names: set[str]) -> None:
    """Only what stands in brackets in a comment is ignored; without names nothing is."""
    assert ignored_on(line) == names


def test_where_a_comment_counts() -> None:
    """On the line itself, or alone on the line above; not behind other code there, nor below."""
    names = {"weak-hash", "dangerous-call"}
    mark = "# localdev: ignore[dangerous-call]"
    assert is_suppressed(at(1), names, [f"md5(x)  {mark}"])
    for alone in (f"    {mark} known", "{{!-- localdev: ignore[weak-hash] --}}", "(* localdev: ignore[weak-hash] *)"):
        assert is_suppressed(at(2), names, [alone, "md5(x)"])
    assert not is_suppressed(at(2), names, [f"other()  {mark}", "md5(x)"])
    assert not is_suppressed(at(1), names, ["md5(x)", mark])
    assert not is_suppressed(at(3), names, [mark, "", "md5(x)"])
    assert not is_suppressed(at(1), {"other"}, [f"md5(x)  {mark}"])


def test_what_has_no_line() -> None:
    """A finding about a whole file, or beyond its end, has no line to look at."""
    assert not is_suppressed(at(0), {"weak-hash"}, ["# localdev: ignore[weak-hash]"])
    assert not is_suppressed(at(9), {"weak-hash"}, ["# localdev: ignore[weak-hash]"])
