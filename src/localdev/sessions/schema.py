"""The tables of the chat sessions, as the ordered steps that made them; each step is recorded where it was taken."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a form of the tables to the next."""

    name: str
    statements: tuple[str, ...]


# A turn's large texts stand last: what is read without them never touches their pages. The words of a turn are indexed
# when it has ended and not with every piece of a streamed answer; triggers do it, so that no writer can forget it.
# Beginnings of one and two letters have an index of their own: whoever searches while typing passes through them.
# `unicode61` parts words at all but letters and digits: `read_settings` is found as a phrase, and by each of its words.
_FIRST = (
    """CREATE TABLE sessions (
        key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, root TEXT NOT NULL,
        created_at REAL NOT NULL, changed_at REAL NOT NULL, turns INTEGER NOT NULL DEFAULT 0,
        model TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX sessions_changed ON sessions (changed_at)",
    "CREATE INDEX sessions_root ON sessions (root, changed_at)",
    """CREATE TABLE turns (
        key INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
        state TEXT NOT NULL, asked TEXT NOT NULL, answer TEXT NOT NULL, rest TEXT NOT NULL, sent TEXT NOT NULL,
        UNIQUE (session, number)
    )""",
    """CREATE VIRTUAL TABLE title_words USING fts5(
        title, content='sessions', content_rowid='key', tokenize='unicode61 remove_diacritics 2'
    )""",
    """CREATE VIRTUAL TABLE turn_words USING fts5(
        asked, answer, content='turns', content_rowid='key', tokenize='unicode61 remove_diacritics 2', prefix='1 2'
    )""",
    """CREATE TRIGGER session_added AFTER INSERT ON sessions BEGIN
        INSERT INTO title_words (rowid, title) VALUES (new.key, new.title);
    END""",
    """CREATE TRIGGER session_deleted AFTER DELETE ON sessions BEGIN
        INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.key, old.title);
    END""",
    """CREATE TRIGGER session_renamed AFTER UPDATE OF title ON sessions BEGIN
        INSERT INTO title_words (title_words, rowid, title) VALUES ('delete', old.key, old.title);
        INSERT INTO title_words (rowid, title) VALUES (new.key, new.title);
    END""",
    """CREATE TRIGGER turn_added AFTER INSERT ON turns WHEN new.state <> 'streaming' BEGIN
        INSERT INTO turn_words (rowid, asked, answer) VALUES (new.key, new.asked, new.answer);
    END""",
    """CREATE TRIGGER turn_deleted AFTER DELETE ON turns WHEN old.state <> 'streaming' BEGIN
        INSERT INTO turn_words (turn_words, rowid, asked, answer) VALUES ('delete', old.key, old.asked, old.answer);
    END""",
    """CREATE TRIGGER turn_changes BEFORE UPDATE ON turns WHEN old.state <> 'streaming' BEGIN
        INSERT INTO turn_words (turn_words, rowid, asked, answer) VALUES ('delete', old.key, old.asked, old.answer);
    END""",
    """CREATE TRIGGER turn_changed AFTER UPDATE ON turns WHEN new.state <> 'streaming' BEGIN
        INSERT INTO turn_words (rowid, asked, answer) VALUES (new.key, new.asked, new.answer);
    END""",
)

# Only ever added to: what stands here has been taken on somebody's disk.
MIGRATIONS = (Migration("sessions, turns and their words", _FIRST),)

_RECORD = "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL)"


def version(database: sqlite3.Connection) -> int:
    """Give the number of the last step taken; 0 for a file without tables."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return 0
    (number,) = database.execute("SELECT max(number) FROM migrations").fetchone()
    return number or 0


def migrate(database: sqlite3.Connection) -> None:
    """Take the steps that are missing, in the transaction that the caller has begun."""
    done = version(database)
    if not done:
        database.execute(_RECORD)
    for number, step in enumerate(MIGRATIONS[done:], done + 1):
        for statement in step.statements:
            database.execute(statement)
        database.execute("INSERT INTO migrations VALUES (?, ?, ?)", (number, step.name, time.time()))
