"""An open, indexed repository: the port that retrieval and the jobs ask, over the files of one index."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from localdev.core.code import RefreshReport, Symbol
from localdev.core.errors import DiskFull, StorageError
from localdev.core.files import disk_full
from localdev.core.ports import Embedder, ProgressSink
from localdev.core.search import Candidate, IndexedChunk, SearchFilter
from localdev.core.sqlite import Frozen, is_full, open_reader
from localdev.index import build, graph, layout, lexical, neighbours, schema, stored
from localdev.index.database import DATABASE, Damaged, translated
from localdev.index.embedding import embed_texts
from localdev.index.layout import index_folder, wipe
from localdev.index.outbox import store_present
from localdev.index.places import EMBEDDED, Place
from localdev.index.refresh import Counts, FileRow, compare, read_files, report
from localdev.index.schema import Manifest
from localdev.index.status import status
from localdev.index.views import Views

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from localdev.core.ports import IdVector
    from localdev.index.file_vectors import FileVectors
    from localdev.source.walk import Listing

_View = TypeVar("_View")
_Found = TypeVar("_Found")

__all__ = ["IndexedRepository", "index_folder", "open_repository", "status", "wipe"]

_OLDER = "the index cannot be written; answers may be older than the files"
_FULL = "the disk is full: the index was not refreshed, and answers may be older than the files"
_AGAIN = "run the command again: the index is built anew from the files"
_REBUILD = "run `localdev index --rebuild`"


def open_repository(
    root: Path,
    folder: Path,
    embedder: Embedder,
    *,
    place: Place = EMBEDDED,
    on_notice: Callable[[str], None] | None = None,
) -> IndexedRepository:
    """Open the index in `folder` for the files under `root`; cheap, and nothing is created before the first refresh.

    `place` is where vectors are kept. `on_notice` gets sentences for the user, such as that another process is waited
    for.
    """
    return IndexedRepository(root, folder, embedder, place=place, on_notice=on_notice)


class IndexedRepository:
    """Answers from the stored index. Safe to use from several threads; each answer is of one moment."""

    def __init__(
        self,
        root: Path,
        folder: Path,
        embedder: Embedder,
        *,
        place: Place = EMBEDDED,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        from localdev.source.parse import PARSER_VERSION

        self._root = root.resolve()
        self._folder = folder
        self._embedder = embedder
        self._on_notice = on_notice
        made_of = (schema.root_identity(root), embedder.name, embedder.dimension, PARSER_VERSION)
        self._manifest = Manifest(*made_of, place=place)
        self._reading = threading.RLock()
        self._refreshing = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._generation: Path | None = None
        self._database: sqlite3.Connection | None = None
        self._unfit = ""
        self._newer = False
        self._views: Views | None = None
        self._served = False
        self._asked: tuple[str, npt.NDArray[np.float32]] | None = None

    @property
    def root(self) -> Path:
        """The folder whose files are indexed."""
        return self._root

    def __enter__(self) -> IndexedRepository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files; a later call opens them again."""
        with self._reading:
            if self._database is not None:
                self._database.close()
            self._database = self._generation = self._stamp = self._views = None
            self._unfit, self._newer = "", False

    def refresh(
        self, progress: ProgressSink | None = None, *, rebuild: bool = False, needed: bool = False
    ) -> RefreshReport:
        """Bring the index up to date with the files on disk.

        An index that is missing, damaged or made with other versions is built from the sources; so with `rebuild`.
        On a full disk it stays as it is and the report says so, unless the change is `needed`.

        Raises:
            DiskFull: there is no room, and no index to go on with, or `needed` or `rebuild` is given.
            StorageError: a newer program made the index and `rebuild` is not given.
        """
        from localdev.source.walk import list_files, start_listing

        started = time.perf_counter()
        with self._refreshing:
            self._thaw()
            listed = start_listing(self._root)  # git works while the manifest is read
            stored = None if rebuild else self._stored_files()
            listing = listed()
            if stored is not None and compare(stored, listing).empty:
                return report(stored, listing, Counts(), time.perf_counter() - started)
            if stored is not None and not self._writable():
                return report(stored, listing, Counts(notes=[_OLDER]), time.perf_counter() - started)
            try:
                with layout.writing(self._folder, self._on_notice, progress) as waited:
                    if waited:
                        listing = list_files(self._root)  # the other may have seen files that were not there before
                    with self._undamaged():
                        counts, reason = self._write(listing, progress, rebuild=rebuild)
                self._thaw()
            except DiskFull:
                if stored is None or needed:
                    raise
                counts, reason = Counts(notes=[_FULL]), ""
            with self._answering() as fresh:
                files = [] if fresh is None else read_files(fresh)
            return report(files, listing, counts, time.perf_counter() - started, reason)

    def flush(self, progress: ProgressSink | None = None) -> tuple[str, ...]:
        """Bring what waits to Chroma and into the snapshot, as `localdev index` does at its end; give what to note."""
        if not self._writable():
            return (_OLDER,)
        with self._refreshing, layout.writing(self._folder, self._on_notice, progress):
            with self._reading:
                generation = None if self._open() is None else self._generation
            if generation is None:
                return ()
            with self._undamaged():
                return build.flush(generation, self._manifest, self._embedder, progress)

    def lexical(
        self, terms: Sequence[str], weights: Sequence[float], limit: int, *, where: SearchFilter | None = None
    ) -> list[Candidate]:
        """Rank chunks by BM25 over the fields (path, symbol, signature, doc, body), weighted in that order.

        Raises:
            ValueError: there is not one weight per field.
        """
        if len(weights) != len(schema.FIELDS):
            raise ValueError(f"{len(schema.FIELDS)} weights are needed, one per field of {schema.FIELDS}")
        with self._answering() as database:
            if database is None:
                return []
            views = self._viewed(database)
            view = views.words()
            found = None if view is None else view.search(terms, weights, limit, allowed=views.allowed(where))
            return lexical.search(database, terms, weights, limit, where=where) if found is None else found

    def dense(self, text: str, limit: int, *, where: SearchFilter | None = None) -> list[Candidate]:
        """Rank chunks by the cosine of their vectors with that of `text`."""
        vector = self._vector(text)
        return self._nearest(Views.vectors, lambda _, view, allowed: view.rank(vector, limit, allowed=allowed), where)

    def dense_files(self, text: str, limit: int, *, where: SearchFilter | None = None) -> list[tuple[str, float]]:
        """Rank paths by the cosine of the sum of their chunks' vectors with that of `text`."""
        vector = self._vector(text)

        def ranked(
            database: sqlite3.Connection, view: FileVectors, allowed: IdVector | None
        ) -> list[tuple[str, float]]:
            return stored.with_paths(database, view.rank(vector, limit, allowed=allowed))

        return self._nearest(Views.files, ranked, where)

    def _vector(self, text: str) -> npt.NDArray[np.float32]:
        """Embed a query; the last one is kept, because chunks and files are asked for one after the other."""
        known = self._asked
        if known is None or known[0] != text:
            (vector,) = embed_texts(self._embedder, [text])
            self._asked = known = (text, vector)
        return known[1]

    def _nearest(
        self,
        look: Callable[[Views], _View | None],
        rank: Callable[[sqlite3.Connection, _View, IdVector | None], list[_Found]],
        where: SearchFilter | None,
    ) -> list[_Found]:
        """Rank over a view of the vectors, which are written again when their snapshot is missing or torn."""
        for _ in range(3):
            with self._answering() as database:
                if database is None:
                    return []
                view = look(self._viewed(database))
                if view is not None:
                    return rank(database, view, self._viewed(database).allowed(where))
            self.flush()  # the snapshot is missing or torn: Chroma has the vectors, and the snapshot is written again
        raise StorageError(f"the vectors in {self._folder} cannot be read", _REBUILD)

    def chunks(self, ids: Sequence[int]) -> dict[int, IndexedChunk]:
        """Give stored chunks by id; ids that are gone are left out."""
        with self._answering() as database:
            return {} if database is None else stored.chunks(database, ids)

    def chunk_ids(self, path: str, start_line: int = 1, end_line: int = 2**31) -> list[int]:
        """Give ids of the chunks of `path` that overlap the lines, in order of lines."""
        with self._answering() as database:
            return [] if database is None else stored.chunk_ids(database, path, start_line, end_line)

    def symbols_named(self, names: Sequence[str], *, ignore_case: bool = False) -> list[tuple[int, Symbol]]:
        """Give (chunk id, definition) for definitions whose plain or qualified name is one of `names`."""
        with self._answering() as database:
            return [] if database is None else graph.symbols_named(database, names, ignore_case=ignore_case)

    def defined_names(self, near: str = "") -> list[str]:
        """Give the plain names of all definitions, or those that `near` may be a slip of, in no order."""
        with self._answering() as database:
            return [] if database is None else graph.defined_names(database, near)

    def callers(self, name: str, limit: int, *, path: str = "") -> list[tuple[str, int, str]]:
        """Give (path, line, enclosing symbol) of uses of `name` (as defined in `path`) outside it, calls first."""
        with self._answering() as database:
            return [] if database is None else neighbours.callers(database, name, limit, path=path)

    def callees(self, chunk_id: int, limit: int) -> list[Symbol]:
        """Give definitions in this repository that the chunk calls or refers to, most specific names first."""
        with self._answering() as database:
            return [] if database is None else neighbours.callees(database, chunk_id, limit)

    def symbols(self, path_prefix: str = "") -> list[tuple[Symbol, int]]:
        """Give (definition, number of other files that refer to its name) under a path, in file and line order."""
        with self._answering() as database:
            return [] if database is None else graph.symbols_under(database, path_prefix)

    def paths(self) -> list[str]:
        """Give the indexed paths, sorted."""
        with self._answering() as database:
            return [] if database is None else stored.paths(database)

    def known_names(self, names: Sequence[str]) -> set[str]:
        """Give the subset of `names` that occur in the index as a definition, reference, path or file name."""
        with self._answering() as database:
            return set() if database is None else graph.known_names(database, names)

    @contextlib.contextmanager
    def _answering(self) -> Iterator[sqlite3.Connection | None]:
        """Hold the reading connection in one read transaction; None when there is no usable index yet.

        Raises:
            StorageError: the index is damaged, or a newer program made it.
        """
        with self._reading:
            database = self._open()
            if database is None:
                if self._served:
                    why = self._unfit or "its files are gone"
                    raise StorageError(f"the index in {self._folder} was taken away while it was open: {why}", _AGAIN)
                yield None
                return
            self._served = True
            with self._undamaged(), self._marking(), translated(self._folder):
                database.execute("BEGIN")
                try:
                    yield database
                finally:
                    database.execute("COMMIT")

    @contextlib.contextmanager
    def _marking(self) -> Iterator[None]:
        """Remember damage that reading meets, so that the next refresh mends it and `status` tells of it."""
        try:
            yield
        except Damaged:
            if self._generation is not None:
                layout.mark_damaged(self._generation)
            raise

    @contextlib.contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Say that the index is damaged, and what to do, where nothing here can mend it."""
        try:
            yield
        except Damaged as error:
            raise StorageError(f"the index in {self._folder} is damaged: {error}", _REBUILD) from error

    def _thaw(self) -> None:
        """Let go of a connection that sees no changes."""
        with self._reading:
            if isinstance(self._database, Frozen):
                self.close()

    def _open(self, *, rebuild: bool = False) -> sqlite3.Connection | None:
        """Give a connection to the current generation, opening the new one when it was replaced; None when unusable."""
        stamp = _stamp(self._folder)
        if stamp != self._stamp:
            self.close()
            self._generation = layout.current(self._folder)
            self._database = None if self._generation is None else self._open_generation(self._generation)
            self._stamp = stamp
        if self._newer and not rebuild:
            raise StorageError(f"a newer localdev made the index in {self._folder}", f"update localdev, or {_REBUILD}")
        return self._database

    def _open_generation(self, generation: Path) -> sqlite3.Connection | None:
        """Open a generation if its manifest fits; remember why when not."""
        try:
            database = open_reader(generation / DATABASE)
            meta = schema.read_meta(database)
            missing = schema.missing_tables(database)
        except sqlite3.Error as error:
            if is_full(error, generation):
                raise disk_full(generation / DATABASE) from error
            self._unfit = f"it is damaged: {error}"
            return None
        self._newer = schema.is_newer(meta)
        self._unfit = schema.unfit_reason(meta, self._manifest)
        if not self._unfit and (missing or layout.is_marked_damaged(generation)):
            self._unfit = f"it is damaged: {f'it has no table {missing[0]}' if missing else 'reading it failed'}"
        if self._unfit:
            database.close()
            return None
        return database

    def _writable(self) -> bool:
        """Say whether the index in use may be changed; one that is not there yet is for the writer to find out."""
        generation = layout.current(self._folder)
        return generation is None or layout.writable(self._folder, generation)

    def _stored_files(self) -> list[FileRow] | None:
        """Give the files of the index; None when there is none, or a damaged one."""
        try:
            with self._reading, translated(self._folder):
                database = self._open()
                if database is None or self._generation is None:
                    return None
                meta = schema.read_meta(database)
                present = store_present(self._generation, meta, self._manifest.place)
                return read_files(database) if present else None
        except Damaged:
            return None

    def _write(self, listing: Listing, progress: ProgressSink | None, *, rebuild: bool) -> tuple[Counts, str]:
        """Update or build, under the writers' lock; give what was done and why it was built, if it was."""
        with self._reading:
            usable = self._open(rebuild=rebuild) is not None
            generation, reason = self._generation, self._unfit
        if rebuild:
            build.forget_unfinished(self._folder)
            reason = "a rebuild was asked for"
        elif usable and generation is not None:
            try:
                counts = build.update(
                    generation,
                    self._root,
                    listing,
                    manifest=self._manifest,
                    embedder=self._embedder,
                    progress=progress,
                )
                return counts, ""
            except Damaged as error:
                reason = f"it is damaged: {error}"
        if reason and not rebuild and self._on_notice is not None:
            self._on_notice(f"the index is built anew: {reason}")
        counts = build.build(
            self._folder, self._root, listing, manifest=self._manifest, embedder=self._embedder, progress=progress
        )
        return counts, reason

    def _viewed(self, database: sqlite3.Connection) -> Views:
        """Give the mapped files, as of the transaction `database` is in."""
        if self._views is None:
            assert self._generation is not None
            self._views = Views(self._generation, self._embedder.dimension)
        self._views.follow(database)
        return self._views


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Give what changes whenever another generation becomes current."""
    try:
        facts = os.stat(folder / "CURRENT")
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino
