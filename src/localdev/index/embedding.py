"""Asking an embedder: in slices, so that a slow one can be followed, and never taking a vector that would not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from localdev.core.errors import BackendError
from localdev.core.ports import Embedder

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

# A transformer takes seconds for as many on two cores; the table in the package takes 2 ms and loses nothing by slices.
_SLICE = 64


def embed_texts(embedder: Embedder, texts: Sequence[str], *, told: Callable[[int], None] | None = None) -> FloatMatrix:
    """Give float32 vectors of shape (len(texts), dimension); `told` hears how many there are after each slice.

    Raises:
        BackendError: the embedder gives another number or length of vectors than it says, or one that is not finite.
    """
    import numpy as np

    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    for start in range(0, len(texts), _SLICE):
        part = texts[start : start + _SLICE]
        found = embedder.embed(part)
        if found.shape != (len(part), embedder.dimension):
            due = f"{len(part)}x{embedder.dimension}"
            raise _unfit(embedder, f"gave vectors of {'x'.join(map(str, found.shape))} numbers where {due} were due")
        if not np.isfinite(found).all():
            raise _unfit(embedder, "gave a vector that holds no finite numbers")
        vectors[start : start + len(part)] = found
        if told is not None:
            told(start + len(part))
    return vectors


def _unfit(embedder: Embedder, what: str) -> BackendError:
    """Make the error for vectors that must not be stored or searched with."""
    return BackendError(f"the embedder {embedder.name} {what}", "set search.embedder to another one, or get it again")
