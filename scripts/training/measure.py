"""How well a table finds the code of packages that were not learnt from: alone, and beside the words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scripts.training.corpus import Package, Rows, plain
from scripts.training.lexical import bm25

Floats = npt.NDArray[np.float32]
KINDS = ("doc", "class", "file", "outline", "section", "test")
_QUERIES = 50  # of one kind and package
_CHUNKS = 4000  # a larger package takes too long
_COSINE_WEIGHTS = (10, 20, 40, 80)  # a cosine of 1 in units of BM25


def embed(table: Floats, texts: Sequence[Rows]) -> Floats:
    """Give unit vectors of texts, float32 (texts, dimension)."""
    vectors = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    for place, text in enumerate(texts):
        rows, counts = np.unique(text, return_counts=True)
        vectors[place] = np.sqrt(counts, dtype=np.float32) @ table[rows]
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def held_out(table: Floats, packages: Sequence[Package]) -> dict[str, float]:
    """Give the mean reciprocal rank (to 10) of the right file by words, by meaning and by both with the best weight.

    Kinds of query weigh alike, and packages within a kind. The candidates are all chunks of the package, without
    documentation; a file ranks by its best chunk. `weight` is how many units of BM25 a cosine of 1 is worth.
    """
    ranked: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for package in packages:
        chunks = [
            index
            for index in range(len(package.parts))
            if index not in package.outlines and len(package.parts[index][4])
        ]
        if len(chunks) > _CHUNKS:
            continue
        texts = [plain(package.parts[index]) for index in chunks]
        vectors = embed(table, texts)
        files = np.array([package.files[index] for index in chunks])
        for kind in KINDS:
            asked = [pair for pair in package.pairs if pair[0] == kind][:_QUERIES]
            if len(asked) < 3:
                continue
            queries, right = [pair[1] for pair in asked], np.array([pair[3] for pair in asked])
            cosines, words = embed(table, queries) @ vectors.T, bm25(queries, texts)
            ranked["words"][kind].append(_reciprocal(words, files, right))
            ranked["meaning"][kind].append(_reciprocal(cosines, files, right))
            for weight in _COSINE_WEIGHTS:
                ranked[str(weight)][kind].append(_reciprocal(words + weight * cosines, files, right))
    means = {way: float(np.mean([np.mean(scores) for scores in kinds.values()])) for way, kinds in ranked.items()}
    best = max(_COSINE_WEIGHTS, key=lambda weight: means[str(weight)])
    return {"words": means["words"], "meaning": means["meaning"], "both": means[str(best)], "weight": float(best)}


def _reciprocal(scores: Floats, files: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> float:
    """Give the mean of 1 / rank of the right file, 0 below the tenth; scores (queries, chunks), files (chunks,)."""
    order = np.argsort(files, kind="stable")
    names, starts = np.unique(files[order], return_index=True)
    best = np.maximum.reduceat(scores[:, order], starts, axis=1)
    place = np.searchsorted(names, right).clip(max=len(names) - 1)
    own = best[np.arange(len(right)), place]
    ranks = 1 + (best > own[:, None]).sum(axis=1)
    return float(np.where((ranks <= 10) & (own > 0), 1 / ranks, 0).mean())
