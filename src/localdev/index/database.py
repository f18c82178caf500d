"""Opening the SQLite file of an index, and turning its errors into ours."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from localdev.core.errors import Busy, StorageError
from localdev.core.files import disk_full
from localdev.core.sqlite import BUSY_SECONDS, is_full, primary_code

DATABASE = "index.db"

# Fewer, larger checkpoints: with the default of 1,000 pages a full build syncs to disk dozens of times.
_CHECKPOINT_PAGES = 8000
_CACHE_KIB = 64 * 1024


class Damaged(Exception):
    """The stored index cannot be read as what it should be; it is rebuilt from the sources."""


def open_writer(path: Path) -> sqlite3.Connection:
    """Open for writing, creating the file if need be; the caller holds the writers' lock."""
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    database.execute("PRAGMA secure_delete = OFF")
    database.execute("PRAGMA temp_store = MEMORY")
    return database


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR)
_HINTS = {
    sqlite3.SQLITE_IOERR: "check the disk and its free space, then run the command again",
    sqlite3.SQLITE_READONLY: "make the folder writable, or set LOCALDEV_HOME to one that is",
    sqlite3.SQLITE_CANTOPEN: "make the folder readable and writable, or set LOCALDEV_HOME to one that is",
}


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors in the body into `Damaged`, `Busy` or `StorageError`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = primary_code(error)
        if is_full(error, path):
            raise disk_full(path) from error
        if code in _DAMAGE:
            raise Damaged(str(error)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(f"another process holds {path}", "wait for it to end, then run the command again") from error
        hint = _HINTS.get(code, "run `localdev index --rebuild`")
        raise StorageError(f"cannot use the index {path}: {error}", hint) from error
