"""What of the transcript is selected, as plain text. Offsets are (character in the row, key of the row)."""

from __future__ import annotations

import re

from textual.geometry import Offset
from textual.selection import Selection

from localdev.tui.transcript.history import History
from localdev.tui.transcript.palette import Palette

_WORD = re.compile(r"[\w.$@/-]*\w[\w$]*|\S")


def selected_text(history: History, selection: Selection) -> str:
    """Give the selected text as it is shown: without gutter and bars, folded lines in one."""
    start, end = selection
    first = None if start is None else start.y
    last = None if end is None else end.y
    parts: list[str] = []
    joint = ""
    for key, row in history.rows_between(first, last):
        text = row.text
        begin = max(start.x - Palette.GUTTER if start is not None and key == first else 0, row.lead)
        until = end.x - Palette.GUTTER if end is not None and key == last else len(text)
        parts += (joint, text[begin : max(until, begin)].rstrip(" ") if row.joint == "\n" else text[begin:until])
        joint = row.joint
    return "".join(parts)


def word_at(history: History, x: int, key: int, *, whole_turn: bool) -> Selection | None:
    """Select the word at a character of a row, or the whole turn the row belongs to."""
    if whole_turn:
        keys = history.keys_of(key)
        return None if keys is None else Selection(Offset(0, keys[0]), Offset(1 << 20, keys[1]))
    for _, row in history.rows_between(key, key):
        for word in _WORD.finditer(row.text):
            if word.start() <= x - Palette.GUTTER < word.end():
                return Selection(Offset(word.start() + Palette.GUTTER, key), Offset(word.end() + Palette.GUTTER, key))
    return None
