"""Narrowing a search to some files, languages or kinds."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from localdev.core.search import SearchFilter
from localdev.source.globs import path_matcher

if TYPE_CHECKING:
    from localdev.core.ports import IdVector


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
