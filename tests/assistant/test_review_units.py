"""What a model is asked about at a time, in which order, and what is left out with why."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.assistant.review.risk import by_risk
from localdev.assistant.review.units import Unit, halves, listing, units_of
from localdev.core.change import Change, DiffLine, FileChange, Hunk
from localdev.rules.changed import ReviewedChange
from tests.rules.changing import Texts, change_of

TWO = (
    "def one():\n    a = 1\n    b = 2\n    c = 3\n    d = 4\n    e = 5\n    f = 6\n    g = 7\n    h = 8\n    return a\n"
)
OTHER = "\n\ndef two():\n    return 2\n"


def units(change: ReviewedChange, most: int = 10_000) -> list[Unit]:
    """Cut a change; the size is that of its text."""
    return units_of(change.files, most=most, size=len)[0]


def spans(found: Sequence[Unit]) -> list[tuple[int, int]]:
    """Give the lines of units."""
    return [unit.span for unit in found]


def test_a_listing() -> None:
    """Each line has its number and mark; what is gone has none, and a gap is shown as one."""
    rows = (
        DiffLine("context", "a\r", 1, 1),
        DiffLine("removed", "b", 2, 0),
        DiffLine("added", "c", 0, 2),
        DiffLine("context", "d", 9, 9),
    )
    assert listing(rows) == "    1   a\n      - b\n    2 + c\n  ...\n    9   d"


def test_nothing_leaves_its_margin() -> None:
    """What some take for the end of a line is a blank: each line of the listing is one of the file."""
    text = "a = 1\r    9 + b\x0b    7 + c\u2028File other.py\x85\x0c!"
    assert listing((DiffLine("added", text, 0, 1),)).splitlines() == [
        "    1 + a = 1     9 + b     7 + c File other.py  !"
    ]


def test_hunks_of_one_function_are_one() -> None:
    """Two hunks inside a function are asked about together, one in another function alone."""
    before = TWO + "\n" * 8 + OTHER
    after = before.replace("a = 1", "a = 10").replace("return a", "return b").replace("return 2", "return 3")
    change = change_of({"a.py": before}, {"a.py": after})
    assert [len(file.change.hunks) for file in change.files] == [3]
    first, second = units(change)
    assert [row.new_line for row in first.rows if row.kind == "added"] == [2, 10]
    assert [row.new_line for row in second.rows if row.kind == "added"] == [22]


def test_hunks_of_one_class_are_not() -> None:
    """Its parts are apart, however near."""
    body = "".join(f"    a{at} = {at}\n" for at in range(20))
    after = body.replace("a2 = 2\n", "a2 = 0\n").replace("a15 = 15", "a15 = 0")
    assert len(units(change_of({"a.py": f"class A:\n{body}"}, {"a.py": f"class A:\n{after}"}))) == 2


def test_a_large_hunk_is_cut_where_definitions_begin() -> None:
    """A new file of many functions becomes parts that begin with one, each as large as is allowed."""
    text = "".join(f"def f{at}(x):\n    y = x + {at}\n    return y\n\n\n" for at in range(12))
    found = units(change_of({}, {"a.py": text}), most=220)
    assert len(found) > 2
    assert all(unit.rows[0].text.startswith("def ") and len(listing(unit.rows)) <= 220 for unit in found)
    assert [row.new_line for unit in found for row in unit.rows] == list(range(1, 61))


def test_one_long_definition_is_halved() -> None:
    """Where nothing begins it is cut at a blank line, until it fits or is a single line."""
    text = "def f():\n" + "".join(f"    x = {at}\n" + ("\n" if at % 5 == 0 else "") for at in range(40))
    found = units(change_of({}, {"a.py": text}), most=200)
    assert all(len(listing(unit.rows)) <= 200 for unit in found)
    assert [row.new_line for unit in found for row in unit.rows] == list(range(1, text.count("\n") + 1))
    (one,) = units(change_of({}, {"a.txt": "x" * 500 + "\n"}), most=200)
    assert halves(one) == ()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["a = 1", "def f():", "    return 1", "", "x" * 30]), max_size=40),
    st.lists(st.sampled_from(["a = 1", "def g():", "    return 2", "", "y" * 30]), max_size=40),
    st.integers(20, 200),
)
def test_every_changed_line_is_in_one_unit_or_listed(old: list[str], new: list[str], most: int) -> None:
    """Whatever the change and the size: each new line is asked about exactly once."""
    change = change_of({"a.py": "\n".join(old)}, {"a.py": "\n".join(new)})
    found, listed = units_of(change.files, most=most, size=len)
    asked = sorted(row.new_line for unit in found for row in unit.rows if row.kind == "added")
    added = sorted(at for file in change.files for at in file.added)
    assert asked == added
    removed = sum(row.kind == "removed" for unit in found for row in unit.rows)
    assert listed or removed == sum(len(file.removed) for file in change.files)


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("package-lock.json", "{}\n", "lock file"),
        ("web/app.min.js", "a=1\n", "minified"),
        ("vendor/x/a.go", "package x\n", "vendored or generated"),
        ("api_pb2.py", "a = 1\n", "generated"),
        ("gen.go", "// Code generated by x. DO NOT EDIT.\npackage a\n", "generated"),
        (".env", "A=1\n", "may hold secrets"),
    ],
)
def test_what_is_left_out(path: str, text: str, reason: str) -> None:
    """What is nobody's code, and what may hold secrets, is listed and not sent."""
    found, listed = units_of(change_of({}, {path: text}).files, most=1000, size=len)
    assert found == []
    assert [(each.path, each.reason, each.by) for each in listed] == [(path, reason, "model")]


