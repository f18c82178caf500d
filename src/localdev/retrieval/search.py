"""Search: the one function that strings reading, looking up and ranking together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from localdev.core.ports import Repository
from localdev.core.search import Hit, SearchFilter
from localdev.core.words import words
from localdev.retrieval.names import definition_matches, is_folder_file, mentioned_files, nearest_names
from localdev.retrieval.query import Query, read_query
from localdev.retrieval.rank import Evidence, rank
from localdev.retrieval.scaling import by_meaning, by_words
from localdev.retrieval.weights import DEFAULT, Weights

# Deep enough that a file's further chunks are seen, shallow enough for a ranking in milliseconds.
POOL = 200
# The files whose whole vector is looked at; the last of them counts as no match.
FILES = 60
# With a filter, what was found by name or path is kept only if these lists hold it too: the index alone decides what a
# filter lets through. A chunk that defines a name holds the word, so a deep list has it.
_FILTERED_POOL = 2000
# The dense model reads a few hundred words at most.
_DENSE_CHARACTERS = 2000
# How much a place that passes a name on is worth against its definition, and the uses looked through for it.
_PASSED_ON = 1.0
_MOST_USES = 200
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
    asked = correct(asked, repository)
    evidence = gather(asked, repository, where=where, weights=weights)
    return rank(asked, repository.chunks(evidence.ids()), evidence, limit=limit, weights=weights)


def correct(query: Query, repository: Repository) -> Query:
    """Let a bare symbol that nothing is called by stand for the names that are spelt nearly so."""
    if query.kind != "symbol" or len(query.names) != 1 or repository.known_names(query.names):
        return query
    if repository.symbols_named(query.names, ignore_case=True):
        return query
    near = nearest_names(query.names[0], repository.defined_names(query.names[0]))
    terms = dict.fromkeys((*query.terms, *(word for name in near for word in words(name))))
    return replace(query, names=(*query.names, *near), terms=tuple(terms)) if near else query


def gather(query: Query, repository: Repository, *, where: SearchFilter | None, weights: Weights) -> Evidence:
    """Ask the index for all that the ranking needs."""
    pool = POOL if where is None else _FILTERED_POOL
    text = query.text[:_DENSE_CHARACTERS]
    lexical = repository.lexical(query.terms, weights.fields, pool, where=where)
    phrases = repository.lexical(_phrases(query), weights.fields, POOL, where=where)
    dense = repository.dense(text, POOL, where=where)
    found = Evidence(
        words=by_words(lexical[:POOL]),
        phrases=by_words(phrases),
        meaning=by_meaning((one.chunk_id, one.score) for one in dense),
        file_meaning=by_meaning(repository.dense_files(text, FILES, where=where)),
        definitions=_definitions(query.names, repository) or _passed_on(query, repository),
        capitalised=_definitions(query.capitalised, repository),
        mentioned=_mentioned(query, repository),
    )
    return found if where is None else found.only({one.chunk_id for one in (*lexical, *dense)})


def _phrases(query: Query) -> list[str]:
    """Give each pair of neighbouring terms as one phrase."""
    return [f"{first} {second}" for first, second in pairwise(query.terms)]


def _definitions(names: tuple[str, ...], repository: Repository) -> dict[int, tuple[float, str]]:
    """Look names up in the symbol table; spelling with other capitals counts when nothing fits exactly."""
    if not names:
        return {}
    found = repository.symbols_named(names) or repository.symbols_named(names, ignore_case=True)
    return definition_matches(names, found)


def _passed_on(query: Query, repository: Repository) -> dict[int, tuple[float, str]]:
    """For a bare symbol that is defined elsewhere, find the files that speak for a folder and name it at their top.

    There a module takes in what others wrote and passes it on as its own: the nearest to a definition there is. A plain
    small word is no such name, and to look through all its uses would cost more than the rest of the search.
    """
    if query.kind != "symbol":
        return {}
    found: dict[int, tuple[float, str]] = {}
    for name in (name for name in query.names if not (name.isalpha() and name.islower())):
        for path, line, within in repository.callers(name, _MOST_USES):
            if not within and is_folder_file(path):
                found.update(dict.fromkeys(repository.chunk_ids(path, line, line), (_PASSED_ON, f"{name} passed on")))
    return found


def _mentioned(query: Query, repository: Repository) -> dict[int, str]:
    """Find the chunks that the paths and lines of the query point at."""
    if not query.paths:
        return {}
    notes: dict[int, str] = {}
    for path, line in mentioned_files(query.paths, repository.paths())[:_MOST_MENTIONED]:
        ids = repository.chunk_ids(path, line, line) if line else repository.chunk_ids(path)
        notes.update(dict.fromkeys(ids[:1] if line else ids, f"{path}:{line}" if line else path))
    return notes
