"""The lines of a text: where they start, which are blank, and how a stretch of them is cut without syntax.

A line ends at a line feed alone, as git and tree-sitter count. Rows are 0-based here, lines 1-based.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

# Size of a piece that is cut out of something longer: about 40 lines, what a small embedding model still tells apart.
PART_CHARACTERS = 1500


class LineTable:
    """The rows of one text, with offsets in characters and in UTF-8 bytes."""

    def __init__(self, text: str, data: bytes) -> None:
        self.text = text
        self.rows = text.split("\n")
        self.chars = list(accumulate((len(row) + 1 for row in self.rows), initial=0))
        if len(text) == len(data):
            self.bytes = self.chars
        else:
            self.bytes = list(accumulate((len(row) + 1 for row in data.split(b"\n")), initial=0))

    def row_of(self, offset: int) -> int:
        """Give the row that holds a byte offset."""
        return bisect_right(self.bytes, offset) - 1

    def size(self, first: int, last: int) -> int:
        """Count the characters of the rows first..last."""
        return self.chars[last + 1] - self.chars[first]

    def slice(self, first: int, last: int) -> str:
        """Give the text of the rows first..last without the last line end."""
        return self.text[self.chars[first] : self.chars[last + 1] - 1]

    def blank(self, row: int) -> bool:
        """Say whether a row holds nothing but white space."""
        line = self.rows[row]
        return not line or line.isspace()

    def trim(self, first: int, last: int) -> tuple[int, int]:
        """Narrow first..last until neither end is blank; first is greater than last when all of it is blank."""
        while first <= last and self.blank(first):
            first += 1
        while last >= first and self.blank(last):
            last -= 1
        return first, last

    def indent(self, row: int) -> int:
        """Count the characters before the first that is no white space."""
        line = self.rows[row]
        return len(line) - len(line.lstrip())


def pack(table: LineTable, first: int, last: int, starts: Iterable[int]) -> list[tuple[int, int]]:
    """Cut first..last at some of the rows `starts` (ascending) into even stretches of about `PART_CHARACTERS`."""
    total = table.size(first, last)
    goal = total / max(1, round(total / PART_CHARACTERS))
    parts: list[tuple[int, int]] = []
    begin = first
    previous = first
    for row in starts:
        if not begin < row <= last:
            continue
        # Cut before the atom previous..row-1 when adding it would overshoot the goal by more than leaving it out.
        if previous > begin and table.size(begin, row - 1) - goal > goal - table.size(begin, previous - 1):
            parts.append((begin, previous - 1))
            begin = previous
        if table.size(begin, row - 1) >= goal:
            parts.append((begin, row - 1))
            begin = row
        previous = row
    parts.append((begin, last))
    return parts


def paragraph_starts(table: LineTable, first: int, last: int) -> list[int]:
    """Give the rows where first..last may be cut without syntax.

    That is after a blank row; inside a paragraph longer than a part, at any row.
    """
    return fill_gaps(table, [first], last)


def fill_gaps(table: LineTable, starts: Sequence[int], last: int) -> list[int]:
    """Add the rows where a stretch between two `starts` that is longer than a part may be cut.

    That is after blank rows; a paragraph that is still longer may be cut at any row.
    """
    filled: list[int] = []
    for start, following in zip(starts, [*starts[1:], last + 1], strict=True):
        if table.size(start, following - 1) <= PART_CHARACTERS:
            filled.append(start)
            continue
        paragraphs = [start]
        paragraphs += [row for row in range(start + 1, following) if table.blank(row - 1) and not table.blank(row)]
        for begin, end in zip(paragraphs, [*paragraphs[1:], following], strict=True):
            filled += range(begin, end) if table.size(begin, end - 1) > PART_CHARACTERS else (begin,)
    return filled
