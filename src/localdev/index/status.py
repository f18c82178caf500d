"""What an index holds, read without opening anything heavy."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from localdev.core.files import disk_full
from localdev.core.sqlite import is_full, open_reader
from localdev.index import layout, schema
from localdev.index.database import DATABASE


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Facts about one index.

    `state` is `missing`, `ready`, `unfinished` (a first build was interrupted), `newer` or `damaged`. `skipped` counts
    what the last look at the files left out as well as what was read and not taken, as a refresh does. `bytes` is its
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
    """Read the facts of the index in `folder`, checking every page; it is neither created nor refreshed.

    Raises:
        DiskFull: it cannot be read without room on the disk.
    """
    generation = layout.current(folder)
    if generation is None:
        state = "unfinished" if layout.generations(folder) else "missing"
        return IndexStatus(folder, state, bytes=layout.folder_size(folder))
    try:
        with contextlib.closing(open_reader(generation / DATABASE)) as database:
            meta = schema.read_meta(database)
            if schema.is_newer(meta):
                return IndexStatus(folder, "newer", root=meta.get("root", ""), bytes=layout.folder_size(folder))
            if not layout.is_marked_damaged(generation) and _sound(database):
                return _read(folder, generation, database, meta=meta)
    except sqlite3.Error as error:
        if is_full(error, generation):
            raise disk_full(generation / DATABASE) from error
    return IndexStatus(folder, "damaged", bytes=layout.folder_size(folder))


def _sound(database: sqlite3.Connection) -> bool:
    """Look through the whole database for damage: 10 ms for a megabyte."""
    return not schema.missing_tables(database) and database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)


def _left_out(root: Path) -> int:
    """Count what is skipped by name or size: it is never stored, so the folder is listed again."""
    from localdev.source.walk import list_files

    return len(list_files(root).skipped) if root.is_dir() else 0


def _read(folder: Path, generation: Path, database: sqlite3.Connection, *, meta: dict[str, str]) -> IndexStatus:
    """Read the facts from an open index."""
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
        skipped=skipped + _left_out(Path(meta.get("root", ""))),
        line_chunked=line_chunked,
        bytes=layout.folder_size(folder),
        pending=pending,
        embedder=meta.get("embedder", ""),
        dimension=int(meta.get("dimension", "0")),
        refreshed=max(written),
        versions=tuple((key, meta.get(key, "")) for key in ("schema", "rows", "words", "parser")),
    )
