"""Rows of text with looks, folded to a width; what the transcript is painted from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

# Names of looks, from the outermost inwards; a theme makes colours of them when the row is painted.
Look = tuple[str, ...]
NO_LOOK: Look = ()

_WIDE = (
    "\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
# Where a row may end: at blanks, and behind each character of a script that is written without them, closing marks
# included, which must not begin a row.
_CLOSING = "\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1a\uff1b\uff09\u300d\u300f\u3011\u300b\u2026"
_WORD = re.compile(rf"[ ]+|[{_WIDE}][\u0300-\u036f\u3099\u309a\ufe0f]*[{_CLOSING}]*|[^ {_WIDE}]+")


class Span(NamedTuple):
    """Text with a look; `target` is the number of the source it names, 0 for none."""

    text: str
    look: Look = NO_LOOK
    target: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row on the screen.

    The first `lead` characters are decoration and never copied. `joint` is what stands between this row's text and
    the next one's in what they were folded from. `fill` is the look of the rest of the row's width; `end` stands at
    the right edge where there is room, and is not copied either. `between` rows separate turns and belong to none.
    """

    spans: tuple[Span, ...]
    lead: int = 0
    joint: str = "\n"
    fill: Look = NO_LOOK
    end: str = ""
    between: bool = False

    @property
    def text(self) -> str:
        """The row's text with its lead."""
        return "".join(span.text for span in self.spans)


def fold(text: str, width: int) -> list[tuple[int, int, str]]:
    """Fold a line to `width` cells: (start, end, joint) of every row, with the blanks that fall away as the joint."""
    if len(text) <= width and text.isascii():
        return [(0, len(text), "\n")]
    rows: list[tuple[int, int, str]] = []
    start = end = used = 0
    for word in _WORD.finditer(text):
        size = _cells(word[0])
        if used + size <= width:
            used, end = used + size, word.end()
            continue
        if word[0][0] == " ":
            rows.append((start, word.start(), word[0]))
            start, end, used = word.end(), word.end(), 0
            continue
        if word.start() > start:
            kept = len(text[start : word.start()].rstrip(" "))
            if kept:
                rows.append((start, start + kept, text[start + kept : word.start()]))
                start, used = word.start(), 0
        start, used = _chop(text, start, word.end(), width, rows)
        end = word.end()
    if end > start or not rows:
        rows.append((start, end, "\n"))
    last = rows[-1]
    rows[-1] = (last[0], last[1], "\n")
    return rows


def _chop(text: str, start: int, end: int, width: int, rows: list[tuple[int, int, str]]) -> tuple[int, int]:
    """Cut a word that no row holds between its characters; give where the last row begins and what it has."""
    word = text[start:end]
    size = _cells(word)
    if size <= width:
        return start, size
    if word.isascii():
        while end - start > width:
            rows.append((start, start + width, ""))
            start += width
        return start, end - start
    at, used = start, 0
    for first, _last, cells in split_graphemes(word)[0]:
        if used + cells > width and used:
            rows.append((at, start + first, ""))
            at, used = start + first, 0
        used += cells
    return at, used


def _cells(text: str) -> int:
    """Count the cells of a text; most is plain ASCII, which is quick."""
    return len(text) if text.isascii() else cell_len(text)


def cut(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """Give the characters from `start` to `end` of a run of spans."""
    at = 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, len(span.text))
        if first < last:
            yield span if last - first == len(span.text) else span._replace(text=span.text[first:last])
        at += len(span.text)
        if at >= end:
            return


def folded(
    spans: Sequence[Span],
    width: int,
    *,
    lead: Sequence[Span] = (),
    follow: Sequence[Span] | None = None,
    fill: Look = (),
) -> list[Row]:
    """Fold spans to `width` cells, the lead included; `follow` leads the rows after the first."""
    follow = lead if follow is None else follow
    room = max(width - max(cells_of(lead), cells_of(follow)), 1)
    text = "".join(span.text for span in spans)
    rows: list[Row] = []
    for start, end, joint in fold(text, room):
        before = follow if rows else lead
        whole = start == 0 and end == len(text)
        inner = tuple(spans) if whole else tuple(cut(spans, start, end))
        rows.append(Row((*before, *inner), sum(len(span.text) for span in before), joint, fill))
    return rows


def cells_of(spans: Iterable[Span]) -> int:
    """Count the cells of spans."""
    return sum(_cells(span.text) for span in spans)


def pieces_of(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Split spans at the line feeds in their text."""
    line: list[Span] = []
    for span in spans:
        first, *others = span.text.split("\n")
        if first:
            line.append(span._replace(text=first))
        for part in others:
            yield line
            line = [span._replace(text=part)] if part else []
    yield line
