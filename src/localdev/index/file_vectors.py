"""One vector per file: the direction of the sum of its chunks' vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from localdev.core.ports import FloatMatrix, IdVector
    from localdev.index.dense import VectorView


class FileVectors:
    """The unit vectors of all files, float32 of shape (files, dimension), as of one moment."""

    def __init__(self, database: sqlite3.Connection, view: VectorView) -> None:
        """Add up each file's chunks; those that are gone belong to no file any more."""
        import numpy as np

        rows = np.array(database.execute("SELECT id, file_id FROM chunks").fetchall(), dtype=np.int64).reshape(-1, 2)
        self._file_of = np.full(int(rows[:, 0].max(initial=0)) + 1, -1, dtype=np.int64)
        self._file_of[rows[:, 0]] = rows[:, 1]
        runs = [_runs(self._files(ids), vectors) for ids, vectors in view.parts if len(ids)]
        self._ids, self._vectors = _united([ids for ids, _ in runs], [sums for _, sums in runs])

    def rank(
        self, query: npt.NDArray[np.float32], limit: int, *, allowed: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Give (file id, cosine) of the files nearest to `query` of shape (dimension,), ties by id.

        With `allowed` only files that hold one of these chunks.
        """
        import numpy as np

        if limit <= 0 or not len(self._ids) or not query.any():
            return []
        scores = np.einsum("ij,j->i", self._vectors, query)
        rows = np.arange(len(scores))
        if allowed is not None:
            rows = rows[np.isin(self._ids, self._files(np.asarray(allowed, dtype=np.int64)))]
        best = rows[np.argsort(-scores[rows], kind="stable")][:limit]
        return [(int(self._ids[row]), float(scores[row])) for row in best]

    def _files(self, chunk_ids: IdVector) -> IdVector:
        """Give the file of each chunk, -1 for a chunk that is gone."""
        import numpy as np

        known = chunk_ids < len(self._file_of)
        return np.where(known, self._file_of[np.where(known, chunk_ids, 0)], -1)


def _runs(files: IdVector, vectors: FloatMatrix) -> tuple[IdVector, FloatMatrix]:
    """Add up neighbouring rows of one file: a file's chunks are numbered together, so this is nearly all the work."""
    import numpy as np

    starts = np.flatnonzero(np.concatenate([[True], files[1:] != files[:-1]]))
    return files[starts], np.add.reduceat(vectors, starts, axis=0)


def _united(ids: Sequence[IdVector], sums: Sequence[FloatMatrix]) -> tuple[IdVector, FloatMatrix]:
    """Join the runs of one file, and give the files' ids, ascending, with their sums scaled to length 1."""
    import numpy as np

    if not ids:
        return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
    every, matrix = np.concatenate(ids), np.concatenate(sums)
    order = np.argsort(every, kind="stable")
    files, total = _runs(every[order], matrix[order])
    live = files >= 0
    files, total = files[live], total[live]
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    return files, np.asarray(total / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
