"""Search: the one function that strings reading, looking up, fusing and ranking together."""

from __future__ import annotations

from localdev.core.ports import Repository
from localdev.core.search import Hit, SearchFilter
from localdev.retrieval.fuse import fuse
from localdev.retrieval.names import definition_matches, mentioned_files
from localdev.retrieval.query import Query, read_query
from localdev.retrieval.rank import Evidence, rank
from localdev.retrieval.weights import DEFAULT, Weights

# Deep enough that a file's further chunks are seen, shallow enough for a ranking in milliseconds.
POOL = 200
# The dense model reads a few hundred words at most.
_DENSE_CHARACTERS = 2000
# A path of which many files could be meant helps nobody.
_MOST_MENTIONED = 20


def search(
    query: str,
    repository: Repository,
    *,
    limit: int = 10,
    where: SearchFilter | None = None,
    weights: Weights = DEFAULT,
) -> list[Hit]:
    """Give at most `limit` ranked chunks; an empty list for a query without a word or without any match."""
    asked = read_query(query)
    if asked.kind == "empty" or limit < 1:
        return []
    evidence = gather(asked, repository, where=where, weights=weights)
    return rank(asked, repository.chunks(evidence.ids()), evidence, limit=limit, weights=weights)


def gather(query: Query, repository: Repository, *, where: SearchFilter | None, weights: Weights) -> Evidence:
    """Ask the index for all that the ranking needs."""
    lexical = repository.lexical(query.terms, weights.fields, POOL, where=where)
    dense = repository.dense(query.text[:_DENSE_CHARACTERS], POOL, where=where)
    return Evidence(
        fused=fuse(lexical, dense, kind=query.kind, weights=weights),
        definitions=_definitions(query.names, repository),
        capitalised=_definitions(query.capitalised, repository),
        mentioned=_mentioned(query, repository),
    )


def _definitions(names: tuple[str, ...], repository: Repository) -> dict[int, tuple[float, str]]:
    """Look names up in the symbol table; spelling with other capitals counts when nothing fits exactly."""
    if not names:
        return {}
    found = repository.symbols_named(names) or repository.symbols_named(names, ignore_case=True)
    return definition_matches(names, found)


def _mentioned(query: Query, repository: Repository) -> dict[int, str]:
    """Find the chunks that the paths and lines of the query point at."""
    if not query.paths:
        return {}
    notes: dict[int, str] = {}
    for path, line in mentioned_files(query.paths, repository.paths())[:_MOST_MENTIONED]:
        ids = repository.chunk_ids(path, line, line) if line else repository.chunk_ids(path)
        notes.update(dict.fromkeys(ids[:1] if line else ids, f"{path}:{line}" if line else path))
    return notes
