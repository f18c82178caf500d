"""The symbol graph: who defines a name, who uses it, and how much that says."""

from __future__ import annotations

import bisect
import json
import sqlite3
from collections.abc import Sequence

from localdev.core.code import Symbol
from localdev.index.rows import KIND_LETTERS, unpack_uses
from localdev.index.store import storable

# A name with more definitions than this (`run`, `__init__`) does not tell which of them is meant.
MOST_DEFINERS = 20
# Definitions of one name that are looked up: `run` in a thousand classes would take seconds and point nowhere.
MOST_NAMED = 200
_CALLS_FIRST = {letter: rank for rank, letter in enumerate(KIND_LETTERS.values())}

_SYMBOL = (
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


def reference_files(database: sqlite3.Connection, chunk_ids: Sequence[int]) -> dict[int, int]:
    """Give, for chunks where definitions start, the number of other files that use the most used one of them."""
    rows = database.execute(
        "SELECT s.chunk_id, names.users, names.definers, "
        "EXISTS (SELECT 1 FROM uses WHERE uses.file_id = s.file_id AND uses.name_id = names.id) "
        f"FROM symbols s JOIN names ON names.name = s.name WHERE s.chunk_id IN {_NAMES}",
        (json.dumps(list(chunk_ids)),),
    )
    counts: dict[int, int] = {}
    for chunk_id, users, definers, own in rows:
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
        f"{_SYMBOL} WHERE s.id IN ({' UNION '.join(parts)}) ORDER BY files.path, s.start_line",
        (wanted,) * (2 if ignore_case else 4),
    )
    return [(row[0], Symbol(*row[1:])) for row in rows]


def defined_names(database: sqlite3.Connection) -> list[str]:
    """Give the plain names of all definitions, in no order."""
    return [name for (name,) in database.execute("SELECT name FROM names WHERE definers > 0")]


def symbols_under(database: sqlite3.Connection, prefix: str) -> list[tuple[Symbol, int]]:
    """Give (definition, number of other files behind it) for a file or all files below a folder, empty for all."""
    prefix = prefix.strip("/")
    below, values = (
        ("", ()) if not prefix else ("WHERE files.path = ? OR files.path GLOB ?", (prefix, f"{_plain(prefix)}/*"))
    )
    rows = database.execute(
        _SYMBOL.replace(
            " FROM symbols s ",
            ", names.users, names.definers, EXISTS (SELECT 1 FROM uses WHERE uses.file_id = s.file_id AND "
            "uses.name_id = names.id) FROM symbols s JOIN names ON names.name = s.name ",
        )
        + f"{below} ORDER BY files.path, s.start_line, s.end_line DESC",
        values,
    )
    return [(Symbol(*row[1:10]), shared_use(row[10] - row[12], row[11])) for row in rows]


def callers(database: sqlite3.Connection, name: str, limit: int) -> list[tuple[str, int, str]]:
    """Give (path, line, enclosing symbol) of uses of `name` outside its definitions, calls first."""
    last = last_part(name)
    rows = database.execute(
        "SELECT uses.file_id, files.path, uses.places FROM names JOIN uses ON uses.name_id = names.id "
        "JOIN files ON files.id = uses.file_id WHERE names.name = ? ORDER BY files.path",
        (storable(last),),
    ).fetchall()
    places = sorted(
        (_CALLS_FIRST[letter], path, line, file_id)
        for file_id, path, packed in rows
        for letter, line in unpack_uses(packed)
    )
    found: dict[tuple[str, int], str] = {}
    spans: dict[int, _Spans] = {}
    for _, path, line, file_id in places:
        if len(found) >= limit:
            break
        if (path, line) in found:
            continue
        if file_id not in spans:
            spans[file_id] = _Spans(database, file_id)
        within = spans[file_id].around(line)
        if not any(enclosing.rpartition(".")[2] == last for enclosing in within):
            found[path, line] = within[-1] if within else ""
    return [(path, line, within) for (path, line), within in found.items()]


def callees(database: sqlite3.Connection, chunk_id: int, limit: int) -> list[Symbol]:
    """Give one definition per name that the chunk uses and this repository defines, the most specific names first.

    Of several definitions the nearest counts: in the same file, else with the longest common start of the path.
    """
    chunk = database.execute(
        "SELECT file_id, files.path, start_line, end_line FROM chunks JOIN files ON files.id = file_id "
        "WHERE chunks.id = ?",
        (chunk_id,),
    ).fetchone()
    if chunk is None:
        return []
    file_id, path, start, end = chunk
    used = database.execute(
        "SELECT names.name, names.definers, uses.places FROM uses JOIN names ON names.id = uses.name_id "
        "WHERE uses.file_id = ? AND names.definers BETWEEN 1 AND ?",
        (file_id, MOST_DEFINERS),
    )
    here = {
        name: (definers, min(_CALLS_FIRST[letter] for letter, _ in inside))
        for name, definers, places in used
        if (inside := [place for place in unpack_uses(places) if start <= place[1] <= end])
    }
    nearest: dict[str, Symbol] = {}
    for _, symbol in symbols_named(database, list(here)):
        inside = symbol.path == path and start <= symbol.start_line <= end
        if symbol.name in here and not inside:
            best = nearest.get(symbol.name)
            if best is None or _nearness(path, symbol.path) > _nearness(path, best.path):
                nearest[symbol.name] = symbol
    ranked = sorted(nearest.values(), key=lambda symbol: (*here[symbol.name], -len(symbol.name), symbol.name))
    return ranked[:limit]


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


class _Spans:
    """The definitions of one file, to find those around a line."""

    def __init__(self, database: sqlite3.Connection, file_id: int) -> None:
        self._rows = database.execute(
            "SELECT start_line, end_line, qualified FROM symbols WHERE file_id = ? ORDER BY start_line, end_line DESC",
            (file_id,),
        ).fetchall()
        self._starts = [row[0] for row in self._rows]

    def around(self, line: int) -> list[str]:
        """Give the qualified names of the definitions that hold the line, the outermost first."""
        before = bisect.bisect_right(self._starts, line)
        return [qualified for _, end, qualified in self._rows[:before] if end >= line]


def _nearness(path: str, other: str) -> int:
    """Give the number of leading folders two paths share, and more when they are the same file."""
    if path == other:
        return len(path) + 1
    shared = 0
    for mine, theirs in zip(path.split("/")[:-1], other.split("/")[:-1], strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


def _plain(text: str) -> str:
    """Quote the wild cards of SQLite's GLOB."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
