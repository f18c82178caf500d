"""How likely the tokens of an answer were, and what else was likely in their places."""

from __future__ import annotations

from collections import deque

from localdev.backends.llamacpp.engine import Engine
from localdev.core.chat import TokenLogprob


class LogprobTrail:
    """Notes each token's log-probability and hands it out with the piece of text that shows the token's first letter.

    The probabilities are the model's own: before temperature, penalties and grammar.
    """

    def __init__(self, engine: Engine, top: int) -> None:
        self._engine = engine
        self._top = top
        self._waiting: deque[tuple[int, TokenLogprob]] = deque()

    def note(self, token: int, index: int, start: int) -> None:
        """Note a token just drawn from the logits at `index`; its text begins at the letter `start` of the answer."""
        import numpy as np

        logits = self._engine.logits(index).astype(np.float64)
        logits -= logits.max()
        logits -= np.log(np.exp(logits).sum())
        count = min(self._top, len(logits))
        best = np.argpartition(-logits, count - 1)[:count]
        best = best[np.argsort(-logits[best], kind="stable")]
        top = tuple((self._text(int(each)), float(logits[each])) for each in best)
        self._waiting.append((start, TokenLogprob(self._text(token), float(logits[token]), top)))

    def shown(self, letters: int) -> tuple[TokenLogprob, ...]:
        """Give the notes of the tokens that begin within the first `letters` of the answer and were not given yet."""
        found = []
        while self._waiting and self._waiting[0][0] < letters:
            found.append(self._waiting.popleft()[1])
        return tuple(found)

    def _text(self, token: int) -> str:
        """Give a token's text; a control token shows as it is written in the vocabulary."""
        return self._engine.piece(token).decode("utf-8", errors="replace") or self._engine.text_of(token)
