"""Ranking: what each rule gives a chunk, and the order in which chunks are shown. Pure functions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeVar

from localdev.core.search import Hit, IndexedChunk, ScorePart
from localdev.retrieval.fuse import Fused
from localdev.retrieval.names import file_name_match
from localdev.retrieval.query import Query
from localdev.retrieval.roles import chunk_role, is_under, superseded_folders
from localdev.retrieval.weights import DEFAULT, Weights

_Fact = TypeVar("_Fact")

# Beyond these a file's further chunks add next to nothing.
_MOST_COHERENT = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about the candidates, by chunk id: the two lists, matching definitions, paths written out.

    `definitions` and `capitalised` hold how well a definition fits (0..1) and its name; `mentioned` a note per chunk.
    """

    fused: Mapping[int, Fused] = field(default_factory=dict)
    definitions: Mapping[int, tuple[float, str]] = field(default_factory=dict)
    capitalised: Mapping[int, tuple[float, str]] = field(default_factory=dict)
    mentioned: Mapping[int, str] = field(default_factory=dict)

    def only(self, ids: Set[int]) -> Evidence:
        """Give the evidence for some chunks alone."""

        def keep(facts: Mapping[int, _Fact]) -> dict[int, _Fact]:
            return {chunk_id: fact for chunk_id, fact in facts.items() if chunk_id in ids}

        return Evidence(keep(self.fused), keep(self.definitions), keep(self.capitalised), keep(self.mentioned))

    def ids(self) -> list[int]:
        """Give the ids of all candidates, without repeats."""
        return list(dict.fromkeys((*self.fused, *self.definitions, *self.capitalised, *self.mentioned)))


@dataclass(slots=True)
class _Scored:
    """A candidate while it collects its parts; the score is always their sum."""

    indexed: IndexedChunk
    parts: list[ScorePart]
    score: float = 0.0

    def add(self, name: str, value: float, note: str = "") -> None:
        """Add one part; a part that changes nothing is not kept."""
        if value:
            self.parts.append(ScorePart(name, value, note))
            self.score += value


def rank(
    query: Query, chunks: Mapping[int, IndexedChunk], evidence: Evidence, *, limit: int, weights: Weights = DEFAULT
) -> list[Hit]:
    """Order the candidates: what matches the query, then what is known of the chunk, then its file, then spread."""
    scored = [_Scored(chunks[chunk_id], []) for chunk_id in evidence.ids() if chunk_id in chunks]
    for one in scored:
        add_matches(one, query, evidence, weights)
    add_file_names(scored, query, weights)
    add_importance(scored, weights)
    add_roles(scored, query, weights)
    add_preambles(scored, weights)
    add_coherence(scored, weights)
    chosen = spread(scored, limit, weights, whole=evidence.mentioned)
    return [
        Hit(place, one.indexed.chunk_id, one.indexed.chunk, one.score, tuple(one.parts))
        for place, one in enumerate(chosen, 1)
    ]


def add_matches(one: _Scored, query: Query, evidence: Evidence, weights: Weights) -> None:
    """Add what the lists say, and the boosts for being the definition or the place that the query names."""
    chunk_id = one.indexed.chunk_id
    fused = evidence.fused.get(chunk_id, Fused())
    one.add("words", fused.lexical)
    one.add("meaning", fused.dense)
    fit, name = evidence.definitions.get(chunk_id, (0.0, ""))
    share = weights.definition_in_error if query.kind == "error" else 1.0
    one.add("definition", weights.definition * share * fit, name)
    fit, name = evidence.capitalised.get(chunk_id, (0.0, ""))
    one.add("named type", weights.capitalised * fit, name)
    if chunk_id in evidence.mentioned:
        one.add("path", weights.path_mention, evidence.mentioned[chunk_id])


def add_file_names(scored: Sequence[_Scored], query: Query, weights: Weights) -> None:
    """Add the share of the file's name that the query spells out, squared: a half match is mostly an accident."""
    matches = {path: file_name_match(path, query.terms) for path in {one.indexed.chunk.path for one in scored}}
    for one in scored:
        path = one.indexed.chunk.path
        one.add("file name", weights.file_name * matches[path] ** 2, path.rpartition("/")[2])


def add_importance(scored: Sequence[_Scored], weights: Weights) -> None:
    """Add a share for how many other files use what is defined here, on a log scale against the most used candidate."""
    most = max((one.indexed.reference_files for one in scored), default=0)
    if not most:
        return
    for one in scored:
        uses = one.indexed.reference_files
        share = weights.importance * math.log1p(uses) / math.log1p(most)
        one.add("used", one.score * share, "by 1 file" if uses == 1 else f"by {uses} files")


def add_roles(scored: Sequence[_Scored], query: Query, weights: Weights) -> None:
    """Take away a share from tests, examples, documents and the like, unless the query asks for them."""
    old = superseded_folders({one.indexed.chunk.path for one in scored})
    for one in scored:
        path = one.indexed.chunk.path
        role = chunk_role(one.indexed.chunk) or ("deprecated" if old and is_under(path, old) else "")
        if role and role not in query.wants and not any(path.endswith(mention.path) for mention in query.paths):
            one.add(role, one.score * (weights.role_factors.get(role, 1.0) - 1.0))


def add_preambles(scored: Sequence[_Scored], weights: Weights) -> None:
    """Take away a share from lists of imports and exports; a preamble with documentation describes its file."""
    for one in scored:
        if one.indexed.chunk.kind == "module" and not one.indexed.chunk.doc:
            one.add("preamble", one.score * (weights.preamble - 1.0))


def add_coherence(scored: Sequence[_Scored], weights: Weights) -> None:
    """Lift the chunks of files that have several good ones: the file as a whole is about the question."""
    for group in _by_file(scored).values():
        best = sorted((one.score for one in group), reverse=True)[:_MOST_COHERENT]
        lift = sum(score * weights.coherence_decay**place for place, score in enumerate(best) if place)
        for one in group:
            one.add("file", weights.coherence * lift, f"{len(group)} places")


def _by_file(scored: Sequence[_Scored]) -> dict[str, list[_Scored]]:
    """Group candidates by their path."""
    groups: dict[str, list[_Scored]] = defaultdict(list)
    for one in scored:
        groups[one.indexed.chunk.path].append(one)
    return groups


def spread(scored: Sequence[_Scored], limit: int, weights: Weights, *, whole: Container[int] = ()) -> list[_Scored]:
    """Choose the best, taking from each further chunk of a file more of its score than from the one before.

    The chunks in `whole` are of files that the query names: those may fill the list. Ties fall by path and line, so
    that equal input gives equal output.
    """
    ordered = sorted(scored, key=lambda one: (-one.score, one.indexed.chunk.path, one.indexed.chunk.start_line))
    seen: dict[str, int] = defaultdict(int)
    for one in ordered:
        if one.indexed.chunk_id in whole:
            continue
        before = seen[one.indexed.chunk.path]
        seen[one.indexed.chunk.path] += 1
        one.add(
            "repeat", one.score * (weights.repeat**before - 1.0), f"number {before + 1} of its file" if before else ""
        )
    return sorted(ordered, key=lambda one: -one.score)[:limit]
