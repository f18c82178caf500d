"""Paragraphs, headings, lists and quotes as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localdev.tui.transcript.code import code_rows
from localdev.tui.transcript.inline import parser, spans_of
from localdev.tui.transcript.rows import NO_LOOK, Look, Row, Span, folded, pieces_of
from localdev.tui.transcript.tables import Cells, table_rows
from localdev.tui.transcript.text import LONGEST_LINE, shown

if TYPE_CHECKING:
    from markdown_it.token import Token

# Text is never squeezed below so many cells by what it is nested in.
_LEAST = 16
_BULLETS = ("•", "◦", "▪")
# Nested deeper than this the parser leaves text out; such lines are shown as they were written.
_DEEPEST = 18


def prose_rows(lines: Sequence[str], width: int, unverified: Collection[str] = ()) -> list[Row]:
    """Lay out lines of Markdown that hold no top-level code or table."""
    text = "\n".join(cut_lines(lines))
    tokens = parser().parse(text)
    if any(token.level >= _DEEPEST for token in tokens):
        return plain_rows(lines, width)
    layout = _Layout(width, unverified)
    layout.blocks(tokens)
    return layout.rows


def plain_rows(lines: Sequence[str], width: int, look: Look = NO_LOOK) -> list[Row]:
    """Lay out lines exactly as they are."""
    return [row for line in lines for row in folded([Span(shown(line), look)], width)]


def cut_lines(lines: Sequence[str]) -> list[str]:
    """Cut lines that are absurdly long; what is harmful in them is made harmless when they are text."""
    return [shown(line) if len(line) > LONGEST_LINE else line for line in lines]


@dataclass(slots=True)
class _Level:
    """One list or quote: what leads its rows, what leads the next one alone, and the number of the next item."""

    follow: Span
    bullet: Span | None = None
    number: int = 0
    ordered: bool = False


class _Layout:
    """Walks through the tokens of a text and collects its rows."""

    def __init__(self, width: int, unverified: Collection[str]) -> None:
        self.rows: list[Row] = []
        self._width = width
        self._unverified = unverified
        self._levels: list[_Level] = []
        self._look: Look = NO_LOOK
        self._table: Cells = []
        self._tight: list[bool] = []
        self._gap = False

    def blocks(self, tokens: Sequence[Token]) -> None:
        """Take all tokens of a text."""
        for index, token in enumerate(tokens):
            name = token.type
            if name == "inline":
                self._text(token, tokens[index - 1])
            elif name in ("fence", "code_block"):
                self._space()
                self._put_code(token)
            elif name == "hr":
                self._space()
                self._put([Row((Span("─" * self._room(), ("muted",)),))])
            elif name == "heading_open":
                self._look = ("heading", f"heading{token.tag[1:]}")
            elif name in ("table_open", "tr_open", "table_close"):
                self._cell(token)
            else:
                self._nest(token)

    def _nest(self, token: Token) -> None:
        """Enter or leave a list, an item, a quote or a paragraph."""
        kind, _, end = token.type.rpartition("_")
        if end == "open":
            self._enter(kind, token)
        elif end == "close":
            self._leave(kind, token)

    def _enter(self, kind: str, token: Token) -> None:
        """Begin a block."""
        if kind == "blockquote":
            self._space()
            self._levels.append(_Level(Span("▎ ", ("quote-mark",))))
        elif kind in ("bullet_list", "ordered_list"):
            self._gap = self._gap and not self._tight
            start = int(token.attrs.get("start", 1) or 0)
            self._levels.append(_Level(Span(""), None, start, kind == "ordered_list"))
            self._tight.append(False)
        elif kind == "list_item":
            self._item()
        elif kind == "paragraph":
            self._tight[-1:] = [token.hidden] if self._tight else []
            if not token.hidden:
                self._space()

    def _leave(self, kind: str, token: Token) -> None:
        """End a block."""
        if kind in ("bullet_list", "ordered_list"):
            self._levels.pop()
            self._tight.pop()
            self._gap = not self._tight or not self._tight[-1]
        elif kind == "blockquote":
            self._levels.pop()
            self._gap = True
        elif kind == "list_item" and self._levels[-1].bullet is not None:  # there was nothing in the item
            self.rows += _with_bullets([Row(tuple(self._leads()))])
        elif kind in ("heading", "paragraph"):
            self._look = NO_LOOK
            self._gap = not token.hidden

    def _item(self) -> None:
        """Begin an item with its bullet or number."""
        level = self._levels[-1]
        depth = sum(1 for each in self._levels if not each.follow.look) - 1
        mark = f"{level.number}. " if level.ordered else f"{_BULLETS[min(depth, len(_BULLETS) - 1)]} "
        level.number += 1
        level.bullet = Span(mark, ("bullet",))
        level.follow = Span(" " * len(mark))

    def _space(self) -> None:
        """Put a blank row before a block that follows another one."""
        if self._gap and self.rows:
            self.rows.append(Row(tuple(self._leads(keep=True)), 0))
        self._gap = False

    def _room(self) -> int:
        """Count the cells that nesting leaves for text."""
        return max(self._width - sum(len(level.follow.text) for level in self._levels), _LEAST)

    def _leads(self, *, keep: bool = False) -> list[Span]:
        """Give what leads the next row; bullets are given once, unless they are to be kept for the row behind."""
        spans: list[Span] = []
        used = 0
        for level in self._levels:
            span = level.bullet if level.bullet is not None and not keep else level.follow
            if not keep:
                level.bullet = None
            used += len(level.follow.text)
            if used <= self._width - _LEAST:
                spans.append(span)
        return spans

    def _text(self, token: Token, opener: Token) -> None:
        """Lay out a paragraph, a heading or the text of a cell."""
        if opener.type in ("th_open", "td_open"):
            self._table[-1].append(spans_of(token.children or (), NO_LOOK, self._unverified))
            return
        if self._look:
            self._space()
        quoted = any(level.follow.look for level in self._levels)
        look = (*(("quote",) if quoted else ()), *self._look)
        rows: list[Row] = []
        for line in pieces_of(spans_of(token.children or (), look, self._unverified)):
            first = self._leads()
            rows += folded(line, self._width, lead=first, follow=self._leads())
        self.rows.extend(_with_bullets(rows))
        self._gap = not getattr(opener, "hidden", False)

    def _put_code(self, token: Token) -> None:
        """Lay out code within a list or a quote."""
        language = token.info.split()[0] if token.info.split() else ""
        self._put(code_rows(token.content.rstrip("\n").split("\n"), language, self._room()))
        self._gap = True

    def _put(self, rows: Sequence[Row]) -> None:
        """Put rows that are laid out already behind what leads them here."""
        for row in rows:
            lead = self._leads()
            before = sum(len(span.text) for span in lead)
            self.rows.append(replace(row, spans=(*lead, *row.spans), lead=row.lead + before))
        self._gap = True

    def _cell(self, token: Token) -> None:
        """Collect the cells of a table within a list or a quote, and lay them out at its end."""
        if token.type == "table_open":
            self._table = []
        elif token.type == "tr_open":
            self._table.append([])
        elif token.type == "table_close":
            self._space()
            self._put(table_rows(self._table[0], self._table[1:], self._room()))


def _with_bullets(rows: list[Row]) -> list[Row]:
    """Let bullets and numbers be copied: they are part of the text, unlike bars and blanks."""
    for index, row in enumerate(rows):
        marks = [at for at, span in enumerate(row.spans) if span.look == ("bullet",)]
        if marks and row.lead:
            rows[index] = replace(row, lead=sum(len(span.text) for span in row.spans[: marks[0]]))
    return rows
