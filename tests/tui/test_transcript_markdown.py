"""Markdown as rows: what each kind of block looks like, and that text of any kind is laid out within the width."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from localdev.core.talk import Turn
from localdev.tui.transcript.blocks import TurnBlocks
from localdev.tui.transcript.code import code_rows, highlighted
from localdev.tui.transcript.inline import inline
from localdev.tui.transcript.places import place_rows
from localdev.tui.transcript.prose import prose_rows
from localdev.tui.transcript.rows import Row, Span
from localdev.tui.transcript.scan import Scanner
from localdev.tui.transcript.tables import table_piece_rows


def texts(rows: list[Row]) -> list[str]:
    """Give the rows as text."""
    return [row.text.rstrip() for row in rows]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# Title", ["Title"]),
        ("one\ntwo", ["one", "two"]),
        ("- a\n- b\n  - c\n    more\n- d", ["• a", "• b", "  ◦ c", "    more", "• d"]),
        ("3. c\n4. d", ["3. c", "4. d"]),
        ("9. i\n10. j\n    more", ["9. i", "10. j", "    more"]),
        ("- a\n\n  b\n- c", ["• a", "", "  b", "", "• c"]),
        ("> a\n> > b", ["▎ a", "▎", "▎ ▎ b"]),
        ("> - a\n>   b", ["▎ • a", "▎   b"]),
        ("- ", ["•"]),
        ("---", ["─" * 20]),
        ("&lt;b&gt; <i>x</i> &#27;[1m", ["<b> <i>x</i> \ufffd[1m"]),
        ("<div>\nx", ["<div>", "x"]),
        ("[1]: http://x", ["[1]: http://x"]),
        ("[text](http://a)", ["text (http://a)"]),
        ("![alt](b.png)", ["[image: alt] (b.png)"]),
        ("- long words that fold", ["• long words that", "  fold"]),
        ("    code", ["", " code", ""]),
        ("- | a | b |\n  |---|---|\n  | 1 | 2 |", ["• a │ b", "  ──┼──", "  1 │ 2"]),
        ("**never closed", ["**never closed"]),
        ("`never closed", ["`never closed"]),
    ],
)
def test_blocks(source: str, expected: list[str]) -> None:
    """Every block has its shape; what is no Markdown is text."""
    assert texts(prose_rows(source.split("\n"), 20)) == expected


def test_the_name_of_a_language_is_harmless() -> None:
    """What stands behind a fence is anything at all, and is shown at the right edge."""
    rows = code_rows(["x"], "\x1b[2J\u202e", 40)
    assert rows[0].end == "\\x1b[2J\\u202e "


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("see [1].", [("[1]", 1)]),
        ("[1, 3]", [("[1", 1), (", 3]", 3)]),
        ("[2-4]", [("[2", 2), ("-4]", 4)]),
        ("`items[0]` and **bold [2]**", [("[2]", 2)]),
        ("[12345] [x]", []),
    ],
)
def test_citations_name_their_sources(source: str, targets: list[tuple[str, int]]) -> None:
    """Numbers in brackets can be clicked; those within code are code."""
    spans = inline(source)
    assert [(span.text, span.target) for span in spans if span.target] == targets
    assert all("cite" in span.look for span in spans if span.target)


def test_unverified_names_look_different() -> None:
    """A name nobody knows is marked wherever it stands, and so are the words behind it."""
    spans = inline("`load` and `store.save()` (unverified), `save`", (), ("store.save", "save"))
    assert [(span.text, span.look) for span in spans if span.look] == [
        ("load", ("code",)),
        ("store.save()", ("unverified",)),
        (" (unverified)", ("unverified",)),
        ("save", ("unverified",)),
    ]


def test_code_has_its_language_and_looks() -> None:
    """The language stands at the right of the first row; keywords, strings and comments are told apart."""
    rows = code_rows(["def f():  # why", '    return "x"'], "python", 40)
    assert texts(rows) == ["", " def f():  # why", '     return "x"', ""]
    assert rows[0].end.strip() == "python"
    assert all(row.fill == ("block",) for row in rows)
    looks = {span.text: span.look[-1] for row in rows for span in row.spans}
    assert (looks["def"], looks["f"], looks["# why"]) == ("keyword", "function", "comment")
    assert "".join(row.text[row.lead :] + row.joint for row in rows[1:3]) == 'def f():  # why\n    return "x"\n'


@pytest.mark.parametrize("language", ["python", "", "no-such-language", "\x1b[31m", "go", "golang", "text", "{.rust}"])
def test_highlighting_keeps_every_line(language: str) -> None:
    """Whatever the language, the lines come out as they went in, empty ones at both ends too."""
    lines = ["", "a = 'open", "", "\\", "end", ""]
    assert ["".join(span.text for span in spans) for spans in highlighted(lines, language)] == lines


def table(source: str, width: int) -> list[str]:
    """Lay out a table."""
    scanner = Scanner()
    for line in source.split("\n"):
        scanner.feed(line)
    return texts(table_piece_rows(scanner.pieces[0], width))


def test_tables() -> None:
    """Columns are as wide as their cells and aligned as asked; long cells are folded; missing ones are empty."""
    source = "| a | b | n |\n|---|:-:|--:|\n| one | x | 10 |\n| two words | yy |"
    assert table(source, 40) == [
        "a         │ b  │  n",
        "──────────┼────┼───",
        "one       │ x  │ 10",
        "two words │ yy │",
    ]
    assert table(source, 15)[2:] == ["one   │ x  │ 10", "two   │ yy │", "words │    │"]


def test_a_table_too_wide_for_the_screen_becomes_lines() -> None:
    """With no room for the columns each cell stands on a line behind its column's name."""
    assert table("| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |", 8) == ["a: 1", "b: 2", "c: 3", ""]


