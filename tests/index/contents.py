"""Everything an index answers, without ids and times: what must not depend on how it came to be."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localdev.core.sqlite import open_reader
from localdev.index import layout
from localdev.index.database import DATABASE
from localdev.index.repository import IndexedRepository

QUERIES = ("total price", "charge card", "cart", "tax", "value alpha", "beta gamma", "shop paying")


def contents(repository: IndexedRepository) -> dict[str, Any]:
    """Give chunks, graph and the answers to some queries, in an order of their own."""
    ids = [chunk_id for path in repository.paths() for chunk_id in repository.chunk_ids(path)]
    chunks = repository.chunks(ids)
    return {
        "paths": repository.paths(),
        "chunks": [(chunks[chunk_id].chunk, chunks[chunk_id].reference_files) for chunk_id in ids],
        "symbols": repository.symbols(),
        "lexical": [answers(repository, query, dense=False) for query in QUERIES],
        "dense": [answers(repository, query, dense=True) for query in QUERIES],
        "callers": {symbol.name: repository.callers(symbol.name, 50) for symbol, _ in repository.symbols()},
        "callees": [repository.callees(chunk_id, 50) for chunk_id in ids],
    }


def answers(repository: IndexedRepository, query: str, *, dense: bool) -> list[tuple[float, str, int]]:
    """Give (score, path, line) of all hits of one list, ties by path and line; scores to 9 digits for BM25's sums."""
    terms = query.split()
    found = repository.dense(query, 10_000) if dense else repository.lexical(terms, [1, 2, 3, 1, 1], 10_000)
    chunks = repository.chunks([hit.chunk_id for hit in found])
    rows = [(hit.score, chunks[hit.chunk_id].chunk) for hit in found]
    return sorted(((score if dense else round(score, 9)), chunk.path, chunk.start_line) for score, chunk in rows)


def query_index(folder: Path, query: str, values: Sequence[object] = ()) -> list[Any]:
    """Ask the SQLite file of the current generation directly."""
    generation = layout.current(folder)
    assert generation is not None
    with contextlib.closing(open_reader(generation / DATABASE)) as database:
        return database.execute(query, values).fetchall()


def change_index(folder: Path, *statements: str) -> None:
    """Change the SQLite file of the current generation behind the program's back."""
    generation = layout.current(folder)
    assert generation is not None
    with contextlib.closing(sqlite3.connect(generation / DATABASE)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
