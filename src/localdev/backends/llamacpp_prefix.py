"""What is kept of a prompt: the state of the longest beginning that an earlier request had in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from localdev.backends.llamacpp_engine import Engine


class PrefixKeeper:
    """Evaluates the prompts of one engine, and as little of each as is new."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, prompt: Sequence[int]) -> int:
        """Evaluate a prompt, keeping the state of the longest common prefix; give how many tokens were kept.

        The last token is always evaluated, since the next one is drawn from what it gives.
        """
        held = self._engine.held
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(held, prompt[:-1], strict=False)))
        if not self._engine.keep(same):
            same = 0
        self._engine.evaluate(prompt[same:])
        return same
