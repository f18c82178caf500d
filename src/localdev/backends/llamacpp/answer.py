"""One answer in the making: tokens drawn, put together to text, and handed out piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.logprobs import LogprobTrail
from localdev.backends.llamacpp.sampling import Sampler
from localdev.backends.text import TextAssembler
from localdev.core.chat import ChatRequest
from localdev.core.errors import CutShort
from localdev.core.events import TextDelta


class Steps(Protocol):
    """Goes from token to token; `index` is the place in the last batch that the next token is drawn from."""

    index: int

    def draw(self) -> int:
        """Draw the next token."""
        ...

    def take(self, token: int, room: int) -> None:
        """Evaluate the token drawn; at most `room` more will be asked for."""
        ...

    def finish(self) -> None:
        """Leave the engine with the tokens of the answer alone."""
        ...


class PlainSteps:
    """One token at a time."""

    def __init__(self, engine: Engine, sampler: Sampler) -> None:
        self.index = -1
        self._draw, self._advance = sampler.draw, engine.advance

    def draw(self) -> int:
        """Draw the next token."""
        return self._draw(-1)

    def take(self, token: int, room: int) -> None:
        """Evaluate the token."""
        self._advance(token)

    def finish(self) -> None:
        """Nothing else was evaluated."""


class Answer:
    """The answer to one request; `made` counts its tokens, `reason` says why it ended."""

    def __init__(self, engine: Engine, request: ChatRequest, stop: Sequence[str]) -> None:
        self._engine = engine
        self._whole = request.schema is not None
        self._writer = TextAssembler((*request.sampling.stop, *stop))
        self._trail = LogprobTrail(engine, request.logprobs) if request.logprobs > 0 else None
        self._letters = 0
        self.made = 0
        self.reason: Literal["stop", "length", "cancelled"] = "length"

    def pieces(self, steps: Steps, limit: int) -> Iterator[TextDelta]:
        """Draw up to `limit` tokens."""
        try:
            yield from self._drawn(steps, limit)
        finally:
            steps.finish()

    def _drawn(self, steps: Steps, limit: int) -> Iterator[TextDelta]:
        """Draw tokens. The hot path: see the benchmark of generation."""
        engine, writer, trail = self._engine, self._writer, self._trail
        while self.made < limit:
            token = steps.draw()
            if engine.is_end(token):
                self.reason = "stop"
                return
            self.made += 1
            if trail:
                trail.note(token, steps.index, writer.decoded)
            text = writer.add(engine.piece(token))
            if text:
                yield self._delta(text)
            if writer.stopped:
                self.reason = "stop"
                return
            if self.made < limit:
                steps.take(token, limit - self.made)

    def rest(self) -> Iterator[TextDelta]:
        """Give the text that was held back.

        Raises:
            CutShort: the answer is to be whole, and is not.
        """
        text = self._writer.finish()
        if text:
            yield self._delta(text)
        if self._writer.stopped:
            self.reason = "stop"
        if self.reason == "length" and self._whole:
            raise CutShort(
                f"the answer was cut off after {self.made} tokens, before its JSON was whole",
                "allow more tokens, or bound the schema (maxLength, maxItems)",
            )

    def _delta(self, text: str) -> TextDelta:
        """Make the event of a piece, with the tokens that begin in it."""
        self._letters += len(text)
        return TextDelta(text, self._trail.shown(self._letters) if self._trail else ())
