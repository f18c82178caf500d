"""What a model must hand out to count as an embedder: one finite vector of the promised length for every text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localdev.core.errors import ModelError

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

_HINT = "the model is damaged or no embedding model: get it again, or set search.embedder to another one"


def unit_vectors(vectors: FloatMatrix, shape: tuple[int, int], source: object) -> FloatMatrix:
    """Give `vectors` as float32 of length 1, in place where they are float32 already.

    Raises:
        ModelError: they are not of `shape` (texts, dimension), or one holds NaN or infinity or only zeros. A model
            reads at least its own start and end marks, so even an empty text has a direction. `source` is named.
    """
    import numpy as np

    if vectors.shape != shape:
        found = "x".join(map(str, vectors.shape))
        raise ModelError(f"{source} gave vectors of {found} numbers where {shape[0]}x{shape[1]} were due", _HINT)
    vectors = vectors.astype(np.float32, copy=False)
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    if not np.isfinite(lengths).all():
        raise ModelError(f"{source} gave a vector that holds no finite numbers", _HINT)
    if not lengths.all():
        raise ModelError(f"{source} gave a vector of zeros, which has no direction", _HINT)
    vectors /= lengths
    return vectors
