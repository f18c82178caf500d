"""Writing the rows of files into the tables. Every function here runs inside a transaction of its caller."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from localdev.index.prepare import Prepared
from localdev.index.rows import FileRows, search_words
from localdev.index.schema import FIELDS

_INSERT_WORDS = f"INSERT INTO words (rowid, {', '.join(FIELDS)}) VALUES (?, ?, ?, ?, ?, ?)"
_DELETE_WORDS = f"INSERT INTO words (words, rowid, {', '.join(FIELDS)}) VALUES ('delete', ?, ?, ?, ?, ?, ?)"
# The columns of a `ChunkRow`, in its order.
CHUNK_COLUMNS = "start_line, end_line, language, kind, symbol, signature, doc, members, names, text"
_FILE_COLUMNS = "path, base, stem, size, mtime_ns, ctime_ns, digest, language, lines, line_chunked, chunks, skipped"
# Past this many touched names one pass over all of them is faster than one look-up each.
_RECOUNT_ALL = 20_000


class Writer:
    """Adds and removes files of one database, and keeps the counters of names right.

    `touched` are the names whose counters `recount` must look at again.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._name_ids: dict[str, int] = {}
        self._touched: set[int] = set()

    def add(self, prepared: Prepared, ctime_ns: int) -> list[int]:
        """Store a file that is not there yet, with its rows or the reason it has none; give the ids of its chunks."""
        rows = prepared.rows
        base = prepared.path.rpartition("/")[2]
        key = (prepared.path, base, base.rpartition(".")[0] or base)
        facts = ("", 0, 0, 0) if rows is None else (rows.language, rows.lines, int(rows.line_chunked), len(rows.chunks))
        file_id = self._database.execute(
            f"INSERT INTO files ({_FILE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, prepared.size, prepared.mtime_ns, ctime_ns, prepared.digest, *facts, prepared.skipped),
        ).lastrowid
        if rows is None or file_id is None:
            return []
        ids = self._add_chunks(file_id, rows)
        self._add_symbols(file_id, ids, rows)
        self._add_uses(file_id, rows)
        return ids

    def touch(self, file_id: int, prepared: Prepared, ctime_ns: int) -> None:
        """Remember the new size and times of a file whose content, or reason to skip it, is the same."""
        self._database.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
            (prepared.size, prepared.mtime_ns, ctime_ns, file_id),
        )

    def remove(self, file_id: int) -> None:
        """Take a file and all that came from it out of the tables, and mark its vectors."""
        run = self._database.execute
        (path,) = run("SELECT path FROM files WHERE id = ?", (file_id,)).fetchone()
        chunks = run(f"SELECT id, {CHUNK_COLUMNS} FROM chunks WHERE file_id = ?", (file_id,)).fetchall()
        gone = [(chunk[0], *search_words(path, chunk[1:])) for chunk in chunks]
        self._database.executemany(_DELETE_WORDS, gone)
        ids = [(chunk[0],) for chunk in chunks]
        self._database.executemany("DELETE FROM pending WHERE chunk_id = ?", ids)
        # Also those that were only pending: a flush that was killed may have stored them already.
        self._database.executemany("INSERT OR IGNORE INTO dead (chunk_id) VALUES (?)", ids)
        touched = run(
            "SELECT name_id FROM uses WHERE file_id = ?1 UNION "
            "SELECT names.id FROM symbols JOIN names ON names.name = symbols.name WHERE file_id = ?1",
            (file_id,),
        )
        self._touched.update(name_id for (name_id,) in touched)
        for table in ("uses", "symbols", "chunks"):
            run(f"DELETE FROM {table} WHERE file_id = ?", (file_id,))
        run("DELETE FROM files WHERE id = ?", (file_id,))

    def add_pending(self, ids: Sequence[int], vectors: Iterable[bytes]) -> None:
        """Put float32 vectors into the outbox."""
        self._database.executemany(
            "INSERT INTO pending (chunk_id, vector) VALUES (?, ?)", zip(ids, vectors, strict=True)
        )

    def recount(self, *, everything: bool = False) -> None:
        """Bring the counters of the touched names, or of all, up to date; needs the indexes."""
        if not self._touched and not everything:
            return
        everything = everything or len(self._touched) > _RECOUNT_ALL
        names = None if everything else list(self._touched)
        where, values = (
            ("", ()) if names is None else ("WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(names),))
        )
        self._database.execute(
            "UPDATE names SET users = (SELECT count(*) FROM uses WHERE name_id = names.id), definers = "
            "(SELECT count(DISTINCT file_id) FROM symbols WHERE symbols.name = names.name COLLATE NOCASE "
            f"AND symbols.name = names.name) {where}",
            values,
        )
        self._touched.clear()

    def _add_chunks(self, file_id: int, rows: FileRows) -> list[int]:
        """Store the chunks and their words under fresh ids."""
        last = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'").fetchone()
        first = last[0] + 1 if last else 1
        ids = list(range(first, first + len(rows.chunks)))
        self._database.executemany(
            f"INSERT INTO chunks (id, file_id, {CHUNK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(chunk_id, file_id, *row) for chunk_id, row in zip(ids, rows.chunks, strict=True)],
        )
        self._database.executemany(
            _INSERT_WORDS, [(chunk_id, *fields) for chunk_id, fields in zip(ids, rows.words, strict=True)]
        )
        return ids

    def _add_symbols(self, file_id: int, ids: Sequence[int], rows: FileRows) -> None:
        """Store the definitions and mark their names."""
        name_ids = self._ids_of({row[1] for row in rows.symbols})
        used = {name for name, _ in rows.uses}
        self._database.executemany(
            "INSERT INTO symbols (file_id, chunk_id, name, qualified, kind, start_line, end_line, signature, doc, "
            "parent, name_id, own) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(file_id, ids[row[0]], *row[1:], name_ids[row[1]], row[1] in used) for row in rows.symbols],
        )
        self._touched.update(name_ids.values())

    def _add_uses(self, file_id: int, rows: FileRows) -> None:
        """Store the uses and mark their names."""
        name_ids = self._ids_of({name for name, _ in rows.uses})
        self._database.executemany(
            "INSERT INTO uses (file_id, name_id, places) VALUES (?, ?, ?)",
            sorted((file_id, name_ids[name], places) for name, places in rows.uses),
        )
        self._touched.update(name_ids.values())

    def _ids_of(self, names: set[str]) -> dict[str, int]:
        """Give the ids of names, making those that are new."""
        known = self._name_ids
        missing = sorted(name for name in names if name not in known)
        if missing:
            self._database.executemany("INSERT OR IGNORE INTO names (name) VALUES (?)", ((name,) for name in missing))
            found = self._database.execute(
                "SELECT name, id FROM names WHERE name IN (SELECT value FROM json_each(?))", (json.dumps(missing),)
            )
            known.update(found)
        return {name: known[name] for name in names}


def storable(text: str) -> str:
    """Replace what cannot be written as UTF-8: the halves of characters that stand for bytes in odd file names."""
    return text.encode("utf-8", "replace").decode("utf-8")
