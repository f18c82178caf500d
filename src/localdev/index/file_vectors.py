"""One vector per file: the direction of the sum of its chunks' vectors."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from localdev.core.ports import FloatMatrix, IdVector
    from localdev.index.dense import VectorView


class _Runs(NamedTuple):
    """Neighbouring chunks of one file each: the first one's id, the sum of their vectors, and the sum's direction."""

    first_ids: IdVector
    sums: FloatMatrix
    units: FloatMatrix


class FileVectors:
    """The unit vectors of all files, float32 of shape (files, dimension), as of one moment."""

    base: tuple[IdVector, FloatMatrix]
    _file_of: IdVector
    _runs: _Runs

    def __init__(self, database: sqlite3.Connection, view: VectorView, before: FileVectors | None = None) -> None:
        """Add up each file's chunks; those that are gone belong to no file any more.

        `before` spares adding up what lies in the same snapshot again: a file's chunks come and go together, so the
        sum of a run stays what it was for as long as any of it counts.
        """
        import numpy as np

        known = before if before is not None and before.base is view.base else None
        self.base, extra = view.base, view.parts[1]
        self._file_of = _file_of(database) if known is None else _file_of_now(database, known._file_of)
        self._runs = _add_up(*self.base, self._files(self.base[0])) if known is None else known._runs
        later = _add_up(*extra, self._files(extra[0]))
        self._parts = [self._runs.units, later.units]
        ids = np.concatenate([self._files(self._runs.first_ids), self._files(later.first_ids)])
        self._order = np.argsort(ids, kind="stable")
        self._order = self._order[ids[self._order] >= 0]
        self._ids = ids[self._order]
        if (self._ids[1:] == self._ids[:-1]).any():
            sums = np.concatenate([self._runs.sums, later.sums])[self._order]
            joined = _add_up(np.arange(len(sums)), sums, self._ids)
            self._parts, self._ids = [joined.units], self._ids[joined.first_ids]
            self._order = np.arange(len(self._ids))

    def rank(
        self, query: npt.NDArray[np.float32], limit: int, *, allowed: Sequence[int] | IdVector | None = None
    ) -> list[tuple[int, float]]:
        """Give (file id, cosine) of the files nearest to `query` of shape (dimension,), ties by id.

        With `allowed` only files that hold one of these chunks.
        """
        import numpy as np

        if limit <= 0 or not len(self._ids) or not query.any():
            return []
        scores = np.concatenate([np.einsum("ij,j->i", part, query) for part in self._parts])[self._order]
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


def _file_of(database: sqlite3.Connection) -> IdVector:
    """Give the file of each chunk by id, -1 where there is none."""
    import numpy as np

    rows = np.array(database.execute("SELECT id, file_id FROM chunks").fetchall(), dtype=np.int64).reshape(-1, 2)
    files = np.full(int(rows[:, 0].max(initial=0)) + 1, -1, dtype=np.int64)
    files[rows[:, 0]] = rows[:, 1]
    return files


def _file_of_now(database: sqlite3.Connection, before: IdVector) -> IdVector:
    """Bring the file of each chunk up to date: ids are never used again, and those that are gone are known."""
    import numpy as np

    new = database.execute("SELECT id, file_id FROM chunks WHERE id >= ?", (len(before),)).fetchall()
    rows = np.array(new, dtype=np.int64).reshape(-1, 2)
    files = np.full(int(rows[:, 0].max(initial=len(before) - 1)) + 1, -1, dtype=np.int64)
    files[: len(before)] = before
    files[rows[:, 0]] = rows[:, 1]
    dead = np.array(database.execute("SELECT chunk_id FROM dead").fetchall(), dtype=np.int64).ravel()
    files[dead[dead < len(files)]] = -1
    return files


def _add_up(ids: IdVector, vectors: FloatMatrix, files: IdVector) -> _Runs:
    """Add up each run of rows of one file; a file's chunks are numbered together, so most files are one run.

    One sum after the other: `reduceat` takes eight times as long over rows that are not contiguous.
    """
    import numpy as np

    starts = np.flatnonzero(np.concatenate([[True], files[1:] != files[:-1]])) if len(ids) else ids
    sums = np.empty((len(starts), vectors.shape[1]), dtype=np.float32)
    for number, (start, end) in enumerate(itertools.pairwise([*starts.tolist(), len(files)])):
        vectors[start:end].sum(axis=0, out=sums[number])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return _Runs(ids[starts], sums, np.asarray(sums / np.where(lengths > 0, lengths, 1.0), dtype=np.float32))