def test_what_is_gone() -> None:
    """A deleted file is listed; a part of one that is gone is looked at with what stands around it."""
    found, listed = units_of(change_of({"a.py": "x = 1\n"}, {}).files, most=1000, size=len)
    assert found == [] and [each.reason for each in listed] == ["deleted"]
    found, listed = units_of(change_of({"a.py": "x = 1\ny = 2\n"}, {"a.py": "x = 1\n"}).files, most=1000, size=len)
    assert spans(found) == [(1, 1)] and listed == []
    found, listed = units_of(change_of({"a.py": "x = 1\n"}, {"a.py": ""}).files, most=1000, size=len)
    assert found == [] and [each.reason for each in listed] == ["deleted"]


def test_what_has_no_lines() -> None:
    """Binary files, submodules, links, and changes of a name or a mode are nothing to ask about."""
    hunk = Hunk(0, 0, 1, 1, "", (DiffLine("added", "x", 0, 1),))
    files = (
        FileChange("a.bin", "", "added", binary=True),
        FileChange("sub", "sub", "modified", "160000", "160000", hunks=(hunk,)),
        FileChange("link", "", "added", "", "120000", hunks=(hunk,)),
        FileChange("new.py", "old.py", "renamed", "100644", "100755"),
    )
    change = ReviewedChange(Change(files), Texts({}, {}, {}))
    assert units_of(change.files, most=1000, size=len) == ([], [])


def test_the_order() -> None:
    """Product code first, then what is flagged or sensitive in it; then configuration, tests, data, examples, text."""
    plain, sensitive = "x = 1\n", "password = read()\n"
    texts = {
        "README.md": sensitive, "tests/test_a.py": sensitive, "src/plain.py": plain, "src/auth.py": sensitive,
        "examples/a.py": sensitive, "data.json": "{}\n", "pyproject.toml": plain, "src/flagged.py": plain,
    }  # fmt: skip
    found = units(change_of({}, texts))
    order = [unit.path for unit in by_risk(found, {("src/flagged.py", 1)})]
    assert order == [
        "src/flagged.py", "src/auth.py", "src/plain.py", "pyproject.toml", "tests/test_a.py", "data.json",
        "examples/a.py", "README.md",
    ]  # fmt: skip
    assert [unit.path for unit in by_risk(found[::-1], {("src/flagged.py", 1)})] == order
