"""Bringing an index up to date: compare the listing with what is stored, prepare what differs, store it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.code import RefreshReport, Skipped
from localdev.core.events import Progress
from localdev.core.ports import Embedder, ProgressSink
from localdev.index.embedding import embed_texts
from localdev.index.outbox import Outbox
from localdev.index.pipeline import prepare_all
from localdev.index.prepare import GONE, Prepared
from localdev.index.store import Writer
from localdev.index.worker import Task

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix
    from localdev.source.walk import Listing

# How much source, or how many seconds, go into one transaction: what an interruption can cost, against what each
# commit costs.
COMMIT_BYTES = 4_000_000
COMMIT_SECONDS = 1.0
# A batch whose vectors take longer has a slow embedder: from then on progress counts chunks, and no longer files.
_SLOW_SECONDS = 0.5
# So many of its files are then stored at once: a batch may hold a minute's work, which an interruption would undo.
_SLOW_FILES = 8

# (path, id, size, mtime_ns, digest, chunks, skipped, line_chunked, ctime_ns)
FileRow = tuple[str, int, int, int, str, int, str, int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between the listing and the index; `ctimes` are those of the listing, for the files to read.

    As they are older than the reading, a file that changes in between is read again at the next refresh.
    """

    known: dict[str, FileRow]
    tasks: tuple[Task, ...]
    gone: tuple[FileRow, ...]
    ctimes: dict[str, int]

    @property
    def empty(self) -> bool:
        """Nothing differs."""
        return not self.tasks and not self.gone


