"""Decides how much of each earlier turn stands in the next prompt, by rule and without looking at what they say.

A prompt that only grows is evaluated from where the last one ended. When the window is full, turns give way in one go
down to half the room, so that the next prompts only grow again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localdev.core.events import HistoryForm

# So much of the room is left to history once something had to give way; the rest is for the turns to come.
_KEPT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """The tokens of one turn as a prompt holds it: `whole` as it was sent, `short` question and answer alone."""

    whole: int
    short: int

    def of(self, form: HistoryForm) -> int:
        """Give the tokens in one form."""
        return {"whole": self.whole, "short": self.short, "out": 0}[form]


def compact(forms: Sequence[HistoryForm], sizes: Sequence[Size], room: int) -> tuple[HistoryForm, ...]:
    """Give the forms in which the turns, oldest first, take at most `room` tokens; unchanged where they do already.

    The oldest give way first: their passages, then they themselves, until half the room is free. What the last turn
    was about is asked about next, so it gives way only where it alone would not fit. No form ever grows back.
    """
    kept = list(forms)

    def used() -> int:
        return sum(size.of(form) for size, form in zip(sizes, kept, strict=True))

    if used() <= room:
        return tuple(kept)
    last = max((at for at, form in enumerate(kept) if form != "out"), default=-1)
    older: list[tuple[int, HistoryForm]] = [(at, form) for form in _SMALLER for at in range(last)]
    for at, form in older:
        if used() <= room * _KEPT_SHARE:
            return tuple(kept)
        kept[at] = smaller(kept[at], form)
    for form in _SMALLER:
        if used() > room and last >= 0:
            kept[last] = smaller(kept[last], form)
    return tuple(kept)


_SMALLER: tuple[HistoryForm, ...] = ("short", "out")
_ORDER: tuple[HistoryForm, ...] = ("whole", "short", "out")


def smaller(one: HistoryForm, other: HistoryForm) -> HistoryForm:
    """Give the form that holds less of a turn."""
    return max(one, other, key=_ORDER.index)
