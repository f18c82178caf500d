"""How well a table finds the code of packages that were not learnt from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scripts.training.corpus import Package, Rows, plain

Floats = npt.NDArray[np.float32]
KINDS = ("doc", "class", "file", "outline", "section", "test")
_QUERIES = 120  # of one kind and package


def embed(table: Floats, texts: Sequence[Rows]) -> Floats:
    """Give unit vectors of texts, float32 (texts, dimension)."""
    vectors = np.stack([table[text].sum(axis=0) for text in texts])
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def held_out(table: Floats, packages: Sequence[Package]) -> dict[str, float]:
    """Give the mean reciprocal rank (to 10) of the right file per kind of query, and over kinds; packages weigh alike.

    The candidates are all chunks of the package, without documentation; a file ranks by its best chunk.
    """
    scores: dict[str, list[float]] = defaultdict(list)
    recalls: dict[str, list[float]] = defaultdict(list)
    for package in packages:
        chunks = [
            index
            for index in range(len(package.parts))
            if index not in package.outlines and len(package.parts[index][4])
        ]
        vectors = embed(table, [plain(package.parts[index]) for index in chunks])
        files, inverse = np.unique([package.files[index] for index in chunks], return_inverse=True)
        for kind in KINDS:
            asked = [pair for pair in package.pairs if pair[0] == kind][:_QUERIES]
            if len(asked) < 3:
                continue
            found = embed(table, [pair[1] for pair in asked]) @ vectors.T
            best = np.full((len(asked), len(files)), -2.0, dtype=np.float32)
            for place in range(len(chunks)):
                np.maximum(best[:, inverse[place]], found[:, place], out=best[:, inverse[place]])
            right = np.searchsorted(files, [pair[3] for pair in asked]).clip(max=len(files) - 1)
            ranks = 1 + (best > best[np.arange(len(asked)), right][:, None]).sum(axis=1)
            scores[kind].append(float(np.where(ranks <= 10, 1 / ranks, 0).mean()))
            recalls[kind].append(float((ranks <= 10).mean()))
    result = {kind: float(np.mean(values)) for kind, values in scores.items()}
    return result | {
        "mean": float(np.mean(list(result.values()))),
        "recall@10": float(np.mean([np.mean(values) for values in recalls.values()])),
    }
