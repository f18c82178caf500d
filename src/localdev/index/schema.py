"""The tables of one index and the manifest that says whether they can be trusted.

Everything but the vectors is in one SQLite file. Its transactions are the commit points of a refresh; Chroma and the
snapshot follow through the outbox tables `pending` and `dead`. Raise `SCHEMA_VERSION` with any change here.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from localdev.core.words import WORDS_VERSION
from localdev.index.places import EMBEDDED, Place
from localdev.index.rows import ROWS_VERSION

SCHEMA_VERSION = 3

FIELDS = ("path", "symbol", "signature", "doc", "body")

# `files.skipped` is empty for an indexed file. Chunk ids are never reused: vectors elsewhere are keyed by them.
# `symbols.signature` and `.doc` are NULL where they equal those of the symbol's chunk; `.own` says whether its own file
# uses the name, too, so that importance is read from one index. `uses` holds one row per name
# and file with its places packed (see `rows`). `pending` are vectors Chroma has not got yet; `dead` are ids that the
# snapshot (and, until `applied`, Chroma) still holds although their chunks are gone.
TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, base TEXT NOT NULL, stem TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, digest TEXT NOT NULL, language TEXT NOT NULL,
    lines INTEGER NOT NULL, line_chunked INTEGER NOT NULL, chunks INTEGER NOT NULL, skipped TEXT NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, file_id INTEGER NOT NULL, start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL, language TEXT NOT NULL, kind TEXT NOT NULL, symbol TEXT NOT NULL,
    signature TEXT NOT NULL, doc TEXT NOT NULL, members TEXT NOT NULL, names TEXT NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5({", ".join(FIELDS)}, content='', tokenize='ascii');
CREATE TABLE symbols (
    id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL, chunk_id INTEGER NOT NULL, name TEXT NOT NULL,
    qualified TEXT NOT NULL, kind TEXT NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, signature TEXT,
    doc TEXT, parent TEXT NOT NULL, name_id INTEGER NOT NULL, own INTEGER NOT NULL
);
CREATE TABLE names (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, users INTEGER NOT NULL DEFAULT 0,
    definers INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE uses (
    file_id INTEGER NOT NULL, name_id INTEGER NOT NULL, places TEXT NOT NULL, PRIMARY KEY (file_id, name_id)
) WITHOUT ROWID;
CREATE TABLE pending (chunk_id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE dead (chunk_id INTEGER PRIMARY KEY, applied INTEGER NOT NULL DEFAULT 0);
"""

_TABLE = re.compile(r"^CREATE (?:VIRTUAL )?TABLE (\w+)", re.MULTILINE)

# Made when a full build ends (sorting once is several times cheaper than keeping them sorted), kept from then on.
INDEXES = """
CREATE INDEX IF NOT EXISTS files_base ON files (base);
CREATE INDEX IF NOT EXISTS files_stem ON files (stem);
CREATE INDEX IF NOT EXISTS chunks_file ON chunks (file_id, start_line, end_line, kind, language);
CREATE INDEX IF NOT EXISTS symbols_file ON symbols (file_id, start_line);
CREATE INDEX IF NOT EXISTS symbols_chunk ON symbols (chunk_id, file_id, name_id, own);
CREATE INDEX IF NOT EXISTS symbols_name ON symbols (name COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS symbols_qualified ON symbols (qualified COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS uses_name ON uses (name_id);
"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was made of and with; any difference makes it unfit, but for the place of its vectors."""

    root: str
    embedder: str
    dimension: int
    parser: int | str
    words: int = WORDS_VERSION
    rows: int = ROWS_VERSION
    schema: int = SCHEMA_VERSION
    place: Place = EMBEDDED

    def as_meta(self) -> dict[str, str]:
        """Give the rows of the `meta` table."""
        return {
            "schema": str(self.schema),
            "root": self.root,
            "embedder": self.embedder,
            "dimension": str(self.dimension),
            "parser": str(self.parser),
            "words": str(self.words),
            "rows": str(self.rows),
        }


_REASONS = {
    "root": "it belongs to another folder",
    "embedder": "the embedder changed",
    "dimension": "the embedder gives vectors of another length",
    "parser": "the way files are cut changed",
    "words": "the way words are split changed",
    "rows": "the way chunks are prepared changed",
    "schema": "its format is older",
}


def unfit_reason(meta: dict[str, str], manifest: Manifest) -> str:
    """Say why an index with this `meta` cannot serve, or give an empty text when it can."""
    for key, wanted in manifest.as_meta().items():
        if meta.get(key) != wanted:
            told = _REASONS[key]
            return f"{told} from {meta.get(key) or 'an unknown one'} to {wanted}" if key == "embedder" else told
    return ""


def missing_tables(database: sqlite3.Connection) -> list[str]:
    """Give the tables that every index has and this one lacks."""
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    return sorted(set(_TABLE.findall(TABLES)) - there)


def is_newer(meta: dict[str, str]) -> bool:
    """Tell whether a newer program made the index."""
    version = meta.get("schema", "")
    return version.isdigit() and int(version) > SCHEMA_VERSION


def create(database: sqlite3.Connection, manifest: Manifest) -> None:
    """Make the tables of an empty index that is not finished yet."""
    database.executescript(f"BEGIN IMMEDIATE;{TABLES}COMMIT;")
    write_meta(database, manifest.as_meta())


def read_meta(database: sqlite3.Connection) -> dict[str, str]:
    """Give the manifest rows as stored."""
    return dict(database.execute("SELECT key, value FROM meta"))


def write_meta(database: sqlite3.Connection, values: dict[str, str]) -> None:
    """Set manifest rows, in the transaction that is open if one is."""
    database.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values.items())


def root_identity(root: Path) -> str:
    """Give the text that stands for a root folder in the manifest."""
    return root.resolve().as_posix()
