"""The store of chat sessions: made, continued, listed, found, renamed and deleted; one process at a time continues one.

Opening a store touches no file. All methods may be called from any thread; reading never waits for writing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from localdev.core.errors import Busy, EnvironmentFault, NotFound
from localdev.core.files import locked
from localdev.core.talk import SessionInfo, Turn
from localdev.sessions.database import Database
from localdev.sessions.finding import chosen
from localdev.sessions.rows import SESSION, TURN, restored, session_of, stored, turn_of, turn_row
from localdev.sessions.search import Match, Scope, search

_ID_BYTES = 4
# Who looks whether a session is open holds its lock for a moment, which is not yet a chat.
_LOOK_SECONDS = 0.3
_LIST_HINT = "`localdev sessions list` shows them"
_Infos = list[SessionInfo]  # in the class `list` is a method
_Turns = list[Turn]
_Texts = list[str]
_Matches = list[Match]
_NEWEST = "ORDER BY changed_at DESC, key DESC"


class SessionStore:
    """All chat sessions of one user, in the SQLite file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self._locks = path.parent / "open"
        self._leased: set[str] = set()

    def close(self) -> None:
        """Let go of the file; a later call opens it again."""
        self._database.close()

    def create(self, root: Path, *, title: str = "") -> SessionInfo:
        """Make an empty session about a repository."""
        now = time.time()
        info = SessionInfo(os.urandom(_ID_BYTES).hex(), title, root_text(root), now, now)
        with self._database.writing() as database:
            while database.execute("SELECT 1 FROM sessions WHERE id = ?", (info.id,)).fetchone():
                info = replace(info, id=os.urandom(_ID_BYTES).hex())
            row = (info.id, stored(title), stored(info.root), now, now)
            database.execute(
                "INSERT INTO sessions (id, title, root, created_at, changed_at) VALUES (?, ?, ?, ?, ?)", row
            )
        return info

    def list(self, root: Path | None = None, *, limit: int = 100, offset: int = 0) -> _Infos:
        """Give the sessions of one repository or of all, the last changed first; a `limit` of -1 is none."""
        where, values = _of_root(root)
        order = f"{where} {_NEWEST} LIMIT ? OFFSET ?"
        return self._sessions(order, (*values, limit, offset))

    def latest(self, root: Path) -> SessionInfo | None:
        """Give the last changed session of a repository that has turns, whether a chat has it open or not."""
        where, values = _of_root(root)
        return next(iter(self._sessions(f"{where} AND turns > 0 {_NEWEST} LIMIT 1", values)), None)

    def info(self, id: str) -> SessionInfo:
        """Give what is known of a session by its whole id.

        Raises:
            NotFound: there is none, or none any more.
        """
        found = self._sessions("WHERE id = ?", (stored(id),))
        if not found:
            raise _missing(id)
        return found[0]

    def find(self, text: str, root: Path | None = None) -> SessionInfo:
        """Give the session that a user means by its id, of whichever repository, the beginning of it, or its title.

        Raises:
            NotFound: there is none; the nearest are named.
            UsageError: it may be several.
        """
        by_id = self._sessions("WHERE id = ?", (text.strip().lower(),)) if text.isascii() else []
        return by_id[0] if by_id else chosen(text, self.list(root, limit=-1))

    def turns(self, id: str, *, before: int | None = None, limit: int | None = None) -> _Turns:
        """Give turns of a session in their order: the last `limit` of those before the number `before`, or all.

        One whose answer was coming when its process ended is `unfinished`.

        Raises:
            NotFound: there is no such session.
            StorageError: what is stored of a turn cannot be read.
        """
        last = f"SELECT {TURN} FROM turns WHERE session = ? AND number < ? ORDER BY number DESC LIMIT ?"
        with self._database.reading() as database:
            if database is None:
                raise _missing(id)
            key = _key(database, id)
            rows = database.execute(
                last, (key, 2**62 if before is None else before, -1 if limit is None else limit)
            ).fetchall()
        found = [turn_of(row) for row in reversed(rows)]
        # What a chat left that was killed says so at once, not only when it is gone on with.
        if any(turn.state == "streaming" for turn in found) and not self.is_open(id):
            found = [replace(turn, state="unfinished") if turn.state == "streaming" else turn for turn in found]
        return found

    def add(self, id: str, turn: Turn) -> Turn:
        """Store a new turn of a session; it is given back with the number it has got.

        Raises:
            NotFound: there is no such session.
        """
        with self._database.writing() as database:
            key = _key(database, id)
            last = "SELECT coalesce(max(number), 0) FROM turns WHERE session = ?"
            numbered = replace(turn, number=database.execute(last, (key,)).fetchone()[0] + 1)
            marks = "(session, " + TURN + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            database.execute(f"INSERT INTO turns {marks}", (key, *turn_row(numbered)))
            _touch(database, key, turn, added=1)
        return numbered

    def save(self, id: str, turn: Turn) -> None:
        """Store a turn again, by its number. While its answer comes this costs no waiting for the disk.

        Raises:
            NotFound: there is no such session, or no such turn.
        """
        with self._database.writing(lasting=turn.state != "streaming") as database:
            key = _key(database, id)
            columns = f"UPDATE turns SET ({TURN}) = (?, ?, ?, ?, ?, ?, ?) WHERE session = ? AND number = ?"
            if not database.execute(columns, (*turn_row(turn), key, turn.number)).rowcount:
                raise NotFound(f"the session {id} has no turn {turn.number}", "it was deleted meanwhile")
            _touch(database, key, turn)

    def search(self, query: str, root: Path | None = None, *, limit: int = 50) -> _Matches:
        """Give the titles and turns that fit a query, the newest first; a turn is found once its answer has ended.

        Any query is fine: see `localdev.sessions.search`.
        """
        scope = Scope(None if root is None else stored(root_text(root)), limit)
        with self._database.reading() as database:
            return [] if database is None else search(database, query, scope)

    def asked(self, root: Path, *, limit: int = 300) -> _Texts:
        """Give what was asked last in all sessions of a repository, each text once, the newest at the end."""
        where, values = _of_root(root)
        found = f"FROM turns JOIN sessions s ON s.key = session {where} GROUP BY asked ORDER BY max(turns.key) DESC"
        with self._database.reading() as database:
            if database is None:
                return []
            rows = database.execute(f"SELECT asked {found} LIMIT ?", (*values, limit)).fetchall()
        return [restored(text) for (text,) in reversed(rows)]

    def rename(self, id: str, title: str) -> None:
        """Give a session another title.

        Raises:
            NotFound: there is no such session.
        """
        with self._database.writing() as database:
            database.execute("UPDATE sessions SET title = ? WHERE key = ?", (stored(title), _key(database, id)))

    def delete(self, *ids: str) -> None:
        """Delete sessions with all their turns, every one or none; what they said is gone from the disk.

        Raises:
            NotFound: there is no such session.
            Busy: another chat has one open.
        """
        self._delete([self.info(id) for id in dict.fromkeys(ids)])

    def delete_of(self, root: Path | None) -> int:
        """Delete all sessions of a repository, or with None of all, and say how many; one that is open stops all.

        Raises:
            Busy: another chat has one of them open; nothing was deleted.
        """
        found = self.list(root, limit=-1)
        self._delete(found)
        return len(found)

    def size_of(self, root: Path | None) -> tuple[int, int]:
        """Give how many sessions of a repository there are, or with None of all, and the bytes of their texts."""
        where, values = _of_root(root)
        texts = " + ".join(f"length(CAST({name} AS BLOB))" for name in ("asked", "answer", "rest", "sent"))
        turns = f"SELECT coalesce(sum({texts}), 0) FROM turns JOIN sessions s ON s.key = session {where}"
        with self._database.reading() as database:
            if database is None:
                return 0, 0
            (count,) = database.execute(f"SELECT count(*) FROM sessions {where}", values).fetchone()
            (size,) = database.execute(turns, values).fetchone()
        return count, size

    @contextlib.contextmanager
    def lease(self, id: str) -> Iterator[None]:
        """Keep a session for this chat alone while the body runs.

        Turns whose answers were still coming when their process ended become `unfinished`. The system frees the
        session when this process ends, however it does.

        Raises:
            Busy: another chat has it open, in this process or another.
            NotFound: there is no such session.
        """
        info = self.info(id)
        with self._held(info):
            self._leased.add(id)
            try:
                with self._database.writing() as database:
                    left = "UPDATE turns SET state = 'unfinished' WHERE session = ? AND state = 'streaming'"
                    database.execute(left, (_key(database, id),))
                yield
            finally:
                self._leased.discard(id)

    def is_open(self, id: str) -> bool:
        """Say whether a chat has the session open, in this process or another."""
        if not self._lock(id).exists():  # nothing is made just to look
            return False
        try:
            with locked(self._lock(id), 0):
                return False
        except Busy:
            return True

    def _sessions(self, rest: str, values: tuple[Any, ...]) -> _Infos:
        """Read sessions."""
        with self._database.reading() as database:
            if database is None:
                return []
            return [session_of(row) for row in database.execute(f"SELECT {SESSION} FROM sessions {rest}", values)]

    def _delete(self, sessions: _Infos) -> None:
        """Delete sessions, all or none."""
        if not sessions:
            return
        with contextlib.ExitStack() as held:
            for info in sessions:
                if info.id not in self._leased:
                    held.enter_context(self._held(info))
            with self._database.writing() as database:
                keys = [(_key(database, info.id),) for info in sessions]
                database.executemany("DELETE FROM turns WHERE session = ?", keys)
                database.executemany("DELETE FROM sessions WHERE key = ?", keys)
            for info in sessions:
                with contextlib.suppress(OSError):  # an empty file; it is held, which some systems refuse to remove
                    self._lock(info.id).unlink(missing_ok=True)
        try:
            self._database.tidy()
        except EnvironmentFault as error:
            raise type(error)(f"the sessions are deleted, but not yet overwritten: {error}", error.hint) from error

    @contextlib.contextmanager
    def _held(self, info: SessionInfo) -> Iterator[None]:
        """Hold the lock of a session."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self._lock(info.id), _LOOK_SECONDS))
            except Busy as error:
                what = f"the session {info.id} ({info.title or 'no title'}) is open in another chat"
                raise Busy(what, "leave that chat first, then run the command again") from error
            yield

    def _lock(self, id: str) -> Path:
        """Give the file whose lock a chat holds while it has the session open."""
        return self._locks / f"{id}.lock"


def root_text(root: Path) -> str:
    """Give the text that stands for a repository's folder."""
    return str(root.resolve())


def _of_root(root: Path | None) -> tuple[str, tuple[Any, ...]]:
    """Give the condition for the sessions of one repository, or of all."""
    return ("WHERE true", ()) if root is None else ("WHERE root = ?", (stored(root_text(root)),))


def _key(database: sqlite3.Connection, id: str) -> int:
    """Give the key of a session's row."""
    row = database.execute("SELECT key FROM sessions WHERE id = ?", (stored(id),)).fetchone()
    if row is None:
        raise _missing(id)
    return int(row[0])


def _touch(database: sqlite3.Connection, key: int, turn: Turn, *, added: int = 0) -> None:
    """Note that a turn of a session was stored: the time, how many there are, and the model where one answered."""
    values = (time.time(), added, stored(turn.model), stored(turn.model), key)
    columns = "changed_at = ?, turns = turns + ?, model = CASE WHEN ? = '' THEN model ELSE ? END"
    database.execute(f"UPDATE sessions SET {columns} WHERE key = ?", values)


def _missing(id: str) -> NotFound:
    """Say that there is no such session."""
    return NotFound(f"there is no session {id!r}", _LIST_HINT)
