"""Reading stored chunks and paths back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from localdev.core.code import Chunk
from localdev.core.search import IndexedChunk
from localdev.index.graph import reference_files
from localdev.index.store import CHUNK_COLUMNS, storable

# `language` is a column of files too.
QUALIFIED_COLUMNS = ", ".join(f"chunks.{column}" for column in CHUNK_COLUMNS.split(", "))


def to_chunk(path: str, row: Sequence[object]) -> Chunk:
    """Build a chunk from its path and its stored row."""
    start, end, language, kind, symbol, signature, doc, members, _, text = row
    parts = tuple(str(members).split("\n")) if members else ()
    return Chunk(path, start, end, language, kind, text, symbol, signature, doc, parts)  # type: ignore[arg-type]


def chunks(database: sqlite3.Connection, ids: Sequence[int]) -> dict[int, IndexedChunk]:
    """Give stored chunks by id, in the order asked for; ids that are gone are left out."""
    rows = database.execute(
        f"SELECT chunks.id, files.path, {QUALIFIED_COLUMNS} FROM chunks JOIN files ON files.id = chunks.file_id "
        "WHERE chunks.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    found = {row[0]: to_chunk(row[1], row[2:]) for row in rows}
    counts = reference_files(database, list(found))
    return {
        chunk_id: IndexedChunk(chunk_id, found[chunk_id], counts.get(chunk_id, 0))
        for chunk_id in ids
        if chunk_id in found
    }


def chunk_ids(database: sqlite3.Connection, path: str, start_line: int, end_line: int) -> list[int]:
    """Give the ids of the chunks of a file that overlap the lines, in order of lines."""
    rows = database.execute(
        "SELECT chunks.id FROM chunks JOIN files ON files.id = chunks.file_id "
        "WHERE files.path = ? AND start_line <= ? AND end_line >= ? ORDER BY start_line",
        (storable(path), end_line, start_line),
    )
    return [chunk_id for (chunk_id,) in rows]


def paths(database: sqlite3.Connection) -> list[str]:
    """Give the indexed paths, sorted."""
    return [path for (path,) in database.execute("SELECT path FROM files WHERE skipped = '' ORDER BY path")]


def with_paths(database: sqlite3.Connection, scored: Sequence[tuple[int, float]]) -> list[tuple[str, float]]:
    """Give paths in place of files' ids, in the same order; files that are gone are left out."""
    ids = json.dumps([file_id for file_id, _ in scored])
    found = dict(database.execute("SELECT id, path FROM files WHERE id IN (SELECT value FROM json_each(?))", (ids,)))
    return [(found[file_id], score) for file_id, score in scored if file_id in found]
