"""Fits a unit and what belongs to it into a model's window, and makes the prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localdev.assistant.review.surroundings import Count, Passage, around, callers_of
from localdev.assistant.review.units import Unit, changed_in, listing, span_of
from localdev.assistant.review.wording import plain
from localdev.core.change import DiffLine
from localdev.core.chat import Message
from localdev.core.code import Chunk
from localdev.core.search import Hit
from localdev.prompting.prompts import Prompt, render_prompt
from localdev.rules.changed import ReviewedChange

# A chat template adds a few marks to each message.
TEMPLATE_TOKENS = 32
# What the team asks for takes at most this part of the room: the code is what the review is about.
TEAM_SHARE = 5
# A finding is checked against so many lines before and behind its own.
_CHECKED_LINES = 12


@dataclass(frozen=True, slots=True)
class Filled:
    """The messages about a unit, the lines shown in them, all text they hold, and where it is from."""

    messages: tuple[Message, ...]
    rows: tuple[DiffLine, ...]
    hits: tuple[Hit, ...]

    @property
    def text(self) -> str:
        """All that is sent."""
        return "\n".join(message.content for message in self.messages)

    @property
    def lines(self) -> tuple[int, int]:
        """The first and the last line that is shown."""
        return span_of(self.rows)


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fills the prompt about a unit; `room` tokens are there for all that differs from unit to unit."""

    change: ReviewedChange
    prompt: Prompt
    count: Count
    room: int
    team: Sequence[Passage]

    def filled(self, unit: Unit) -> Filled | None:
        """Give the prompt about a unit; None where its own lines do not fit.

        They come first, then what the team asks for, who uses what is changed, and the definition around.
        """
        symbol = changed_in(unit)
        named = symbol.signature or symbol.qualified if symbol else ""
        own = self.count(listing(unit.rows))
        left = self.room - own - self.count(f"{unit.path} {named}")
        if left < 0:
            return None
        team, left = self._fitting(self.team, left)
        callers, left = self._fitting(callers_of(unit, self.change), left)
        rows = around(unit, room=own + left, count=self.count)
        values = {
            "team": "\n".join(each.text for each in team),
            "callers": "\n".join(each.text for each in callers),
            "path": plain(unit.path),
            "language": unit.file.language,
            "symbol": named,
            "code": listing(rows),
        }
        return Filled(render_prompt(self.prompt, values), rows, _hits(unit, rows, [*callers, *team]))

    def _fitting(self, passages: Sequence[Passage], left: int) -> tuple[list[Passage], int]:
        """Give the first passages that fit, and what is left then."""
        taken = []
        for each in passages:
            cost = self.count(each.text) + 1
            if cost > left:
                break
            taken.append(each)
            left -= cost
        return taken, left

    def checking(
        self, prompt: Prompt, unit: Unit, filled: Filled, *, line: DiffLine, problem: str
    ) -> tuple[Message, ...]:
        """Give the messages that ask whether a finding is real, with the lines around its own that fit."""
        at, wide = filled.rows.index(line), _CHECKED_LINES
        while wide and self.count(listing(filled.rows[max(0, at - wide) : at + wide + 1])) > self.room:
            wide //= 2
        values = {
            "path": plain(unit.path),
            "language": unit.file.language,
            "code": listing(filled.rows[max(0, at - wide) : at + wide + 1]),
            "line": line.new_line,
            "quote": " ".join(line.text.split()),
            "problem": problem,
        }
        return render_prompt(prompt, values)


def short_values() -> dict[str, str]:
    """Give values that leave all out of the review's prompt that differs from unit to unit, but for the headings."""
    return dict.fromkeys(("team", "callers", "path", "language", "symbol", "code"), "-")


def _hits(unit: Unit, rows: Sequence[DiffLine], passages: Sequence[Passage]) -> tuple[Hit, ...]:
    """Name all that is sent, for the journal."""
    first, last = span_of(rows)
    code = Chunk(unit.path, first, last, unit.file.language, "lines", listing(rows))
    chunks = [code, *(Chunk(each.path, each.first, each.last, "", "lines", each.text) for each in passages)]
    return tuple(Hit(rank, 0, chunk, 1.0) for rank, chunk in enumerate(chunks, 1))
