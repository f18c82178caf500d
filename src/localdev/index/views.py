"""The mapped files of one generation, kept level with its tables for as long as a process searches it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.search import SearchFilter
from localdev.index import dense, filters, postings, schema
from localdev.index.dense import VectorView
from localdev.index.file_vectors import FileVectors
from localdev.index.postings import PostingsView
from localdev.index.postings_file import PostingsMark
from localdev.index.snapshot import SnapshotMark

if TYPE_CHECKING:
    from localdev.core.ports import IdVector


class Views:
    """The views over vectors and words; each is made when it is first asked for after something was written."""

    def __init__(self, generation: Path, dimension: int) -> None:
        self._generation = generation
        self._dimension = dimension
        self._version = -1
        self._database: sqlite3.Connection | None = None
        self._vectors: tuple[int, SnapshotMark, VectorView] | None = None
        self._files: tuple[int, FileVectors] | None = None
        self._words: tuple[int, PostingsMark, PostingsView | None] | None = None
        self._allowed: tuple[int, SearchFilter, IdVector | None] | None = None

    def follow(self, database: sqlite3.Connection) -> None:
        """Look through this connection from now on, as of the transaction it is in."""
        self._database = database
        (self._version,) = database.execute("PRAGMA data_version").fetchone()

    def vectors(self) -> VectorView | None:
        """Give all live vectors; None when the snapshot cannot be used."""
        assert self._database is not None
        known = self._vectors
        if known is None or known[0] != self._version:
            mark = SnapshotMark.from_meta(schema.read_meta(self._database))
            base = known[2].base if known is not None and known[1] == mark else None
            view = dense.load_view(self._database, self._generation, mark, dimension=self._dimension, base=base)
            self._vectors = None if view is None else (self._version, mark, view)
        return None if self._vectors is None else self._vectors[2]

    def files(self) -> FileVectors | None:
        """Give the files' vectors; None when the snapshot cannot be used."""
        assert self._database is not None
        view = self.vectors()
        if view is None:
            return None
        if self._files is None or self._files[0] != self._version:
            before = None if self._files is None else self._files[1]
            self._files = (self._version, FileVectors(self._database, view, before))
        return self._files[1]

    def words(self) -> PostingsView | None:
        """Give the postings; None when there are none, or none that can be used."""
        assert self._database is not None
        known = self._words
        if known is None or known[0] != self._version:
            mark = PostingsMark.from_meta(schema.read_meta(self._database))
            if known is not None and known[1] == mark:
                view = known[2]
                if view is not None:
                    view.follow(self._database)
            else:
                view = postings.load_view(self._database, self._generation, mark)
            self._words = known = (self._version, mark, view)
        return known[2]

    def allowed(self, where: SearchFilter | None) -> IdVector | None:
        """Give the ids of the chunks that pass the filter, ascending; None when all do.

        The last ones are kept, because each list of a search asks for the same: 70 ms for 200,000 chunks.
        """
        assert self._database is not None
        if where is None:
            return None
        known = self._allowed
        if known is None or known[:2] != (self._version, where):
            self._allowed = known = (self._version, where, filters.allowed_ids(self._database, where))
        return known[2]