@dataclass(slots=True)
class Counts:
    """Files that were added, changed and removed so far."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    notes: list[str] = field(default_factory=list)


def compare(stored: list[FileRow], listing: Listing) -> Plan:
    """Find files to read: new ones and those whose size or times are not the stored ones; and files that are gone.

    The second time catches a file that was replaced by another one of the same size and time, as archives and `cp -p`
    do. It also changes with permissions and links; then the file is read, found to be the same, and that is all.
    """
    known: dict[str, FileRow] = {row[0]: row for row in stored}
    get = known.get
    tasks: list[Task] = []
    ctimes: dict[str, int] = {}
    met = 0
    for file in listing.files:
        row = get(file.path)
        if row is None:
            tasks.append((file.path, file.size, file.mtime_ns, ""))
            ctimes[file.path] = file.ctime_ns
            continue
        met += 1
        if row[2] != file.size or row[3] != file.mtime_ns or row[8] != file.ctime_ns:
            tasks.append((file.path, file.size, file.mtime_ns, row[4]))
            ctimes[file.path] = file.ctime_ns
    gone: tuple[FileRow, ...] = ()
    if met < len(known):
        listed = {file.path for file in listing.files}
        gone = tuple(row for row in known.values() if row[0] not in listed)
    return Plan(known, tuple(tasks), gone, ctimes)


def read_files(database: sqlite3.Connection) -> list[FileRow]:
    """Give what is stored about all files, in one query."""
    return database.execute(
        "SELECT path, id, size, mtime_ns, digest, chunks, skipped, line_chunked, ctime_ns FROM files"
    ).fetchall()


def report(files: list[FileRow], listing: Listing, counts: Counts, seconds: float, rebuilt: str = "") -> RefreshReport:
    """Say what the index holds now and what was done."""
    skipped = [Skipped(row[0], row[6]) for row in files if row[6]]
    return RefreshReport(
        files=len(files) - len(skipped),
        chunks=sum(row[5] for row in files),
        added=counts.added,
        changed=counts.changed,
        removed=counts.removed,
        skipped=tuple(sorted([*skipped, *listing.skipped], key=lambda item: item.path)) if skipped else listing.skipped,
        line_chunked=tuple(sorted(row[0] for row in files if row[7])),
        seconds=seconds,
        rebuilt=rebuilt,
        notes=(*listing.notices, *counts.notes),
    )


class Updater:
    """Applies a plan to one database; the caller holds the writers' lock.

    With `building` the indexes are not there yet, so that counters wait until `schema.INDEXES` are made.
    """

    def __init__(self, database: sqlite3.Connection, outbox: Outbox, embedder: Embedder, *, building: bool) -> None:
        self.counts = Counts()
        self._database = database
        self._outbox = outbox
        self._embedder = embedder
        self._building = building
        self._writer = Writer(database)
        self._uncommitted = 0
        self._begun = 0.0
        self._slow = False
        self._read = self._to_read = self._vectors = 0  # bytes of source, bytes of all there is to read, chunks

    def apply(self, root: Path, plan: Plan, progress: ProgressSink | None) -> None:
        """Store all that differs. Interrupted, it leaves whole files behind, and the next refresh goes on there.

        A build that goes on counts what is stored already as done.
        """
        new = sum(task[0] not in plan.known for task in plan.tasks)
        total = len(plan.known) - len(plan.gone) + new if self._building else len(plan.tasks)
        done = total - len(plan.tasks)
        self._to_read = sum(task[1] for task in plan.tasks)
        self._begin()
        try:
            for row in plan.gone:
                self._remove(row)
            for batch in self._parts(prepare_all(root, plan.tasks)):
                self._store(batch, plan, progress)
                done += len(batch)
                if self._uncommitted >= COMMIT_BYTES or time.monotonic() - self._begun >= COMMIT_SECONDS:
                    self._commit()
                    if self._outbox.due():
                        flush = self._outbox.flush if self._building else self._outbox.try_flush
                        flush()
                    self._begin()
                if progress is not None and not self._slow:
                    progress(Progress("parsing", done, total))
            self._commit()
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def recount(self) -> None:
        """Count the names that were met while building; needs the indexes."""
        self._writer.recount(everything=True)

    def _parts(self, batches: Iterable[list[Prepared]]) -> Iterator[list[Prepared]]:
        """Yield the batches, in smaller ones once the embedder has shown to be slow."""
        for batch in batches:
            step = _SLOW_FILES if self._slow else len(batch)
            for start in range(0, len(batch), max(1, step)):
                yield batch[start : start + step]

    def _store(self, batch: list[Prepared], plan: Plan, progress: ProgressSink | None) -> None:
        """Store one batch of prepared files and the vectors of their chunks."""
        ids: list[int] = []
        texts: list[str] = []
        for prepared in batch:
            added = self._store_file(prepared, plan.known.get(prepared.path), plan.ctimes[prepared.path])
            ids.extend(added)
            if prepared.rows is not None:
                texts.extend(prepared.rows.texts)
            self._uncommitted += prepared.size
            self._read += prepared.size
        if ids:
            vectors = self._embed(texts, progress)
            self._writer.add_pending(ids, (vector.tobytes() for vector in vectors))

    def _embed(self, texts: list[str], progress: ProgressSink | None) -> FloatMatrix:
        """Give the vectors of a batch; where that takes long, say how many chunks are done.

        How many there will be is not known before every file is parsed; it is estimated from the bytes read so far.
        """
        begun = time.monotonic()
        expected = (self._vectors + len(texts)) * max(1.0, self._to_read / max(1, self._read))

        def told(done: int) -> None:
            self._slow = self._slow or time.monotonic() - begun > _SLOW_SECONDS
            if self._slow and progress is not None:
                progress(Progress("embedding", self._vectors + done, round(expected), "chunks"))

        vectors = embed_texts(self._embedder, texts, told=told)
        self._vectors += len(texts)
        return vectors

    def _store_file(self, prepared: Prepared, row: FileRow | None, ctime_ns: int) -> list[int]:
        """Store one file; give the ids of its new chunks."""
        if prepared.skipped == GONE:
            if row is not None:
                self._remove(row)
            return []
        if row is not None:
            if prepared.rows is None and (prepared.digest, prepared.skipped) == (row[4], row[6]):
                if (prepared.size, prepared.mtime_ns, ctime_ns) != (row[2], row[3], row[8]):
                    self._writer.touch(row[1], prepared, ctime_ns)
                return []
            self._writer.remove(row[1])
        self._count(row is not None and not row[6], not prepared.skipped)
        return self._writer.add(prepared, ctime_ns)

    def _remove(self, row: FileRow) -> None:
        """Take a file out."""
        self._writer.remove(row[1])
        self._count(not row[6], False)

    def _count(self, before: bool, after: bool) -> None:
        """Count a file by whether it was indexed before and is now."""
        self.counts.added += after and not before
        self.counts.changed += after and before
        self.counts.removed += before and not after

    def _begin(self) -> None:
        """Start a transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        self._uncommitted = 0
        self._begun = time.monotonic()

    def _commit(self) -> None:
        """End the transaction; from here on what it holds survives anything."""
        if not self._building:
            self._writer.recount()
        self._database.execute("COMMIT")
