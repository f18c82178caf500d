"""What every SQLite file of localdev needs: opening one to read wherever it lies, whole transactions, full disks."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from localdev.core.files import disk_full

BUSY_SECONDS = 30.0
# Where less is free, an input or output error of SQLite is that of a full disk: it does not say which one it was. What
# it makes beside a database to read it takes 32 KiB.
_LITTLE_ROOM = 256 * 1024


class Frozen(sqlite3.Connection):
    """A connection to a database that nobody can write at the moment; it sees no changes, so it is not to be kept."""


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
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Frozen if frozen else sqlite3.Connection,
    )
    database.execute("PRAGMA query_only = ON")
    return database


def is_full(error: BaseException, path: Path) -> bool:
    """Say whether an error is one of a disk without room for `path`, and nothing is wrong with what is stored."""
    code = primary_code(error)
    if code != sqlite3.SQLITE_IOERR:
        return bool(code == sqlite3.SQLITE_FULL)
    try:
        return shutil.disk_usage(path.parent).free < _LITTLE_ROOM
    except OSError:
        return False


def primary_code(error: BaseException) -> int:
    """Give SQLite's code of an error without the details above its low byte, such as which system call failed."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


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
