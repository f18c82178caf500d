"""Chroma, which keeps the vectors. The only place that imports it (0.5-1.3 s), so it is opened when it must be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.core.errors import StorageError
from localdev.index.database import Damaged

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix, IdVector

_COLLECTION = "vectors"
# We search exactly over the snapshot and never ask Chroma's graph, so it is kept as poor as it may be: a graph of two
# neighbours takes 1 s for 20,000 vectors of 256 numbers, the default one 7 s.
GRAPH = {"hnsw": {"space": "ip", "ef_construction": 2, "max_neighbors": 2, "ef_search": 2}}
_PAGE = 5000


class ChromaVectors:
    """A `VectorStore` in one Chroma folder."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the store.

        Raises:
            Damaged: there is no store in `folder`, or not one that Chroma can open.
            StorageError: the disk is full or the folder not writable.
        """
        self._folder = folder
        if not create and not (folder / "chroma.sqlite3").is_file():
            raise Damaged("the vector store is missing")
        with _translated(folder):
            import chromadb
            from chromadb.config import Settings

            self._client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
            if create:
                self._collection: Any = self._client.create_collection(
                    _COLLECTION, embedding_function=None, configuration=GRAPH
                )
            else:
                self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
            self._batch = min(_PAGE, self._client.get_max_batch_size())

    def upsert(self, ids: Sequence[int], vectors: FloatMatrix) -> None:
        """Store vectors; an id that is there is replaced."""
        with _translated(self._folder):
            for start in range(0, len(ids), self._batch):
                part = slice(start, start + self._batch)
                self._collection.upsert(ids=[str(chunk_id) for chunk_id in ids[part]], embeddings=vectors[part])

    def delete(self, ids: Sequence[int]) -> None:
        """Remove vectors; unknown ids are ignored."""
        with _translated(self._folder):
            for start in range(0, len(ids), self._batch):
                self._collection.delete(ids=[str(chunk_id) for chunk_id in ids[start : start + self._batch]])

    def load(self) -> tuple[IdVector, FloatMatrix]:
        """Give all ids, ascending, and their float32 vectors in that order."""
        import numpy as np

        ids: list[int] = []
        parts = []
        with _translated(self._folder):
            while True:
                page = self._collection.get(include=["embeddings"], limit=_PAGE, offset=len(ids))
                if not page["ids"]:
                    break
                ids.extend(map(int, page["ids"]))
                parts.append(np.asarray(page["embeddings"], dtype=np.float32))
        if not ids:
            return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        numbers = np.asarray(ids, dtype=np.int64)
        order = np.argsort(numbers, kind="stable")
        return numbers[order], np.concatenate(parts)[order]

    def count(self) -> int:
        """Give the number of vectors."""
        with _translated(self._folder):
            return int(self._collection.count())

    def close(self) -> None:
        """Let go of files."""
        self._client.close()


@contextlib.contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn Chroma's errors in the body into `Damaged` or `StorageError`."""
    try:
        yield
    except (Damaged, StorageError):
        raise
    except Exception as error:  # Chroma raises its own tree, ValueError, RuntimeError and SQLite's texts in all of them
        text = " ".join(str(error).split())
        if isinstance(error, OSError) or any(word in text.lower() for word in ("disk", "full", "no space", "readonly")):
            hint = "free some disk space or check the folder's permissions, then run the command again"
            raise StorageError(f"cannot write vectors to {folder}: {text}", hint) from error
        raise Damaged(text) from error
