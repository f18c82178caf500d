"""Colours of code in a patch, found a stretch at a time so that a long file does not hold up the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from localdev.core.change import DiffLine, Hunk
from localdev.source.languages import language_of
from localdev.tui.patch.lines import code_text
from localdev.tui.transcript.code import highlighted
from localdev.tui.transcript.rows import Span

# Lines that are lexed at once: some milliseconds.
STRETCH = 100

# A hunk by its identity: comparing two long ones takes longer than drawing the screen. Who is kept keeps its identity.
_Key = tuple[int, Literal["old", "new"]]


class _Lexed:
    """One side of a hunk, coloured so far as it was asked for."""

    def __init__(self, hunk: Hunk, side: Literal["old", "new"], path: str) -> None:
        self.hunk = hunk
        other = "added" if side == "old" else "removed"
        texts = [code_text(line) for line in hunk.lines if line.kind != other]
        self._left: Iterator[list[Span]] = iter(highlighted(texts, language_of(path)))
        self.lines: list[list[Span]] = []

    def further(self) -> None:
        """Colour the next stretch."""
        for _ in range(STRETCH):
            line = next(self._left, None)
            if line is None:
                return
            self.lines.append(line)


class Colours:
    """The colours of hunks. What is not known yet is asked for, and found by `further`."""

    def __init__(self) -> None:
        self._sides: dict[_Key, _Lexed] = {}
        self._wanted: dict[_Key, int] = {}

    def of(self, line: DiffLine, hunk: Hunk, path: str) -> list[Span] | None:
        """Give the coloured text of a line; None where it comes later."""
        side: Literal["old", "new"] = "old" if line.kind == "removed" else "new"
        key: _Key = (id(hunk), side)
        if key not in self._sides:
            self._sides[key] = _Lexed(hunk, side, path)
            self._sides[key].further()
        first = hunk.old_start + (hunk.old_count == 0) if side == "old" else hunk.new_start + (hunk.new_count == 0)
        place = (line.old_line if side == "old" else line.new_line) - first
        lines = self._sides[key].lines
        if place < len(lines):
            return lines[place]
        self._wanted[key] = max(place, self._wanted.get(key, 0))
        return None

    @property
    def waiting(self) -> bool:
        """Say whether something that was asked for is not there yet."""
        return bool(self._wanted)

    def further(self) -> None:
        """Colour one more stretch of what was asked for."""
        key, place = next(iter(self._wanted.items()))
        lexed = self._sides[key]
        before = len(lexed.lines)
        lexed.further()
        if len(lexed.lines) > place or len(lexed.lines) == before:
            del self._wanted[key]
