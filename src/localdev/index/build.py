"""Making an index from nothing, aside from the one in use, and bringing one up to date in place."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.errors import DiskFull
from localdev.core.ports import Embedder, ProgressSink
from localdev.core.sqlite import open_reader, transaction
from localdev.index import layout, schema
from localdev.index.database import DATABASE, Damaged, open_writer, translated
from localdev.index.outbox import Outbox, store_present
from localdev.index.refresh import Counts, Updater, compare, read_files
from localdev.index.schema import Manifest

if TYPE_CHECKING:
    from localdev.source.walk import Listing

# FTS5 gathers words in memory up to this size before it writes a sorted segment; its own default is 1 MB.
_WORDS_IN_MEMORY = 64 * 1024 * 1024
_WORDS_DEFAULT = 1024 * 1024


def build(
    folder: Path,
    root: Path,
    listing: Listing,
    *,
    manifest: Manifest,
    embedder: Embedder,
    progress: ProgressSink | None = None,
) -> Counts:
    """Build a generation and make it the current one; go on with one that was interrupted. Under the writers' lock.

    Until the last step readers keep what they have; a build that fails on a full disk leaves it untouched, and
    nothing of its own.
    """
    generation = _unfinished(folder, manifest) or layout.new_generation(folder)
    layout.remove_others(folder, generation, also=layout.current(folder))
    try:
        counts = _fill(generation, root, listing, manifest=manifest, embedder=embedder, progress=progress)
    except DiskFull:
        shutil.rmtree(generation, ignore_errors=True)  # it would keep the disk full
        raise
    except Damaged:
        shutil.rmtree(generation, ignore_errors=True)  # whatever was left of an interrupted build is not to be trusted
        generation = layout.new_generation(folder)
        counts = _fill(generation, root, listing, manifest=manifest, embedder=embedder, progress=progress)
    layout.make_current(folder, generation)
    return counts


def update(
    generation: Path,
    root: Path,
    listing: Listing,
    *,
    manifest: Manifest,
    embedder: Embedder,
    progress: ProgressSink | None = None,
) -> Counts:
    """Apply what differs to the current generation, under the writers' lock.

    Its vectors can wait for a store that is away, and a search finds them; `flush` says that it is.

    Raises:
        Damaged: the generation cannot be read; it is to be built anew.
    """
    path = generation / DATABASE
    with translated(path), contextlib.closing(open_writer(path)) as database:
        with Outbox(database, generation, embedder, manifest.place) as outbox:
            updater = Updater(database, outbox, embedder, building=False)
            # Again: another process may have done the work while we waited.
            plan = compare(read_files(database), listing)
            if not plan.empty:
                updater.apply(root, plan, progress)
            if outbox.due() or not store_present(generation, schema.read_meta(database), manifest.place):
                outbox.try_flush(progress)
                outbox.renew_postings(eagerly=False)
        updater.counts.notes.extend(outbox.notes)
    return updater.counts


def flush(
    generation: Path, manifest: Manifest, embedder: Embedder, progress: ProgressSink | None = None
) -> tuple[str, ...]:
    """Bring what waits to Chroma and into the snapshot, under the writers' lock; give what to note."""
    path = generation / DATABASE
    with translated(path), contextlib.closing(open_writer(path)) as database:
        with Outbox(database, generation, embedder, manifest.place) as outbox:
            outbox.flush(progress)
            outbox.renew_postings(eagerly=True)
        return tuple(outbox.notes)


def forget_unfinished(folder: Path) -> None:
    """Remove what interrupted builds left, so that the next one starts from nothing."""
    layout.remove_others(folder, layout.current(folder))


def _unfinished(folder: Path, manifest: Manifest) -> Path | None:
    """Give a generation that an interrupted build left and that fits what is to be built."""
    for generation in layout.generations(folder):
        if generation == layout.current(folder):
            continue
        with contextlib.suppress(sqlite3.Error), contextlib.closing(open_reader(generation / DATABASE)) as database:
            if not schema.unfit_reason(schema.read_meta(database), manifest):
                return generation
    return None


def _fill(
    generation: Path,
    root: Path,
    listing: Listing,
    *,
    manifest: Manifest,
    embedder: Embedder,
    progress: ProgressSink | None,
) -> Counts:
    """Store all files in a generation, with batches committed on the way, and finish it."""
    path = generation / DATABASE
    with translated(path), contextlib.closing(open_writer(path)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            schema.create(database, manifest)
        with Outbox(database, generation, embedder, manifest.place) as outbox:
            _keep_words_in_memory(database, _WORDS_IN_MEMORY)
            updater = Updater(database, outbox, embedder, building=True)
            plan = compare(read_files(database), listing)
            if plan.known:
                updater.counts.notes.append(f"went on where an earlier run stopped, after {len(plan.known)} files")
            updater.apply(root, plan, progress)
            _finish(database, updater)
            outbox.flush(progress)
            outbox.renew_postings(eagerly=True)
            updater.counts.notes.extend(outbox.notes)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return updater.counts


def _finish(database: sqlite3.Connection, updater: Updater) -> None:
    """Make the indexes and what is counted with them."""
    with transaction(database):
        for statement in schema.INDEXES.split(";"):
            database.execute(statement)
        updater.recount()
        database.execute("INSERT INTO words (words) VALUES ('optimize')")
    _keep_words_in_memory(database, _WORDS_DEFAULT)


def _keep_words_in_memory(database: sqlite3.Connection, size: int) -> None:
    """Set FTS5's buffer, in bytes."""
    database.execute("INSERT INTO words (words, rank) VALUES ('hashsize', ?)", (size,))
