"""Cutting an answer into pieces: by kind, bounded in size, and the same however the text arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.tui.transcript.scan import Piece, Scanner, cells

LINES = st.lists(
    st.sampled_from(
        [
            "",
            "text",
            "- item",
            "  more",
            "1. one",
            "```python",
            "```",
            "~~~",
            "> q",
            "| a | b |",
            "|---|---|",
            "# h",
            "   ```",
            "    x",
        ]
    ),
    max_size=30,
)


def scan(text: str) -> list[Piece]:
    """Cut a whole text."""
    scanner = Scanner()
    for line in text.split("\n"):
        scanner.feed(line)
    scanner.finish()
    return scanner.pieces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a\nb", [("prose", "a b")]),
        ("a\n\nb", [("prose", "a "), ("prose", "b")]),
        ("a\n```py\nx\n\ny\n```\nb", [("prose", "a"), ("code", "x  y"), ("prose", "b")]),
        ("```\nnever closed", [("code", "never closed")]),
        ("~~~\n```\n~~~", [("code", "```")]),
        ("````\n```\n````", [("code", "```")]),
        ("```a`b\nx", [("prose", "```a`b x")]),
        ("- a\n\n  more\n- b", [("prose", "- a    more - b")]),
        ("- a\n\n- b", [("prose", "- a "), ("prose", "- b")]),
        ("- a\n  ```\n\n  x\n  ```\n- b", [("prose", "- a   ```    x   ``` - b")]),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nafter", [("table", "| 1 | 2 |"), ("prose", "after")]),
        ("text\n| a | b |\n|---|---|", [("prose", "text"), ("table", "")]),
        ("a | b\n--- | ---\n1 | 2", [("table", "1 | 2")]),
        ("| a | b |\n|---|", [("prose", "| a | b | |---|")]),
        ("| a |\n\n|---|", [("prose", "| a | "), ("prose", "|---|")]),
    ],
)
def test_kinds_of_pieces(text: str, expected: list[tuple[str, str]]) -> None:
    """Code and tables stand alone; what belongs to the item of a list stays with it."""
    assert [(piece.kind, " ".join(piece.lines)) for piece in scan(text)] == expected


@given(LINES)
def test_no_line_is_lost(lines: list[str]) -> None:
    """Every line with text is in a piece, or is a fence or the head of a table."""
    pieces = scan("\n".join(lines))
    kept = sum(1 for piece in pieces for line in piece.lines if line.strip())
    kept += 2 * sum(1 for piece in pieces if piece.kind == "table" and piece.first)
    fences = sum(1 for line in lines if line.strip()[:3] in ("```", "~~~"))
    written = sum(1 for line in lines if line.strip())
    assert written - fences <= kept <= written


@given(LINES)
def test_pieces_that_are_whole_never_change(lines: list[str]) -> None:
    """While text arrives, what was shown as whole stays the same piece, and looking ahead changes nothing."""
    scanner = Scanner()
    whole: list[tuple[Piece, list[str]]] = []
    for line in lines:
        ahead = scanner.copy()
        ahead.feed("| x | y |")
        ahead.feed("|---|---|")
        scanner.feed(line)
        for (piece, before), now in zip(whole, scanner.pieces, strict=False):
            assert piece is now
            assert before == now.lines
        whole = [(piece, list(piece.lines)) for piece in scanner.pieces if piece.whole]
    scanner.finish()
    assert [(piece.kind, piece.lines) for piece in scanner.pieces] == [
        (piece.kind, piece.lines) for piece in scan("\n".join(lines)) if lines
    ]


@pytest.mark.parametrize(
    "text",
    [
        "```python\n" + "x = 1\n" * 20_000,
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 5_000,
        "- item\n" * 5_000,
        "words\n" * 5_000,
        "> quote\n" * 5_000,
        "x" * 3_000 + "\n" + "y" * 3_000 + "\n" + "z" * 3_000,
    ],
)
def test_pieces_stay_small(text: str) -> None:
    """However long a block is, what is laid out at once is not."""
    pieces = scan(text)
    assert max(len(piece.lines) for piece in pieces) <= 201
    assert max(sum(map(len, piece.lines)) for piece in pieces) <= 14_000
    assert [piece.first for piece in pieces].count(True) == (1 if pieces[0].kind != "prose" else len(pieces))
    assert not any(piece.gap for piece in pieces[1:])


def test_cells_of_a_row() -> None:
    r"""A row is split at its bars; `\|` is none."""
    assert cells(r"| a | b \| c |  |") == ["a", "b | c", ""]
    assert cells("a|b") == ["a", "b"]
