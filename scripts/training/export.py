"""A table of vectors as the files that the package ships: int8 with one scale per column."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Every column's scale is set by a high quantile of its values: a few rare outliers must not cost all the others their
# precision, and a clipped outlier keeps its sign and most of its size.
QUANTILE = 0.99999


def write(
    folder: Path,
    vectors: npt.NDArray[np.float32],
    vocabulary: Sequence[str],
    *,
    name: str,
    base: str,
    quantile: float = QUANTILE,
) -> dict[str, Any]:
    """Write matrix.npy, vocabulary.txt and embedder.json to `folder`; give the figures of the card.

    Each column's scale takes this `quantile` of its values as the largest int8; 1 is the maximum, and clips nothing.
    """
    if any("\n" in token for token in vocabulary):
        raise SystemExit("a token holds a line break; the vocabulary file cannot hold it")
    scales = (np.quantile(np.abs(vectors), quantile, axis=0) / 127).astype(np.float32)
    matrix = np.clip(np.round(vectors / scales), -127, 127).astype(np.int8)
    words = "\n".join(vocabulary).encode()
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "matrix.npy", matrix)
    (folder / "vocabulary.txt").write_bytes(words)
    card = {
        "format": 2,
        "name": name,
        "base_model": base,
        "rows": matrix.shape[0],
        "sha256": hashlib.sha256(matrix.tobytes() + words + scales.tobytes()).hexdigest(),
        "matrix_crc32": zlib.crc32((folder / "matrix.npy").read_bytes()),
        "vocabulary_crc32": zlib.crc32(words),
        "scales": [float(scale) for scale in scales],
    }
    (folder / "embedder.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    rounded = matrix * scales
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(rounded, axis=1)
    cosines = (vectors * rounded).sum(axis=1)[lengths > 0] / lengths[lengths > 0]
    return {
        "sha256": card["sha256"],
        "rows": matrix.shape[0],
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "cosine_to_float32": {"mean": round(float(cosines.mean()), 5), "min": round(float(cosines.min()), 5)},
    }
