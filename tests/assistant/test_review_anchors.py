"""The line that a quote is of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.assistant.review.anchoring import anchor
from localdev.core.change import DiffLine

ROWS = (
    DiffLine("context", "def load(path):", 10, 10),
    DiffLine("removed", "    data = open(path).read()", 11, 0),
    DiffLine("added", "    data = pickle.load(open(path))", 0, 11),
    DiffLine("added", "    check(data)", 0, 12),
    DiffLine("context", "    total  =  0", 12, 13),
    DiffLine("added", "    check(data)", 0, 14),
    DiffLine("added", "    }", 0, 15),
    DiffLine("context", "    data = pickle.load(open(path))", 13, 16),
    DiffLine("added", "\treturn data\r", 0, 17),
)


@pytest.mark.parametrize(
    ("quote", "said", "line"),
    [
        ("    data = pickle.load(open(path))", 0, 11),  # new lines before context
        ("data = pickle.load(open(path))", 16, 11),
        ("pickle.load(open(path))", 0, 11),  # a part of a line
        ("data  =  pickle.load(open(path))", 0, 11),  # white space folded
        ("total = 0", 0, 13),
        ("def load(path):", 0, 10),
        ("return data", 0, 17),
        ("   11 + data = pickle.load(open(path))", 0, 11),  # with the listing's margin
        ("11 data = pickle.load(open(path))", 0, 11),
        ("+ return data", 0, 17),
        ("return data\nand more", 0, 17),  # the first of several lines
        ("\n\n  return data\n", 0, 17),
        ("check(data)", 0, None),  # two of them
        ("check(data)", 12, 12),
        ("check(data)", 15, 14),
        ("check(data)", 13, None),  # as near to the one as to the other
        ("check(data)", 999, None),  # no line of this hunk
        ("check(data)", -5, None),
        ("data = open(path).read()", 11, None),  # gone
        ("}", 15, None),  # says nothing
        ("   ", 11, None),
        ("", 11, None),
        ("path", 11, None),  # a part that is too short
        ("total  =  1", 0, None),
        ("data = pickle.loads(open(path))", 11, None),  # nearly is not enough
        ("x" * 100_000, 11, None),
    ],
)
def test_quotes(quote: str, said: int, line: int | None) -> None:
    """What is found, and what is not."""
    found = anchor(ROWS, quote, said)
    assert (found.new_line if found is not None else None) == line


@given(st.text(), st.integers())
def test_whatever_is_quoted(quote: str, said: int) -> None:
    """A line that is found holds the quote, but for white space and a margin; no text breaks it."""
    found = anchor(ROWS, quote, said)
    assert found is None or (found.kind != "removed" and found.new_line > 0)


@given(st.sampled_from(ROWS), st.integers(-10, 30))
def test_a_line_finds_itself_or_its_like(row: DiffLine, said: int) -> None:
    """The quote of a whole line gives a line of the same text, or none."""
    found = anchor(ROWS, row.text, said)
    assert found is None or found.text.split() == row.text.split()
