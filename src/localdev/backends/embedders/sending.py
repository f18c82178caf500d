"""How texts go to a server that embeds: in batches, none that is empty, none that is surely too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from localdev.backends.embedders.checks import unit_vectors
from localdev.core.errors import ContextOverflow

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

_BATCH = 32  # texts in one request: an answer every few seconds even on a slow machine
_BATCH_CHARACTERS = 100_000
# A token stands for about four characters of code; what is surely cut need not be sent.
_CHARACTERS_PER_TOKEN = 32
_HALF = 0.5


class TooLong(Exception):
    """A server refuses a text for its length in place of cutting it; `share` of it should fit."""

    def __init__(self, error: ContextOverflow, share: float = _HALF) -> None:
        super().__init__(str(error))
        self.error = error
        self.share = share


# Gives the vectors of some texts as they come, or raises `TooLong`.
Request = Callable[[list[str]], "FloatMatrix"]


def embed_by(request: Request, texts: Sequence[str], dimension: int, *, window: int, source: str) -> FloatMatrix:
    """Give unit vectors of shape (len(texts), dimension); an empty text, which servers refuse, gets zeros unsent.

    A text is read up to `window` tokens (0: unknown); the server may cut it there. `source` is named in errors.

    Raises:
        ModelError: what comes are no vectors of the promised length.
        ContextOverflow: not even the first letter of a text is short enough.
    """
    import numpy as np

    vectors = np.zeros((len(texts), dimension), dtype=np.float32)
    longest = window * _CHARACTERS_PER_TOKEN or None
    for rows in _batches(texts):
        vectors[rows] = _some(request, [texts[row][:longest] for row in rows], dimension, source=source)
    return vectors


def _some(request: Request, texts: list[str], dimension: int, *, source: str) -> FloatMatrix:
    """Embed a few texts. One that is refused is cut by itself, so that its vector does not depend on the others."""
    import numpy as np

    try:
        return unit_vectors(request(texts), (len(texts), dimension), source)
    except TooLong as refused:
        if len(texts) > 1:
            return np.concatenate([_some(request, [text], dimension, source=source) for text in texts])
        text = texts[0]
        shorter = text[: min(int(len(text) * refused.share), len(text) - 1)]
        if not shorter.strip():
            raise refused.error from None
    return _some(request, [shorter], dimension, source=source)


def _batches(texts: Sequence[str]) -> list[list[int]]:
    """Give the rows of texts that are sent together, in order; empty texts are not."""
    batches: list[list[int]] = []
    used = 0
    for row, text in enumerate(texts):
        if not text.strip():
            continue
        if not batches or len(batches[-1]) == _BATCH or used + len(text) > _BATCH_CHARACTERS:
            batches.append([])
            used = 0
        batches[-1].append(row)
        used += len(text)
    return batches
