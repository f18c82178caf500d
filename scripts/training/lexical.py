"""BM25 over table rows in plain arrays: what words alone find, which an embedding has to add to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scripts.training.corpus import Rows

Floats = npt.NDArray[np.float32]
_SATURATION, _LENGTH = 1.2, 0.75  # the customary constants


def bm25(queries: Sequence[Rows], texts: Sequence[Rows]) -> Floats:
    """Give the scores of shape (queries, texts); the frequencies are those of the texts themselves."""
    asked, asked_rows, _ = _counted(queries)
    owner, rows, counts = _counted(texts)
    lengths = np.array([len(text) for text in texts], dtype=np.float32)
    found_in = np.bincount(rows, minlength=int(max(rows.max(), asked_rows.max())) + 1)
    rarity = np.log(1 + (len(texts) - found_in + 0.5) / (found_in + 0.5))
    long = 1 - _LENGTH + _LENGTH * lengths[owner] / lengths.mean()
    weights = counts * (_SATURATION + 1) / (counts + _SATURATION * long) * rarity[rows]
    order = np.argsort(rows, kind="stable")
    first = np.searchsorted(rows[order], asked_rows, "left")
    size = np.searchsorted(rows[order], asked_rows, "right") - first
    # Every meeting of a query's row with a text's: for each i the places first[i] to first[i] + size[i] of `order`.
    places = order[np.arange(size.sum()) + np.repeat(first - np.cumsum(size) + size, size)]
    meetings = np.repeat(asked, size) * len(texts) + owner[places]
    scores = np.bincount(meetings, weights=weights[places], minlength=len(queries) * len(texts))
    return scores.reshape(len(queries), len(texts)).astype(np.float32)


def _counted(texts: Sequence[Rows]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Give (text, row, how often) of every row of every text."""
    sizes = np.array([len(text) for text in texts])
    key = np.repeat(np.arange(len(texts), dtype=np.int64), sizes) << 32 | np.concatenate(texts).astype(np.int64)
    unique, counts = np.unique(key, return_counts=True)
    return unique >> 32, unique & 0xFFFFFFFF, counts.astype(np.float32)
