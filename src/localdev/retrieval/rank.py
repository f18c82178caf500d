"""Ranking: files by the sum of what speaks for them, then the places inside them. Pure functions.

Two steps, because two things are asked: which file, and where in it. A file takes the best that any of its chunks has
of each fact, and what is known of it as a whole; its chunks then stand in the order of their own match.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeVar

from localdev.core.search import Hit, IndexedChunk, ScorePart
from localdev.retrieval.names import file_name_match
from localdev.retrieval.query import Query
from localdev.retrieval.roles import chunk_role, is_under, superseded_folders
from localdev.retrieval.weights import DEFAULT, Weights

_Fact = TypeVar("_Fact")

# Beyond these a file's further chunks add next to nothing.
_MOST_TOGETHER = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about the candidates: lists scaled to 0..1, matching definitions, paths written out.

    `words`, `phrases` and `meaning` are by chunk id, `file_meaning` by path. `definitions` and `capitalised` hold how
    well a definition fits (0..1) and its name; `mentioned` a note per chunk.
    """

    words: Mapping[int, float] = field(default_factory=dict)
    phrases: Mapping[int, float] = field(default_factory=dict)
    meaning: Mapping[int, float] = field(default_factory=dict)
    file_meaning: Mapping[str, float] = field(default_factory=dict)
    definitions: Mapping[int, tuple[float, str]] = field(default_factory=dict)
    capitalised: Mapping[int, tuple[float, str]] = field(default_factory=dict)
    mentioned: Mapping[int, str] = field(default_factory=dict)

    def only(self, ids: Set[int]) -> Evidence:
        """Give the evidence for some chunks alone."""

        def keep(facts: Mapping[int, _Fact]) -> dict[int, _Fact]:
            return {chunk_id: fact for chunk_id, fact in facts.items() if chunk_id in ids}

        return Evidence(
            words=keep(self.words),
            phrases=keep(self.phrases),
            meaning=keep(self.meaning),
            file_meaning=self.file_meaning,
            definitions=keep(self.definitions),
            capitalised=keep(self.capitalised),
            mentioned=keep(self.mentioned),
        )

    def ids(self) -> list[int]:
        """Give the ids of all candidates, without repeats."""
        every = (self.words, self.phrases, self.meaning, self.definitions, self.capitalised, self.mentioned)
        return list(dict.fromkeys(chunk_id for facts in every for chunk_id in facts))


@dataclass(frozen=True, slots=True)
class _Place:
    """A candidate with the parts that its own text and name earn; `lost` is what its kind costs among its file's."""

    indexed: IndexedChunk
    parts: tuple[ScorePart, ...]
    role: str = ""
    lost: float = 0.0

    @property
    def match(self) -> float:
        """How well the place matches, compared with other places of its file."""
        return sum(part.value for part in self.parts) - self.lost


def rank(
    query: Query, chunks: Mapping[int, IndexedChunk], evidence: Evidence, *, limit: int, weights: Weights = DEFAULT
) -> list[Hit]:
    """Order the candidates: files by their score, and each file's best chunk before its further ones.

    Ties fall by path and line, so that equal input gives equal output.
    """
    known = [chunks[chunk_id] for chunk_id in evidence.ids() if chunk_id in chunks]
    old = superseded_folders({one.chunk.path for one in known})
    by_file: dict[str, list[_Place]] = defaultdict(list)
    for one in known:
        by_file[one.chunk.path].append(_place(one, query, evidence, old=old, weights=weights))
    together = _together(by_file, evidence, weights)
    most_used = max((one.reference_files for one in known), default=0)
    hits: list[Hit] = []
    for path, places in by_file.items():
        places.sort(key=lambda place: (-place.match, place.indexed.chunk.start_line))
        parts = [
            *_best(places),
            *_of_file(path, places, query, weights=weights, most_used=most_used),
            *_part("file words", weights.words_in_file * together[path], f"{len(places)} places"),
            *_part("file meaning", weights.meaning_of_file * evidence.file_meaning.get(path, 0.0)),
        ]
        hits += _hits(places, parts, whole=evidence.mentioned.keys(), weights=weights)
    hits.sort(key=lambda hit: (-hit.score, hit.chunk.path, hit.chunk.start_line))
    return [Hit(rank, hit.chunk_id, hit.chunk, hit.score, hit.parts) for rank, hit in enumerate(hits[:limit], 1)]


