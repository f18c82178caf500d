"""Who uses a definition, and what a chunk uses: the stored uses, tied to definitions by the rules of `links`."""

from __future__ import annotations

import bisect
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from localdev.core.code import Symbol
from localdev.index.graph import MOST_DEFINERS, SYMBOL, last_part
from localdev.index.links import Definition, Use, UsingFile, family, meant, own_ones
from localdev.index.rows import KIND_LETTERS, unpack_uses
from localdev.index.store import storable

_CALLS_FIRST = {letter: rank for rank, letter in enumerate(KIND_LETTERS.values())}
_IMPORT, _BASE = KIND_LETTERS["import"], KIND_LETTERS["base"]
_NAMES = "(SELECT value FROM json_each(?))"
_DEFINITION = (
    "SELECT s.id, s.file_id, files.path, files.language, s.name, s.qualified, s.kind, s.parent, s.start_line, "
    "s.end_line FROM symbols s JOIN files ON files.id = s.file_id "
)
# Definitions of one name that are compared; more are many of a kind (`run`), where the nearest evidence is rarely here.
_MOST_COMPARED = 200


def callers(database: sqlite3.Connection, name: str, limit: int, *, path: str = "") -> list[tuple[str, int, str]]:
    """Give (path, line, enclosing symbol) of uses of `name` outside its definitions, calls first.

    With `path` only uses count that mean a definition in that file; else those that mean any. A name that nothing here
    defines is found wherever code uses it.
    """
    last = storable(last_part(name))
    definitions = list(_defined(database, [last]).values())[:_MOST_COMPARED]
    wanted = {one for one in definitions if family(one.language) and (not path or one.path == path)}
    precise = {one for one in wanted if f".{one.qualified}".endswith(f".{name}")}
    wanted = precise or wanted
    if not wanted and (path or definitions):
        return []
    graph = _Graph(database)
    found: dict[tuple[str, int], str] = {}
    for file_id, place, use in graph.uses_of(last, {family(one.language) for one in wanted}):
        if len(found) >= limit:
            break
        if (place, use.line) in found:
            continue
        around = graph.spans(file_id).around(use.line)
        if any(one.rpartition(".")[2] == last for one in around):
            continue
        if not wanted or not wanted.isdisjoint(graph.meant(use, file_id, definitions)):
            found[place, use.line] = around[-1] if around else ""
    return [(place, line, within) for (place, line), within in found.items()]


def callees(database: sqlite3.Connection, chunk_id: int, limit: int) -> list[Symbol]:
    """Give one definition per name that the chunk uses and this repository defines, the most specific names first."""
    chunk = database.execute("SELECT file_id, start_line, end_line FROM chunks WHERE id = ?", (chunk_id,)).fetchone()
    if chunk is None:
        return []
    file_id, start, end = chunk
    graph = _Graph(database)
    ranks: dict[str, tuple[int, int]] = {}
    uses: dict[str, list[Use]] = {}
    for name, definers, places in graph.used_names(file_id):
        inside = [place for place in unpack_uses(places) if start <= place[1] <= end]
        if inside and definers:
            ranks[name] = definers, min(_CALLS_FIRST[letter] for letter, _, _ in inside)
            uses[name] = [Use(name, line, via, letter == _IMPORT) for letter, line, via in inside]
    by_name: dict[str, list[Definition]] = {}
    ids: dict[Definition, int] = {}
    for symbol_id, one in _defined(database, list(uses), beyond=file_id).items():
        by_name.setdefault(one.name, []).append(one)
        ids[one] = symbol_id
    chosen: list[int] = []
    for name, definitions in by_name.items():
        found = [one for use in uses[name] for one in graph.meant(use, file_id, definitions)]
        outside = [one for one in found if one.file_id != file_id or not start <= one.start <= end]
        if outside and len({one.qualified for one in found}) == 1:
            chosen.append(ids[outside[0]])
    rows = database.execute(f"{SYMBOL} WHERE s.id IN {_NAMES}", (json.dumps(chosen),))
    symbols = [Symbol(*row[1:]) for row in rows]
    return sorted(symbols, key=lambda symbol: (*ranks[symbol.name], -len(symbol.name), symbol.name))[:limit]


def _defined(database: sqlite3.Connection, names: Sequence[str], *, beyond: int = 0) -> dict[int, Definition]:
    """Give the definitions with these names by id, in path and line order.

    With `beyond`, a name that is defined very often is looked up in that file only.
    """
    few = f"AND (s.file_id = {beyond} OR names.definers <= {MOST_DEFINERS}) " if beyond else ""
    rows = database.execute(
        f"{_DEFINITION} JOIN names ON names.name = s.name WHERE s.name COLLATE NOCASE IN {_NAMES} "
        f"AND s.name IN {_NAMES} {few}ORDER BY files.path, s.start_line",
        (json.dumps(names),) * 2,
    )
    return {row[0]: Definition._make(row[1:]) for row in rows}


class _Graph:
    """What one question reads from the tables, each file once."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._users: dict[int, UsingFile] = {}
        self._spans: dict[int, _Spans] = {}

    def uses_of(self, name: str, families: Iterable[str]) -> Iterator[tuple[int, str, Use]]:
        """Yield (file id, path, use) of a name in code of some families, all when there are none; calls first."""
        kin = set(families)
        rows = self._database.execute(
            "SELECT uses.file_id, files.path, files.language, uses.places FROM names JOIN uses ON "
            "uses.name_id = names.id JOIN files ON files.id = uses.file_id WHERE names.name = ?",
            (name,),
        )
        found = [
            (_CALLS_FIRST[letter], path, line, file_id, via, letter)
            for file_id, path, language, places in rows
            if (family(language) in kin if kin else family(language))
            for letter, line, via in unpack_uses(places)
        ]
        found.sort()
        for _, path, line, file_id, via, letter in found:
            yield file_id, path, Use(name, line, via, letter == _IMPORT)

    def used_names(self, file_id: int) -> list[tuple[str, int, str]]:
        """Give (name, number of files that define it, packed places) of all names a file uses."""
        return self._database.execute(
            "SELECT names.name, names.definers, uses.places FROM uses JOIN names ON names.id = uses.name_id "
            "WHERE uses.file_id = ?",
            (file_id,),
        ).fetchall()

    def meant(self, use: Use, file_id: int, definitions: Sequence[Definition]) -> list[Definition]:
        """Give the definitions a use in a file means."""
        user = self._user(file_id)
        if use.via == "own":
            around = self.spans(file_id).around(use.line)
            definitions = own_ones(definitions, around[-1] if around else "", user.bases)
        return meant(use, user, definitions)

    def spans(self, file_id: int) -> _Spans:
        """Give the definitions of a file by their lines."""
        if file_id not in self._spans:
            self._spans[file_id] = _Spans(self._database, file_id)
        return self._spans[file_id]

    def _user(self, file_id: int) -> UsingFile:
        """Read what is known of a file that uses names."""
        if file_id not in self._users:
            path, language = self._database.execute(
                "SELECT path, language FROM files WHERE id = ?", (file_id,)
            ).fetchone()
            places = {name: unpack_uses(packed) for name, _, packed in self.used_names(file_id)}
            lines = {name: {line for _, line, _ in found} for name, found in places.items()}
            imported = frozenset(name for name, found in places.items() if any(one[0] == _IMPORT for one in found))
            bases = frozenset(name for name, found in places.items() if any(one[0] == _BASE for one in found))
            self._users[file_id] = UsingFile(file_id, path, language, lines, imported, bases)
        return self._users[file_id]


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
