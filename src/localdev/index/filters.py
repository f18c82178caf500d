"""Narrowing a search to some files, languages or kinds."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from localdev.core.search import SearchFilter

if TYPE_CHECKING:
    from localdev.core.ports import IdVector

# A character in square brackets, or a range of them.
_MEMBER = re.compile(r"(.)(?:-(.))?", re.DOTALL)
_WILD = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]")


def path_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Give a test for paths that fit any of the patterns.

    A pattern with a slash is held against the path from the root and against each of its folders (`src/app` takes all
    below it); one without a slash against each part of the path alone (`*.py`, `tests`). `*` and `?` stop at a slash,
    `**` does not.
    """
    whole = re.compile("|".join(_translate(pattern) for pattern in patterns) or r"(?!)")
    return lambda path: whole.match(path) is not None


def _translate(pattern: str) -> str:
    """Turn one glob pattern into a regular expression for the start of a path."""
    pattern = pattern.replace("\\", "/").removeprefix("./")
    start = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    end = "/" if pattern.endswith("/") else "(?:/|$)"
    pattern = pattern.strip("/")
    return f"{start}{_body(pattern)}{end}" if pattern else "(?:)"


def _body(pattern: str) -> str:
    """Translate the wild cards and quote the rest."""
    parts = []
    end = 0
    for found in _WILD.finditer(pattern):
        parts.append(re.escape(pattern[end : found.start()]))
        end = found.end()
        text = found.group()
        if text.startswith("["):
            parts.append(_one_of(text[1:-1]))
        else:
            parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}[text])
    parts.append(re.escape(pattern[end:]))
    return "".join(parts)


def _one_of(members: str) -> str:
    """Translate what stands in square brackets; a range whose ends are the wrong way round holds nothing."""
    negated = len(members) > 1 and members[0] in "!^"
    quoted: list[str] = []
    for first, last in _MEMBER.findall(members[negated:]):
        if first <= (last or first):
            quoted.append(f"{re.escape(first)}-{re.escape(last)}" if last else re.escape(first))
    inside = "".join(quoted)
    if negated:
        return f"[^/{inside}]"
    return f"[{inside}]" if inside else "(?!)"


def allowed_chunks(database: sqlite3.Connection, where: SearchFilter | None) -> tuple[str, tuple[str, ...]] | None:
    """Give a query for the ids of chunks that pass the filter, and its values; None when all do.

    A kind is a chunk's own, or that of a definition which starts in it.
    """
    if where is None or not (where.paths or where.languages or where.kinds):
        return None
    tests, values = ["1"], []
    if where.paths:
        fits = path_matcher(where.paths)
        rows = database.execute("SELECT id, path FROM files WHERE skipped = ''")
        tests.append("file_id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([file_id for file_id, path in rows if fits(path)]))
    if where.languages:
        tests.append("language IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([language.lower() for language in where.languages]))
    if where.kinds:
        kinds = json.dumps([kind.lower() for kind in where.kinds])
        tests.append(
            "(kind IN (SELECT value FROM json_each(?)) OR id IN "
            "(SELECT chunk_id FROM symbols WHERE kind IN (SELECT value FROM json_each(?))))"
        )
        values += [kinds, kinds]
    return f"SELECT id FROM chunks WHERE {' AND '.join(tests)}", tuple(values)


def allowed_ids(database: sqlite3.Connection, where: SearchFilter) -> IdVector | None:
    """Give the ids of the chunks that pass the filter, ascending; None when all do."""
    import numpy as np

    narrowed = allowed_chunks(database, where)
    if narrowed is None:
        return None
    ids = np.fromiter((row[0] for row in database.execute(*narrowed)), dtype=np.int64)
    ids.sort()
    return ids
