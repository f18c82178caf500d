"""Prompt-lookup speculation: what followed the last words before is guessed to follow again, and checked at once.

Answers about code repeat much of their prompt. A guess of several tokens is evaluated in one batch, which costs little
more than one token; the request's own sampler then draws at each place, and what it does not draw is taken back. So
the answer is the same, whatever the sampler.
"""

from __future__ import annotations

from collections.abc import Sequence

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.sampling import Sampler

_LONG, _SHORT = 3, 2  # tokens that must agree; two alone agree by chance more often than three
_LONGEST_PAUSE = 64  # tokens without a guess after many wrong ones


class Guesser:
    """Finds what followed the last tokens when they came before."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._places: dict[tuple[int, ...], int] = {}
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """Take note of one more token; what ends at the last one is not yet a place to look at."""
        tokens = self._tokens
        for length in (_LONG, _SHORT):
            if len(tokens) >= length:
                self._places[tuple(tokens[-length:])] = len(tokens)
        tokens.append(token)

    def guess(self, most: int) -> list[int]:
        """Give up to `most` tokens that may come next, none where the last ones are new."""
        for length in (_LONG, _SHORT):
            place = self._places.get(tuple(self._tokens[-length:]))
            if place is not None:
                return self._tokens[place : place + most]
        return []


class LookupSteps:
    """Goes from token to token as `PlainSteps` does, evaluating guesses along.

    A wrong guess costs time, so after one the next is shorter, and after several there is a pause that doubles.
    """

    def __init__(self, engine: Engine, sampler: Sampler, prompt: Sequence[int], most: int) -> None:
        self._engine, self._draw = engine, sampler.draw
        self._guesser = Guesser(prompt)
        self._most = most
        self._length = min(most, 4)
        self._guessed: list[int] = []
        self._right = 0
        self._pause, self._wait = 1, 0
        self.index = -1

    def draw(self) -> int:
        """Draw the next token."""
        return self._draw(self.index)

    def take(self, token: int, room: int) -> None:
        """Go on behind `token`: within the guess where it was right, else by an evaluation with a new guess."""
        self._guesser.add(token)
        guessed = self._guessed
        if self._right < len(guessed) and guessed[self._right] == token:
            self._right += 1
            self.index += 1
            return
        if guessed:
            self._learn(self._right, len(guessed))
        self.finish()
        guess = self._guesser.guess(min(self._length, room - 1)) if self._may_guess() else []
        if guess:
            self._engine.advance_all([token, *guess])
            self._guessed, self.index = guess, 0
        else:
            self._engine.advance(token)

    def finish(self) -> None:
        """Take back what was guessed and not drawn."""
        wrong = len(self._guessed) - self._right
        self._guessed, self._right, self.index = [], 0, -1
        if wrong:
            self._engine.keep(max(0, len(self._engine.held) - wrong))

    def _may_guess(self) -> bool:
        """Say whether the pause is over."""
        self._wait = max(0, self._wait - 1)
        return self._wait == 0

    def _learn(self, right: int, guessed: int) -> None:
        """Make guesses longer after right ones, and shorter and rarer after wrong ones."""
        if right == guessed:
            self._length = min(self._most, self._length * 2)
            self._pause = 1
        elif right == 0:
            self._length = max(1, self._length // 2)
            self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            self._wait = self._pause
        else:
            self._length = min(self._most, right + 1)
            self._pause = 1
