"""Ranking by vectors: exact, over the mapped snapshot with the outbox laid over it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.search import Candidate
from localdev.index import snapshot
from localdev.index.snapshot import SnapshotMark

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from localdev.core.ports import FloatMatrix, IdVector


class VectorView:
    """All live vectors at one moment: those of the snapshot, those still pending, minus the dead."""

    def __init__(self, base: tuple[IdVector, FloatMatrix], extra: tuple[IdVector, FloatMatrix], dead: IdVector) -> None:
        """Lay `extra` behind `base`; ids ascend through both, because ids are given in order and never again."""
        import numpy as np

        self.base = base
        self.parts = (base, extra)
        self._ids = np.concatenate([base[0], extra[0]])
        self._dead = np.flatnonzero(np.isin(self._ids, dead)) if len(dead) else dead

    def rank(
        self, query: npt.NDArray[np.float32], limit: int, *, allowed: Sequence[int] | IdVector | None = None
    ) -> list[Candidate]:
        """Give the chunks whose vectors are nearest to `query` of shape (dimension,), by dot product; ties by id."""
        import numpy as np

        if limit <= 0 or not len(self._ids) or not query.any():
            return []
        # einsum sums each row by itself in one fixed order, so that a score does not depend on where the row lies; a
        # matrix product is 3 times faster (0.15 against 0.46 ms for 20,000 rows) but rounds by position.
        scores = np.concatenate([np.einsum("ij,j->i", part, query) for _, part in self.parts if len(part)])
        scores[self._dead] = -np.inf
        if allowed is not None:
            scores[~np.isin(self._ids, np.asarray(allowed, dtype=np.int64))] = -np.inf
        limit = min(limit, len(scores))
        bar = max(np.partition(scores, len(scores) - limit)[len(scores) - limit], np.finfo(np.float32).min)
        best = np.flatnonzero(scores >= bar)
        best = best[np.argsort(-scores[best], kind="stable")][:limit]
        return [Candidate(int(self._ids[row]), float(scores[row])) for row in best]


def load_view(
    database: sqlite3.Connection,
    generation: Path,
    mark: SnapshotMark,
    *,
    dimension: int,
    base: tuple[IdVector, FloatMatrix] | None = None,
) -> VectorView | None:
    """Build the view as of the transaction `database` is in; None when the snapshot cannot be used.

    `base` is what the snapshot with this very mark gave before: reading 200 MB again would take a tenth of a second.
    """
    import numpy as np

    base = base or snapshot.load(generation, mark, dimension)
    if base is None:
        if mark.token:
            return None
        base = np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
    dead = np.fromiter((row[0] for row in database.execute("SELECT chunk_id FROM dead")), dtype=np.int64)
    return VectorView(base, pending(database, dimension), dead)


def pending(
    database: sqlite3.Connection, dimension: int, after: int = 0, limit: int = -1
) -> tuple[IdVector, FloatMatrix]:
    """Give ids and vectors of the outbox with ids above `after`, ascending."""
    import numpy as np

    rows = database.execute(
        "SELECT chunk_id, vector FROM pending WHERE chunk_id > ? ORDER BY chunk_id LIMIT ?", (after, limit)
    ).fetchall()
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(len(rows), dimension)
    return ids, vectors
