"""Opening the SQLite file of an index, and turning its errors into ours."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from localdev.core.errors import Busy, StorageError
from localdev.core.files import disk_full

DATABASE = "index.db"

_BUSY_SECONDS = 30.0
# Fewer, larger checkpoints: with the default of 1,000 pages a full build syncs to disk dozens of times.
_CHECKPOINT_PAGES = 8000
_CACHE_KIB = 64 * 1024
# Where less is free, an input or output error of SQLite is that of a full disk: it does not say which one it was. What
# it makes beside a database to read it takes 32 KiB.
_LITTLE_ROOM = 256 * 1024


class Frozen(sqlite3.Connection):
    """A connection to a database that nobody can write at the moment; it sees no changes, so it is not to be kept."""


class Damaged(Exception):
    """The stored index cannot be read as what it should be; it is rebuilt from the sources."""


def open_reader(path: Path) -> sqlite3.Connection:
    """Open for reading; never creates. The connection may be used from any thread, by one at a time."""
    log = path.with_name(f"{path.name}-wal")
    # Where nothing can be written nobody else writes either, and SQLite needs no files of its own beside the database.
    if path.exists() and not os.access(path.parent, os.W_OK) and not log.exists():
        return _connected(path, frozen=True)
    database = _connected(path)
    try:
        database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error as error:
        if is_full(error, path):
            database.close()
            if not log.exists() or not log.stat().st_size:
                return _connected(path, frozen=True)
            raise disk_full(path) from error
        # Whoever reads from it meets the same error.
    return database


def _connected(path: Path, *, frozen: bool = False) -> sqlite3.Connection:
    """Connect for reading; a frozen connection needs no further files."""
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?{'mode=ro&immutable=1' if frozen else 'mode=rw'}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Frozen if frozen else sqlite3.Connection,
    )
    database.execute("PRAGMA query_only = ON")
    return database


def open_writer(path: Path) -> sqlite3.Connection:
    """Open for writing, creating the file if need be; the caller holds the writers' lock."""
    database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    database.execute("PRAGMA secure_delete = OFF")
    database.execute("PRAGMA temp_store = MEMORY")
    return database


def is_full(error: BaseException, path: Path) -> bool:
    """Say whether an error is one of a disk without room for `path`, and nothing is wrong with what is stored."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code != sqlite3.SQLITE_IOERR:
        return bool(code == sqlite3.SQLITE_FULL)
    try:
        return shutil.disk_usage(path.parent).free < _LITTLE_ROOM
    except OSError:
        return False


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Run the body in one write transaction: all of it is stored, or nothing after any exception, Ctrl-C included."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


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
        # The low byte is the primary code; above it SQLite tells details such as which system call failed.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if is_full(error, path):
            raise disk_full(path) from error
        if code in _DAMAGE:
            raise Damaged(str(error)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(f"another process holds {path}", "wait for it to end, then run the command again") from error
        hint = _HINTS.get(code, "run `localdev index --rebuild`")
        raise StorageError(f"cannot use the index {path}: {error}", hint) from error
