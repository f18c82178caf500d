"""The symbol graph: who defines a name, how many files use it, and how much that says."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from localdev.core.code import Symbol
from localdev.index.links import family
from localdev.index.own_words import own_words

# A name with more definitions than this (`run`, `__init__`) does not tell which of them is meant.
MOST_DEFINERS = 20
# Definitions of one name that are looked up: `run` in a thousand classes would take seconds and point nowhere.
MOST_NAMED = 200
# A slip of the fingers makes a name at most this much longer or shorter.
SLIP = 2

SYMBOL = (
    "SELECT s.chunk_id, files.path, s.name, s.qualified, s.kind, s.start_line, s.end_line, "
    "coalesce(s.signature, chunks.signature), coalesce(s.doc, chunks.doc), s.parent FROM symbols s "
    "JOIN files ON files.id = s.file_id JOIN chunks ON chunks.id = s.chunk_id "
)
_NAMES = "(SELECT value FROM json_each(?))"


def shared_use(users: int, definers: int) -> int:
    """Give the number of files that stand behind one definition of a name.

    `users` files use the name and `definers` files define it; without knowing which is meant, each gets its share, and
    a name that very many files define says nothing.
    """
    if definers > MOST_DEFINERS:
        return 0
    return users // max(definers, 1)


def tells(language: str, name: str) -> bool:
    """Say whether uses of a name may be counted for a definition in this language: not for data, nor `get`."""
    kin = family(language)
    return kin != "" and name not in own_words(kin)


def reference_files(database: sqlite3.Connection, chunk_ids: Sequence[int]) -> dict[int, int]:
    """Give, for chunks where definitions start, the number of other files that use the most used one of them."""
    rows = database.execute(
        "SELECT s.chunk_id, names.users, names.definers, s.own, files.language, names.name "
        "FROM symbols s JOIN names ON names.id = s.name_id JOIN files ON files.id = s.file_id "
        f"WHERE s.chunk_id IN {_NAMES}",
        (json.dumps(list(chunk_ids)),),
    )
    counts: dict[int, int] = {}
    for chunk_id, users, definers, own, language, name in rows:
        if tells(language, name):
            counts[chunk_id] = max(counts.get(chunk_id, 0), shared_use(users - own, definers))
    return counts


def symbols_named(
    database: sqlite3.Connection, names: Sequence[str], *, ignore_case: bool = False
) -> list[tuple[int, Symbol]]:
    """Give (chunk id, definition) where the plain or the qualified name is one of `names`; in path and line order.

    Of a name that is defined very often only `MOST_NAMED` definitions are given, the outermost first.
    """
    wanted = json.dumps(list(names))
    exactly = "" if ignore_case else f"AND {{column}} IN {_NAMES}"
    parts = [
        f"SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY {column} ORDER BY parent != '', id) AS place "
        f"FROM symbols WHERE {column} COLLATE NOCASE IN {_NAMES} {exactly.format(column=column)}) "
        f"WHERE place <= {MOST_NAMED}"
        for column in ("name", "qualified")
    ]
    rows = database.execute(
        f"{SYMBOL} WHERE s.id IN ({' UNION '.join(parts)}) ORDER BY files.path, s.start_line",
        (wanted,) * (2 if ignore_case else 4),
    )
    return [(row[0], Symbol(*row[1:])) for row in rows]


def defined_names(database: sqlite3.Connection, near: str = "") -> list[str]:
    """Give the plain names of all definitions, or those that `near` may be a slip of, in no order.

    Those are about as long and begin or end with the same two letters: of 200,000 names a few thousand.
    """
    if not near.isascii() or not near:
        return [name for (name,) in database.execute("SELECT name FROM names WHERE definers > 0")]
    ends = [f"{_literal(near[:2])}%", f"%{_literal(near[-2:])}"]
    rows = database.execute(
        "SELECT name FROM names WHERE length(name) BETWEEN ? AND ? "
        "AND (name LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\') AND definers > 0",
        (len(near) - SLIP, len(near) + SLIP, *ends),
    )
    return [name for (name,) in rows]


def symbols_under(database: sqlite3.Connection, prefix: str) -> list[tuple[Symbol, int]]:
    """Give (definition, number of other files behind it) for a file or all files below a folder, empty for all."""
    prefix = prefix.strip("/")
    below, values = (
        ("", ()) if not prefix else ("WHERE files.path = ? OR files.path GLOB ?", (prefix, f"{_plain(prefix)}/*"))
    )
    rows = database.execute(
        SYMBOL.replace(
            " FROM symbols s ",
            ", names.users, names.definers, s.own, files.language FROM symbols s JOIN names ON names.id = s.name_id ",
        )
        + f"{below} ORDER BY files.path, s.start_line, s.end_line DESC",
        values,
    )
    return [
        (Symbol(*row[1:10]), shared_use(row[10] - row[12], row[11]) if tells(row[13], row[2]) else 0) for row in rows
    ]


def known_names(database: sqlite3.Connection, names: Sequence[str]) -> set[str]:
    """Give the names that occur as a definition, a use, a path, or a file's name with or without its ending.

    A dotted name is known by its last part as well.
    """
    asked: dict[str, list[str]] = {}
    for name in names:
        for spelling in {name, last_part(name), name.removeprefix("./")} - {""}:
            asked.setdefault(spelling, []).append(name)
    spellings = json.dumps(list(asked))
    rows = database.execute(
        f"SELECT name FROM names WHERE name IN {_NAMES} AND users + definers > 0 "
        f"UNION SELECT qualified FROM symbols WHERE qualified COLLATE NOCASE IN {_NAMES} "
        f"UNION SELECT path FROM files WHERE path IN {_NAMES} UNION SELECT base FROM files WHERE base IN {_NAMES} "
        f"UNION SELECT stem FROM files WHERE stem IN {_NAMES}",
        (spellings,) * 5,
    )
    return {name for (spelling,) in rows for name in asked.get(spelling, ())}


def last_part(name: str) -> str:
    """Give what stands behind the last joint of a dotted name, without the brackets of a call."""
    name = name.removesuffix("()")
    for joint in ("::", "->", "#", "."):
        name = name.rpartition(joint)[2] or name
    return name


def _plain(text: str) -> str:
    """Quote the wild cards of SQLite's GLOB."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _literal(text: str) -> str:
    """Quote the wild cards of SQLite's LIKE, which takes ASCII letters in any case."""
    return "".join(f"\\{letter}" if letter in "%_\\" else letter for letter in text)
