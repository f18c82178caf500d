"""What an index holds, read without opening anything heavy."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from localdev.index import layout, schema
from localdev.index.database import DATABASE, open_reader


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Facts about one index.

    `state` is `missing`, `ready`, `unfinished` (a first build was interrupted), `newer` or `damaged`. `bytes` is its
    size on disk, `pending` the number of vectors that Chroma has not got yet, `refreshed` the time of the last change
    to it in seconds since 1970 (0 when there is none), `versions` what it was made with.
    """

    folder: Path
    state: str
    root: str = ""
    files: int = 0
    chunks: int = 0
    symbols: int = 0
    skipped: int = 0
    line_chunked: int = 0
    bytes: int = 0
    pending: int = 0
    embedder: str = ""
    dimension: int = 0
    refreshed: float = 0.0
    versions: tuple[tuple[str, str], ...] = ()


def status(folder: Path) -> IndexStatus:
    """Read the facts of the index in `folder`; it is neither created nor refreshed."""
    generation = layout.current(folder)
    if generation is None:
        state = "unfinished" if layout.generations(folder) else "missing"
        return IndexStatus(folder, state, bytes=layout.folder_size(folder))
    try:
        with contextlib.closing(open_reader(generation / DATABASE)) as database:
            return _read(folder, generation, database)
    except sqlite3.Error:
        return IndexStatus(folder, "damaged", bytes=layout.folder_size(folder))


def _read(folder: Path, generation: Path, database: sqlite3.Connection) -> IndexStatus:
    """Read the facts from an open index."""
    meta = schema.read_meta(database)
    if schema.is_newer(meta):
        return IndexStatus(folder, "newer", root=meta.get("root", ""), bytes=layout.folder_size(folder))
    files, skipped, chunks, line_chunked = database.execute(
        "SELECT count(*), coalesce(sum(skipped != ''), 0), coalesce(sum(chunks), 0), coalesce(sum(line_chunked), 0) "
        "FROM files"
    ).fetchone()
    (symbols,) = database.execute("SELECT count(*) FROM symbols").fetchone()
    (pending,) = database.execute("SELECT count(*) FROM pending").fetchone()
    written = [
        path.stat().st_mtime for path in (generation / DATABASE, generation / f"{DATABASE}-wal") if path.exists()
    ]
    return IndexStatus(
        folder,
        "ready",
        root=meta.get("root", ""),
        files=files - skipped,
        chunks=chunks,
        symbols=symbols,
        skipped=skipped,
        line_chunked=line_chunked,
        bytes=layout.folder_size(folder),
        pending=pending,
        embedder=meta.get("embedder", ""),
        dimension=int(meta.get("dimension", "0")),
        refreshed=max(written),
        versions=tuple((key, meta.get(key, "")) for key in ("schema", "rows", "words", "parser")),
    )