def _part(name: str, value: float, note: str = "") -> tuple[ScorePart, ...]:
    """Give a part, or nothing where it changes nothing."""
    return (ScorePart(name, value, note),) if value else ()


def _place(one: IndexedChunk, query: Query, evidence: Evidence, *, old: Set[str], weights: Weights) -> _Place:
    """Collect what a chunk itself earns: by its words, its meaning, and by being what the query names."""
    chunk_id = one.chunk_id
    fit, name = evidence.definitions.get(chunk_id, (0.0, ""))
    asked = weights.definition if query.kind == "symbol" else weights.definition_in_text
    type_fit, type_name = evidence.capitalised.get(chunk_id, (0.0, ""))
    parts = (
        *_part("words", weights.words * evidence.words.get(chunk_id, 0.0)),
        *_part("phrase", weights.phrase * evidence.phrases.get(chunk_id, 0.0)),
        *_part("meaning", weights.meaning * evidence.meaning.get(chunk_id, 0.0)),
        *_part("definition", asked * fit, name),
        *_part("named type", weights.capitalised * type_fit, type_name),
        *_part(
            "path",
            weights.path_mention if chunk_id in evidence.mentioned else 0.0,
            evidence.mentioned.get(chunk_id, ""),
        ),
    )
    role = _role(one, query, old)
    preamble = one.chunk.kind == "module" and not one.chunk.doc
    return _Place(one, parts, role, weights.role_costs.get(role, 0.0) + (weights.preamble if preamble else 0.0))


def _role(one: IndexedChunk, query: Query, old: Set[str]) -> str:
    """Give the role that counts against a chunk: none where the query asks for it or names the file."""
    path = one.chunk.path
    role = chunk_role(one.chunk) or ("deprecated" if old and is_under(path, old) else "")
    asked = role in query.wants or any(path.endswith(mention.path) for mention in query.paths)
    return "" if asked else role


def _together(by_file: Mapping[str, Sequence[_Place]], evidence: Evidence, weights: Weights) -> dict[str, float]:
    """Give how much the chunks of each file hold the words together, scaled so that the best file has 1."""
    sums: dict[str, float] = {}
    for path, places in by_file.items():
        scores = sorted((evidence.words.get(place.indexed.chunk_id, 0.0) for place in places), reverse=True)
        sums[path] = sum(score * weights.decay**at for at, score in enumerate(scores[:_MOST_TOGETHER]))
    most = max(sums.values(), default=0.0) or 1.0
    return {path: total / most for path, total in sums.items()}


def _best(places: Iterable[_Place]) -> list[ScorePart]:
    """Give the best that any chunk of the file has of each part."""
    best: dict[str, ScorePart] = {}
    for place in places:
        for part in place.parts:
            if part.name not in best or part.value > best[part.name].value:
                best[part.name] = part
    return list(best.values())


def _of_file(
    path: str, places: Sequence[_Place], query: Query, *, weights: Weights, most_used: int
) -> tuple[ScorePart, ...]:
    """Give what a file earns by its name and its use, and what its role costs it.

    Half a match of the name is mostly an accident, so the share is squared. Uses are taken on a log scale against the
    most used candidate. A file with both tests and code is code.
    """
    uses = max(place.indexed.reference_files for place in places)
    share = math.log1p(uses) / math.log1p(most_used) if most_used else 0.0
    role = min((place.role for place in places), key=lambda role: weights.role_costs.get(role, 0.0))
    return (
        *_part("file name", weights.file_name * file_name_match(path, query.terms) ** 2, path.rpartition("/")[2]),
        *_part("used", weights.used * share, "by 1 file" if uses == 1 else f"by {uses} files"),
        *_part(role, -weights.role_costs.get(role, 0.0)),
    )


def _hits(places: Sequence[_Place], parts: Sequence[ScorePart], *, whole: Set[int], weights: Weights) -> list[Hit]:
    """Give the chunks of one file, best first: the first has the file's score, each further one loses more.

    The chunks in `whole` are of a file that the query names: those may fill the list.
    """
    total = sum(part.value for part in parts)
    hits = []
    for before, place in enumerate(places):
        chunk_id = place.indexed.chunk_id
        behind = place.match - places[0].match
        lost = behind if chunk_id in whole else behind - weights.repeat * before
        more = _part("repeat", lost, f"number {before + 1} of its file")
        hits.append(Hit(0, chunk_id, place.indexed.chunk, total + lost, (*parts, *more)))
    return hits
