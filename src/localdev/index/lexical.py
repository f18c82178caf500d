"""Ranking by words: SQLite's FTS5 with its BM25 over weighted fields."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from localdev.core.search import Candidate, SearchFilter
from localdev.index.filters import allowed_chunks


def search(
    database: sqlite3.Connection,
    terms: Sequence[str],
    weights: Sequence[float],
    limit: int,
    *,
    where: SearchFilter | None = None,
) -> list[Candidate]:
    """Rank the chunks that hold any of `terms`, with one weight per field; best first, then by id."""
    match = match_expression(terms)
    if not match or limit <= 0:
        return []
    numbers = ", ".join(repr(float(weight)) for weight in weights)
    narrowed = allowed_chunks(database, where)
    # The plus keeps SQLite from running the match once per allowed id.
    also, values = ("", ()) if narrowed is None else (f"AND +rowid IN ({narrowed[0]})", narrowed[1])
    found = database.execute(
        f"SELECT rowid, bm25(words, {numbers}) AS score FROM words WHERE words MATCH ? {also} "
        "ORDER BY score, rowid LIMIT ?",
        (match, *values, limit),
    )
    return [Candidate(chunk_id, -score) for chunk_id, score in found]


def match_expression(terms: Sequence[str]) -> str:
    """Give the FTS5 expression for any of `terms`, each quoted so that nothing in it is an operator."""
    quoted = (term.replace('"', '""').replace("\0", "") for term in dict.fromkeys(terms))
    return " OR ".join(f'"{term}"' for term in quoted if term.strip())
