"""Folding text to rows: nothing is lost, nothing is too wide, and folded text can be put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from localdev.tui.transcript.rows import Span, fold, folded, pieces_of

TEXT = st.text(st.sampled_from("ab c  def日本、語👩\u200d🇩🇪e\u0301\u05e9\u0645.-_(["), max_size=120)


@given(TEXT, st.integers(2, 30))
def test_folding_loses_nothing(text: str, width: int) -> None:
    """Rows and what stands between them are the text again, and each row fits."""
    rows = fold(text, width)
    assert "".join(text[start:end] + (joint if joint != "\n" else "") for start, end, joint in rows).rstrip(
        " "
    ) == text.rstrip(" ")
    assert all(cell_len(text[start:end]) <= width for start, end, _ in rows)
    assert [joint for *_, joint in rows].count("\n") == 1


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 5, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("one two", 7, ["one two"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("ab cdefghij", 4, ["ab", "cdef", "ghij"]),
        ("a  b", 1, ["a", "b"]),
        ("    indented code here", 12, ["    indented", "code here"]),
        ("日本語です。", 6, ["日本語", "です。"]),
        ("日本語です、", 10, ["日本語で", "す、"]),
        ("ab日本", 4, ["ab日", "本"]),
        ("👩\u200d👩\u200d👧x", 2, ["👩\u200d👩\u200d👧", "x"]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
    ],
)
def test_where_rows_end(text: str, width: int, expected: list[str]) -> None:
    """Rows end at blanks, between characters of scripts without blanks, and never within a character."""
    assert [text[start:end] for start, end, _ in fold(text, width)] == expected


def test_spans_keep_their_looks_over_rows() -> None:
    """A span that is folded has its look and target in both rows; the lead is not part of the text."""
    spans = [Span("see "), Span("the long one", ("strong",), 3), Span(" end")]
    rows = folded(spans, 10, lead=[Span("- ")], follow=[Span("  ")])
    assert [row.text for row in rows] == ["- see the", "  long one", "  end"]
    assert [row.lead for row in rows] == [2, 2, 2]
    assert [(span.text, span.target) for row in rows for span in row.spans if span.look] == [
        ("the", 3),
        ("long one", 3),
    ]
    assert "".join(row.text[row.lead :] + row.joint for row in rows) == "see the long one end\n"


def test_spans_are_split_at_line_feeds() -> None:
    """Each line has its own spans, an empty one none."""
    lines = list(pieces_of([Span("a\nb", ("em",)), Span("c\n\n")]))
    assert [[span.text for span in line] for line in lines] == [["a"], ["b", "c"], [], []]
