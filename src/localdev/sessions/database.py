"""The file of the chat sessions: opened, brought to the present form, and its errors turned into ours."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from localdev.core.errors import Busy, StorageError
from localdev.core.files import disk_full, locked, storage_error
from localdev.core.folders import ensure
from localdev.core.sqlite import BUSY_SECONDS, is_full, open_reader, primary_code, transaction
from localdev.sessions import schema

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_WRITABLE = "make the folder writable, or set LOCALDEV_HOME to one that is"


class Database:
    """One writing connection that is kept, and one to read with for each time: readers wait for nobody.

    May be used from any thread. Nothing is made before the first write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Give a connection to read with, for this time alone; None where nothing was stored yet.

        Raises:
            StorageError: the file is damaged, was written by a newer version, or cannot be read.
            Busy: another process holds it all the time.
        """
        with self._translated():
            database = self._reader()
            if database is None:
                yield None
                return
            with contextlib.closing(database):
                yield database

    @contextlib.contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """Run the body in one transaction. A `lasting` one is on the disk when it ends, power cut or not.

        Raises:
            StorageError: as `reading`; or it cannot be written.
            DiskFull: there is no room; what was stored before is as it was.
            Busy: another process writes all the time.
        """
        with self._lock, self._translated(), self._usable():
            database = self._opened()
            # What is not lasting survives the end of this process in any way, but maybe not that of the machine.
            database.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            with transaction(database):
                yield database

    def tidy(self) -> None:
        """Take what was deleted off the disk too: out of the index of words, the free pages and the log."""
        with self._lock, self._translated(), self._usable():
            database = self._opened()
            for table in ("turn_words", "title_words"):
                database.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
            database.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page and stop
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Let go of the file; a later call opens it again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        """Let go of a connection that has met an error: it would report that of a full disk once more with room."""
        try:
            yield
        except sqlite3.Error:
            self.close()
            raise

    def _opened(self) -> sqlite3.Connection:
        """Give the writing connection, made and brought to the present form when there is none."""
        if self._writer is not None and _identity(self.path) != self._file:
            self.close()  # it was moved away: nobody would ever see what is written to it
        if self._writer is None:
            ensure(self.path.parent)
            database = self._reader()
            if database is None:
                self._make()
            else:
                database.close()
            self._writer = _connected(self.path)
            self._file = _identity(self.path)
        return self._writer

    def _reader(self) -> sqlite3.Connection | None:
        """Give a connection to read with; None where nothing was stored yet. An older form is brought to the present.

        Raises:
            StorageError: the file was written by a newer version.
        """
        if not _identity(self.path):
            return None
        database = open_reader(self.path)
        try:
            number = schema.version(database)
            if number == len(schema.MIGRATIONS):
                return database
        except BaseException:
            database.close()
            raise
        database.close()
        if number > len(schema.MIGRATIONS):
            hint = "update localdev, or set LOCALDEV_HOME to another folder; the file is as it was"
            raise StorageError("the chat sessions were written by a newer version of localdev", hint)
        if not number:
            return None
        self._make()
        return self._reader()

    def _make(self) -> None:
        """Make the file or bring it to the present form; one process at a time does."""
        with locked(self.path.with_name(f".{self.path.name}.lock"), BUSY_SECONDS):
            try:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            except OSError as error:
                raise storage_error(self.path, error) from error
            with contextlib.closing(_connected(self.path)) as database, transaction(database):
                schema.migrate(database)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn SQLite's errors in the body into ours."""
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise  # a bug of ours says nothing about the file
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.Error) -> StorageError | Busy:
        """Say what an error of SQLite means."""
        code = primary_code(error)
        if is_full(error, self.path):
            return disk_full(self.path)
        if code in _HELD:
            return Busy(f"another process holds {self.path}", "wait for it to end, then run the command again")
        if code in _DAMAGE:
            hint = f"move the folder {self.path.parent} away; sessions are then kept anew"
            return StorageError(f"the chat sessions in {self.path} are damaged: {error}", hint)
        hint = _WRITABLE if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN) else "check the disk"
        return StorageError(f"cannot use the chat sessions in {self.path}: {error}", hint)


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell one file from another that has taken its place; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(path, error, "read") from error
    return found.st_dev, found.st_ino


def _connected(path: Path) -> sqlite3.Connection:
    """Connect for writing to a file that is there."""
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # acts on a file without tables alone
        database.execute("PRAGMA journal_mode = WAL").fetchall()
        database.execute("PRAGMA secure_delete = ON")  # chats hold source code: what is deleted is gone
    except BaseException:
        database.close()
        raise
    return database
