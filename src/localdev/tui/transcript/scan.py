"""Cuts an answer into pieces while it grows: pieces that are whole never change again, only the last one does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from localdev.tui.transcript.text import LONGEST_LINE

Kind = Literal["prose", "code", "table", "place"]

# Pieces are laid out one by one, so none may be large: rows of a table, lines and characters of prose (Markdown's own
# parser needs tenths of a second for 8,000 characters at their worst) and of code (a lexer takes some 0.1 ms a line).
_ROWS = 60
_LINES = 60
_CHARACTERS = 4000
_CODE_LINES = 60
_MOST_CODE = 10_000
# Inside a list that has grown long a new item begins a piece; further lines of one item may do so only here.
_MOST_LINES = 400
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^\s`]*)([^`]*)$")
_INNER_FENCE = re.compile(r"[ >\t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})[^`]*$")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(slots=True)
class Piece:
    """Neighbouring lines of an answer of one kind.

    `code`: the lines between fences, `language` as named; `first` and `last` say that the block begins and ends here,
    not in the piece before or behind. `table`: its rows; `header` are its first two lines, and its columns are measured
    on the rows of `sample`. `place`: lines about one place of the repository. `gap`: a blank row stands before it.
    `whole`: nothing will be added any more.
    """

    kind: Kind
    lines: list[str] = field(default_factory=list)
    gap: bool = True
    first: bool = True
    last: bool = True
    language: str = ""
    header: tuple[str, str] = ("", "")
    sample: list[str] = field(default_factory=list)
    whole: bool = False


class Scanner:
    """Takes an answer line by line; `pieces` are what has come of it.

    `places` tells that it is no Markdown: without a model an answer is the places themselves, parted by blank lines.
    """

    def __init__(self, *, places: bool = False) -> None:
        self.pieces: list[Piece] = []
        self._places = places
        self._fence = ""
        self._indent = 0
        self._inner = ""
        self._blank = False
        self._size = 0

    def feed(self, line: str) -> None:
        """Take the next whole line, without its end."""
        if self._places:
            self._place_line(line)
        elif self._fence:
            self._code_line(line)
        elif self._inner or not self._is_table(line):
            self._prose_line(line)

    def finish(self) -> None:
        """Say that nothing comes any more."""
        if self.pieces:
            self.pieces[-1].whole = True

    def copy(self) -> Scanner:
        """Give a scanner that goes on from here without touching this one; only the last piece is a copy."""
        other = Scanner(places=self._places)
        other.pieces = list(self.pieces)
        if self.pieces and not self.pieces[-1].whole:
            last = replace(self.pieces[-1], lines=list(self.pieces[-1].lines))
            if self.pieces[-1].sample is self.pieces[-1].lines:
                last.sample = last.lines
            other.pieces[-1] = last
        other._fence, other._indent, other._inner = self._fence, self._indent, self._inner
        other._blank, other._size = self._blank, self._size
        return other

    def _start(self, piece: Piece) -> Piece:
        """Begin a piece; the one before is whole."""
        self.finish()
        self.pieces.append(piece)
        self._blank, self._size, self._inner = False, 0, ""
        return piece

    def _place_line(self, line: str) -> None:
        """Take a line about a place."""
        piece = self.pieces[-1] if self.pieces else None
        if not line.strip():
            self._blank = True
        elif piece is None or self._blank or len(piece.lines) >= _ROWS:
            self._start(Piece("place", [line], gap=piece is None or self._blank))
        else:
            piece.lines.append(line)

    def _code_line(self, line: str) -> None:
        """Take a line of a fenced block, or the fence that closes it."""
        bare = line.strip()
        if bare.startswith(self._fence) and not bare.strip(self._fence[0]):
            self._fence = ""
            self.finish()
            return
        piece = self.pieces[-1]
        self._size += min(len(line), LONGEST_LINE)
        if self._is_long(len(piece.lines), line):
            piece.last = False
            piece = self._start(Piece("code", gap=False, first=False, language=piece.language))
        piece.lines.append(line[min(self._indent, len(line) - len(line.lstrip(" "))) :])

    def _is_long(self, lines: int, line: str) -> bool:
        """Tell whether this line begins another piece of code: a line without indent, where a lexer finds its way."""
        return self._size > _MOST_CODE or lines >= 2 * _CODE_LINES or (lines >= _CODE_LINES and line[:1].strip() != "")

    def _is_table(self, line: str) -> bool:
        """Take a line of a table, or the one that makes a table of the line before."""
        piece = self.pieces[-1] if self.pieces else None
        if piece is None or piece.whole or "|" not in line:
            return False
        if piece.kind == "table":
            if len(piece.lines) >= _ROWS:
                piece = self._start(Piece("table", gap=False, first=False, header=piece.header, sample=piece.sample))
            piece.lines.append(line)
            return True
        above = piece.lines[-1] if piece.lines and not self._blank else ""
        if "|" not in above or above.startswith("    ") or not _DELIMITER.match(line) or _count(above) != _count(line):
            return False
        piece.lines.pop()
        gap = piece.gap
        if not piece.lines:
            self.pieces.pop()
        rows: list[str] = []
        self._start(Piece("table", rows, gap if not piece.lines else True, header=(above, line), sample=rows))
        return True

    def _prose_line(self, line: str) -> None:
        """Take a line of anything else: paragraphs, headings, lists, quotes."""
        piece = self.pieces[-1] if self.pieces and not self.pieces[-1].whole else None
        if piece is not None and piece.kind != "prose":
            self.finish()
            piece = None
        if piece is not None and self._inner and len(piece.lines) < _MOST_LINES:
            self._inner_line(piece, line)
            return
        within = piece is not None and _ITEM.match(piece.lines[0]) is not None and line.startswith(("  ", "\t"))
        fence = None if within else _FENCE.match(line)
        if fence:
            self._fence, self._indent = fence[2], len(fence[1])
            self._start(Piece("code", language=fence[3]))
        elif line.strip():
            self._text_line(piece, line, within=within)
        elif piece is not None:
            self._blank = True
            piece.lines.append("")

    def _inner_line(self, piece: Piece, line: str) -> None:
        """Take a line of fenced code within a list or a quote."""
        bare = line.strip(" >\t")
        if bare.startswith(self._inner) and not bare.strip(self._inner[0]):
            self._inner = ""
        self._add(piece, line)

    def _text_line(self, piece: Piece | None, line: str, *, within: bool) -> None:
        """Take a line with text; `within` tells that it belongs to the item of a list above it."""
        if piece is None or (self._blank and not within):
            piece = self._start(Piece("prose"))
        elif self._is_full(piece, line):
            piece = self._start(Piece("prose", gap=False))
        self._blank = False
        inner = _INNER_FENCE.match(line)
        self._inner = inner[1] if inner else ""
        self._add(piece, line)

    def _add(self, piece: Piece, line: str) -> None:
        """Put a line into a piece."""
        piece.lines.append(line)
        self._size += min(len(line), LONGEST_LINE)

    def _is_full(self, piece: Piece, line: str) -> bool:
        """Tell whether the piece has grown so large that this line begins another."""
        if self._size > _CHARACTERS or len(piece.lines) >= _MOST_LINES:
            return True
        in_list = _ITEM.match(piece.lines[0]) is not None
        return len(piece.lines) >= _LINES and (not in_list or (_ITEM.match(line) is not None and line[0] != " "))


def _count(row: str) -> int:
    """Count the cells of a table's row."""
    return len(cells(row))


def cells(row: str) -> list[str]:
    r"""Split a table's row into its cells; `\|` is no end of one."""
    bare = row.strip()
    bare = bare[1:] if bare.startswith("|") else bare
    if bare.endswith("|") and not bare.endswith("\\|"):
        bare = bare[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(bare)]
