"""Carrying vectors from the SQLite outbox to Chroma and into the snapshot.

A refresh commits new vectors to `pending` and lost ids to `dead` together with the chunks. `flush` hands them to
Chroma, then to the snapshot, and only then clears them, in one transaction; killed anywhere before that, it is simply
done again.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from localdev.core.errors import StorageError
from localdev.core.events import Progress
from localdev.core.ports import Embedder, ProgressSink, VectorStore
from localdev.core.sqlite import transaction
from localdev.index import dense, layout, places, postings, postings_file, schema, snapshot
from localdev.index.database import Damaged
from localdev.index.embedding import embed_texts
from localdev.index.embedding_text import embedding_text
from localdev.index.places import EMBEDDED, Place
from localdev.index.postings_file import PostingsMark
from localdev.index.server import StoreAway
from localdev.index.snapshot import SnapshotMark
from localdev.index.stored import QUALIFIED_COLUMNS, to_chunk

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix, IdVector

    Block = tuple[IdVector, FloatMatrix]

# Laying this many pending vectors over the snapshot costs a search a few milliseconds; bringing them to Chroma costs a
# refresh its import.
FLUSH_AT = 4096
# The snapshot is written anew when more than this share of it is dead.
_MOST_DEAD = 0.25
_PAGE = 2000


class Outbox:
    """Flushes one generation; the caller holds the writers' lock. Close it to let go of Chroma."""

    def __init__(
        self, database: sqlite3.Connection, generation: Path, embedder: Embedder, place: Place = EMBEDDED
    ) -> None:
        self.notes: list[str] = []
        self._place = place
        self._database = database
        self._generation = generation
        self._embedder = embedder
        self._store: VectorStore | None = None
        self._trusted = SnapshotMark()
        self._away = False

    def __enter__(self) -> Outbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def due(self) -> bool:
        """Tell whether enough waits to be worth a flush."""
        return (
            self._one("SELECT count(*) FROM pending") >= FLUSH_AT
            or self._one("SELECT count(*) FROM dead WHERE NOT applied") >= FLUSH_AT
        )

    def try_flush(self, progress: ProgressSink | None = None) -> None:
        """Flush where that can wait: a server that is away is noted, and in this run not asked again."""
        if self._away:
            return
        try:
            self.flush(progress)
        except StoreAway as away:
            self._away = True
            self.close()
            self.notes.append(f"{away}; the vectors wait in the index until it answers")

    def flush(self, progress: ProgressSink | None = None) -> None:
        """Bring Chroma and the snapshot level with the chunks; does not touch Chroma when they are.

        A vector store that is missing, broken or not complete is made anew, and noted: from the vectors at hand, or
        else from the stored chunks.
        """
        meta = schema.read_meta(self._database)
        waiting = self._one("SELECT count(*) FROM pending") + self._one("SELECT count(*) FROM dead WHERE NOT applied")
        settled = places.fits(meta.get("vectors", ""), self._place) and store_present(
            self._generation, meta, self._place
        )
        if waiting or not settled or self._snapshot(meta) is None:
            if not self._one("SELECT count(*) FROM chunks"):
                self._start_over()
                return
            try:
                self._bring(meta, progress)
            except StoreAway as away:
                if not self._place.fallback:
                    raise
                self.notes.append(f"{away}; vectors are kept on this disk meanwhile, as index.fallback says")
                self.close()
                self._place = EMBEDDED
                self._bring(meta, progress)

    def close(self) -> None:
        """Let go of Chroma."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _bring(self, meta: dict[str, str], progress: ProgressSink | None) -> None:
        """Bring the store level, in the place where it should be."""
        if not places.fits(meta.get("vectors", ""), self._place):
            self._move(meta, progress)
            return
        try:
            self._carry(meta)
        except Damaged as error:
            self.notes.append(f"the vector store was made anew: {error}")
            self._make_anew(self._at_hand(progress))

    def _move(self, meta: dict[str, str], progress: ProgressSink | None) -> None:
        """Make the store in its new place."""
        self._make_anew(self._at_hand(progress))
        old = places.url_of(meta.get("vectors", "")) or "this disk"
        self.notes.append(f"the vectors moved from {old} to {self._place.url or 'this disk'}")

    def _carry(self, meta: dict[str, str]) -> None:
        """Apply the outbox to Chroma, check the result, extend the snapshot, clear the outbox."""
        name = meta.get("vectors", "") or places.new_name(self._place)
        if self._store is None:
            self._store = places.open_store(self._generation, name, self._place, create="vectors" not in meta)
        for ids, vectors in self._pending():
            self._store.upsert(ids.tolist(), vectors)
        self._store.delete([row[0] for row in self._database.execute("SELECT chunk_id FROM dead WHERE NOT applied")])
        if (found := self._store.count()) != (expected := self._one("SELECT count(*) FROM chunks")):
            raise Damaged(f"it held {found} vectors for {expected} chunks")
        mark = self._snapshot(meta)
        dead = self._one("SELECT count(*) FROM dead")
        anew = mark is None or dead > (mark.rows + 1) * _MOST_DEAD
        if anew or mark is None:
            mark = self._write_snapshot(iter([self._checked_load()]))
        else:
            mark = snapshot.append(self._generation, mark, self._embedder.dimension, self._pending())
        self._settle(name, mark, anew=anew)

    def _make_anew(self, all_vectors: Iterator[Block]) -> None:
        """Put all vectors into a fresh store and a fresh snapshot."""
        self.close()
        name = places.new_name(self._place)
        self._store = store = places.open_store(self._generation, name, self._place, create=True)

        def blocks() -> Iterator[Block]:
            for ids, vectors in all_vectors:
                store.upsert(ids.tolist(), vectors)
                yield ids, vectors

        self._settle(name, self._write_snapshot(blocks()), anew=True)

    def _at_hand(self, progress: ProgressSink | None) -> Iterator[Block]:
        """Give the vectors of all chunks: those that are stored, made anew only where they are not sound."""
        live = self._live(schema.read_meta(self._database))
        return self._embedded(progress) if live is None else live

    def _live(self, meta: dict[str, str]) -> Iterator[Block] | None:
        """Give the vectors of all chunks from snapshot and outbox; None when those do not hold all."""
        import numpy as np

        mark = self._snapshot(meta)
        base = None if mark is None else snapshot.load(self._generation, mark, self._embedder.dimension)
        if base is None:
            return None
        dead = [row[0] for row in self._database.execute("SELECT chunk_id FROM dead")]
        ids, vectors = base
        kept = np.flatnonzero(~np.isin(ids, dead))
        waiting = [row[0] for row in self._database.execute("SELECT chunk_id FROM pending ORDER BY chunk_id")]
        if not np.array_equal(np.concatenate([ids[kept], np.asarray(waiting, dtype=np.int64)]), self._chunk_ids()):
            return None
        parts = (kept[start : start + _PAGE] for start in range(0, len(kept), _PAGE))
        return itertools.chain(((ids[part], vectors[part]) for part in parts), self._pending())

    def _chunk_ids(self) -> IdVector:
        """Give the ids of all chunks, ascending."""
        import numpy as np

        rows = self._database.execute("SELECT id FROM chunks ORDER BY id")
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def _start_over(self) -> None:
        """Forget vectors altogether: there is no chunk left, or none yet."""
        self.close()
        with transaction(self._database):
            self._database.execute("DELETE FROM pending")
            self._database.execute("DELETE FROM dead")
            self._database.execute("DELETE FROM meta WHERE key IN ('vectors', 'snapshot', 'postings')")
        self._trusted = SnapshotMark()
        self._clean("", self._trusted)

    def _settle(self, name: str, mark: SnapshotMark, *, anew: bool) -> None:
        """Record what now holds the vectors and clear the outbox: the commit point of a flush."""
        with transaction(self._database):
            self._database.execute("DELETE FROM pending")
            self._database.execute("DELETE FROM dead" if anew else "UPDATE dead SET applied = 1 WHERE NOT applied")
            if anew:  # the postings need to know the dead
                self._database.execute("DELETE FROM meta WHERE key = 'postings'")
            schema.write_meta(self._database, {"vectors": name, **mark.as_meta()})
        self._trusted = mark
        self._clean(name, mark)

    def renew_postings(self, *, eagerly: bool) -> None:
        """Make the file of postings where the index is large and has none, or too many chunks came after it.

        It takes seconds, so a search that refreshes waits longer with it than a command whose work this is. Without the
        file everything else goes on.
        """
        mark = PostingsMark.from_meta(schema.read_meta(self._database))
        if mark.token and postings_file.load(self._generation, mark) is None:
            mark = PostingsMark()
        if not postings.due(self._database, mark, eagerly=eagerly):
            return
        try:
            mark = postings_file.write(self._database, self._generation)
        except StorageError as error:
            self.notes.append(f"search is slower: {error}")
            return
        with transaction(self._database):
            schema.write_meta(self._database, mark.as_meta())
        layout.remove_files(self._generation, "postings-*.bin", mark.file(self._generation))

    def _clean(self, name: str, mark: SnapshotMark) -> None:
        """Remove stores and snapshots that are no longer in use."""
        places.remove_unused(self._generation, name, self._place)
        for folder in self._generation.glob("chroma-*"):
            if folder.name != name:
                shutil.rmtree(folder, ignore_errors=True)
        layout.remove_files(self._generation, "vectors-*.bin", mark.file(self._generation))

    def _snapshot(self, meta: dict[str, str]) -> SnapshotMark | None:
        """Give the mark of the snapshot when the file behind it is sound."""
        mark = SnapshotMark.from_meta(meta)
        if mark != self._trusted and mark.token:
            if snapshot.load(self._generation, mark, self._embedder.dimension) is None:
                return None
            self._trusted = mark
        return mark

    def _write_snapshot(self, blocks: Iterator[Block]) -> SnapshotMark:
        """Write a snapshot under a new name."""
        return snapshot.append(self._generation, SnapshotMark(), self._embedder.dimension, blocks)

    def _checked_load(self) -> Block:
        """Load all vectors from Chroma and make sure they are those of the chunks."""
        import numpy as np

        assert self._store is not None
        ids, vectors = self._store.load()
        if not np.array_equal(ids, self._chunk_ids()):
            raise Damaged("its vectors belong to other chunks")
        return ids, vectors

    def _pending(self) -> Iterator[Block]:
        """Yield the outbox in pages, ids ascending."""
        after = 0
        while True:
            ids, vectors = dense.pending(self._database, self._embedder.dimension, after, _PAGE)
            if not len(ids):
                return
            yield ids, vectors
            after = int(ids[-1])

    def _embedded(self, progress: ProgressSink | None) -> Iterator[Block]:
        """Yield the vectors of all stored chunks, made anew."""
        import numpy as np

        total = self._one("SELECT count(*) FROM chunks")
        done = after = 0

        def told(more: int) -> None:
            if progress is not None:
                progress(Progress("vectors", done + more, total, "chunks"))

        while True:
            rows = self._database.execute(
                f"SELECT chunks.id, files.path, {QUALIFIED_COLUMNS} FROM chunks "
                "JOIN files ON files.id = chunks.file_id WHERE chunks.id > ? ORDER BY chunks.id LIMIT ?",
                (after, _PAGE),
            ).fetchall()
            if not rows:
                return
            texts = [embedding_text(to_chunk(row[1], row[2:])) for row in rows]
            after = rows[-1][0]
            vectors = embed_texts(self._embedder, texts, told=told)
            done += len(rows)
            yield np.asarray([row[0] for row in rows], dtype=np.int64), vectors

    def _one(self, query: str) -> int:
        """Give the number a query counts."""
        return int(self._database.execute(query).fetchone()[0])


def store_present(generation: Path, meta: dict[str, str], place: Place = EMBEDDED) -> bool:
    """Tell, without opening it, whether the vector store the manifest names is there; one without chunks needs none."""
    return places.present(generation, meta.get("vectors", ""), place)