PLACES = """[1] src/shop/__init__.py:4-18  Cart.total, ...
    def total(self) -> float
    The sum of all lines.
     9 | def total(self):
    10 |     return sum(line * 2 for line in self.lines) | 0
    used by: shop/order.py:12 (Order.pay), shop/till.py:3

[2] docs/a b.md:1-3
    1 | # Title"""


def test_places_are_shown_as_they_are() -> None:
    """An answer without a model is no Markdown: names with underscores stay whole, code has its numbers."""
    rows = place_rows(PLACES.split("\n\n")[0].split("\n"), 60)
    assert texts(rows) == [
        "[1] src/shop/__init__.py:4-18  Cart.total, ...",
        "  def total(self) -> float",
        "  The sum of all lines.",
        "  9  def total(self):",
        " 10      return sum(line * 2 for line in self.lines) | 0",
        "  used by: shop/order.py:12 (Order.pay), shop/till.py:3",
    ]
    assert (rows[0].spans[0].text, rows[0].spans[0].target) == ("[1]", 1)
    assert "keyword" in next(span for span in rows[3].spans if span.text == "def").look
    assert rows[4].text[rows[4].lead :].startswith("    return")


HOSTILE = {
    "long line": "x" * 1_000_000,
    "long words": "word " * 100_000,
    "quotes": ">" * 10_000 + " deep",
    "quotes with blanks": "> " * 10_000 + "deep",
    "deep lists": "\n".join("  " * depth + f"- item {depth}" for depth in range(200)),
    "brackets": "[a](b" * 2_000,
    "stars": "*a _b " * 2_000,
    "ticks": "`" * 50_000,
    "families": "👩‍👩‍👧‍👦 👍🏽 🇩🇪 " * 100,
    "marks": "e" + "\u0301" * 5_000,
    "wide": "日本語のテキスト、長い文章です。" * 50,
    "right to left": "مرحبا بالعالم שלום עולם " * 50,
    "controls": "\x1b[31m \x1b]0;t\x07 \x00 \x9b1m \t a\rb \ud800 \u202e &#27;",
    "columns": "|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n|" + "1|" * 500,
    "long cell": "| a | b |\n|---|---|\n| " + "x" * 50_000 + " | y |",
    "open fence": "```\x1b[31m\n\x1b[0m x = 1;\n" + "y" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("width", [17, 57, 117])
@pytest.mark.parametrize("model", ["m", ""])
def test_anything_is_laid_out_within_the_width(name: str, width: int, model: str) -> None:
    """No row is wider than the screen or holds what a terminal obeys, and there are never absurdly many."""
    blocks = TurnBlocks(Turn(1, "question", HOSTILE[name], HOSTILE[name], "done", model=model, error="\x1b"), None)
    blocks.set_width(width)
    rows = [row for block in blocks.blocks() for row in block.lay_out(width)]
    assert len(rows) < 12_000
    for row in rows:
        assert cell_len(row.text) <= width, row.text
        assert not any(ord(mark) < 32 or 0x7F <= ord(mark) < 0xA0 or 0xD800 <= ord(mark) < 0xE000 for mark in row.text)


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("ab #>-*`|[]1.\n\n \t~_😀日"), max_size=200), st.integers(12, 60))
def test_any_text_is_laid_out(text: str, width: int) -> None:
    """Broken Markdown is laid out too: every letter that was written is on the screen."""
    blocks = TurnBlocks(Turn(1, "question", "q", text, "done", model="m"), None)
    blocks.set_width(width)
    rows = [row for block in blocks.blocks()[1:] for row in block.lay_out(width)]
    assert all(cell_len(row.text) <= width for row in rows)
    shown = "".join(row.text + row.end for row in rows)
    assert sorted(mark for mark in text if mark in "日😀") == sorted(mark for mark in shown if mark in "日😀")


def test_spans_are_plain_values() -> None:
    """Rows compare by what they show, which painting relies on."""
    assert Row((Span("a"),)) == Row((Span("a"),)) != Row((Span("b"),))
