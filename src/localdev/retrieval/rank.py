"""Ranking: files by the sum of what speaks for them, then the places inside them. Pure functions.

Two steps, because two things are asked: which file, and where in it. A file takes the best that any of its chunks has
of each fact, and what is known of it as a whole; its chunks then stand in the order of their own match.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeVar

from localdev.core.search import Hit, IndexedChunk, ScorePart
from localdev.retrieval.names import file_name_match
from localdev.retrieval.query import Query
from localdev.retrieval.roles import chunk_role, is_under, superseded_folders
from localdev.retrieval.weights import DEFAULT, Weights

_Fact = TypeVar("_Fact")

_NONE = (0.0, "")
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
    """A candidate: what its text and name earn, in the order of `_OF_PLACE`, and how it stands among its file's."""

    indexed: IndexedChunk
    earned: tuple[float, ...]
    role: str
    match: float


# The facts of a place, as `--explain` names them.
_OF_PLACE = ("words", "phrase", "meaning", "definition", "named type", "path")


@dataclass(frozen=True, slots=True)
class _File:
    """A file of candidates, best place first: the best of each fact of its places, and what it earns as a whole."""

    path: str
    places: Sequence[_Place]
    best: tuple[float, ...]
    role: str
    whole: tuple[float, ...]

    @property
    def score(self) -> float:
        """The sum of all parts."""
        return sum(self.best) + sum(self.whole)


def rank(
    query: Query, chunks: Mapping[int, IndexedChunk], evidence: Evidence, *, limit: int, weights: Weights = DEFAULT
) -> list[Hit]:
    """Order the candidates: files by their score, and each file's best chunk before its further ones.

    Ties fall by path and line, so that equal input gives equal output.
    """
    known = [chunks[chunk_id] for chunk_id in evidence.ids() if chunk_id in chunks]
    old = superseded_folders({one.chunk.path for one in known})
    named = {one.chunk.path for one in known if one.chunk_id in evidence.mentioned}
    by_file: dict[str, list[_Place]] = defaultdict(list)
    for one in known:
        role = "" if one.chunk.path in named else _role(one, query, old)
        by_file[one.chunk.path].append(_place(one, role, query, evidence=evidence, weights=weights))
    together = _together(by_file, evidence, weights)
    most_used = max((one.reference_files for one in known), default=0)
    scored: list[tuple[float, str, int, _File, int]] = []
    for path, places in by_file.items():
        places.sort(key=lambda place: (-place.match, place.indexed.chunk.start_line))
        meaning = weights.meaning_of_file * evidence.file_meaning.get(path, 0.0)
        about = (weights.words_in_file * together[path], meaning)
        file = _file(path, places, query, weights=weights, most_used=most_used, about=about)
        score = file.score
        for before, place in enumerate(places):
            lost = _lost(file, before, whole=evidence.mentioned.keys(), weights=weights)
            scored.append((-(score + lost), path, place.indexed.chunk.start_line, file, before))
    best = heapq.nsmallest(limit, scored, key=lambda one: one[:3])
    return [_hit(rank, file, before, evidence, weights=weights) for rank, (*_, file, before) in enumerate(best, 1)]


def _part(name: str, value: float, note: str = "") -> tuple[ScorePart, ...]:
    """Give a part, or nothing where it changes nothing."""
    return (ScorePart(name, value, note),) if value else ()


def _place(one: IndexedChunk, role: str, query: Query, *, evidence: Evidence, weights: Weights) -> _Place:
    """Collect what a chunk itself earns: by its words, its meaning, and by being what the query names."""
    chunk_id = one.chunk_id
    asked = weights.definition if query.kind == "symbol" else weights.definition_in_text
    earned = (
        weights.words * evidence.words.get(chunk_id, 0.0),
        weights.phrase * evidence.phrases.get(chunk_id, 0.0),
        weights.meaning * evidence.meaning.get(chunk_id, 0.0),
        asked * evidence.definitions.get(chunk_id, _NONE)[0],
        weights.capitalised * evidence.capitalised.get(chunk_id, _NONE)[0],
        weights.path_mention if chunk_id in evidence.mentioned else 0.0,
    )
    lost = weights.role_costs.get(role, 0.0)
    if one.chunk.kind == "module" and not one.chunk.doc:
        lost += weights.preamble
    return _Place(one, earned, role, sum(earned) - lost)


def _role(one: IndexedChunk, query: Query, old: Set[str]) -> str:
    """Give the role that counts against a chunk: none where the query asks for it."""
    role = chunk_role(one.chunk) or ("deprecated" if old and is_under(one.chunk.path, old) else "")
    return "" if role in query.wants else role


def _together(by_file: Mapping[str, Sequence[_Place]], evidence: Evidence, weights: Weights) -> dict[str, float]:
    """Give how much the chunks of each file hold the words together, scaled so that the best file has 1."""
    sums: dict[str, float] = {}
    for path, places in by_file.items():
        scores = sorted((evidence.words.get(place.indexed.chunk_id, 0.0) for place in places), reverse=True)
        sums[path] = sum(score * weights.decay**at for at, score in enumerate(scores[:_MOST_TOGETHER]))
    most = max(sums.values(), default=0.0) or 1.0
    return {path: total / most for path, total in sums.items()}


def _note(name: str, chunk_id: int, evidence: Evidence) -> str:
    """Say what a part rests on: the definition or the path."""
    if name == "definition":
        return evidence.definitions.get(chunk_id, _NONE)[1]
    if name == "named type":
        return evidence.capitalised.get(chunk_id, _NONE)[1]
    return evidence.mentioned.get(chunk_id, "") if name == "path" else ""


# What a file earns as a whole, as `--explain` names it; the name of its role stands for the last.
_OF_FILE = ("file words", "file meaning", "file name", "used")


def _file(
    path: str,
    places: Sequence[_Place],
    query: Query,
    *,
    weights: Weights,
    most_used: int,
    about: tuple[float, float],
) -> _File:
    """Add what a file earns by its name and its use, and what its role costs it, to what it is `about`.

    Half a match of the name is mostly an accident, so the share is squared; and the more words a query has, the easier
    they spell a name by accident, so it falls with the root of their number. Uses are taken on a log scale against the
    most used candidate. A file with both tests and code is code.
    """
    named = file_name_match(path, query.terms) ** 2 / math.sqrt(max(1, len(query.terms)))
    share = math.log1p(_uses(places)) / math.log1p(most_used) if most_used else 0.0
    role = min((place.role for place in places), key=lambda role: weights.role_costs.get(role, 0.0))
    whole = (*about, weights.file_name * named, weights.used * share, -weights.role_costs.get(role, 0.0))
    best = tuple(map(max, zip(*(place.earned for place in places), strict=True)))
    return _File(path, places, best, role, whole)


def _uses(places: Sequence[_Place]) -> int:
    """Give the number of files that use the most used definition of a file."""
    return max(place.indexed.reference_files for place in places)


def _lost(file: _File, before: int, *, whole: Set[int], weights: Weights) -> float:
    """Give what a file's chunk loses that has `before` better ones in its file.

    The chunks in `whole` are of a file that the query names: those may fill the list.
    """
    place = file.places[before]
    behind = place.match - file.places[0].match
    return behind if place.indexed.chunk_id in whole else behind - weights.repeat * before


def _hit(rank: int, file: _File, before: int, evidence: Evidence, *, weights: Weights) -> Hit:
    """Give a chunk with its place in the list and all the parts of its score."""
    place = file.places[before].indexed
    lost = _lost(file, before, whole=evidence.mentioned.keys(), weights=weights)
    parts = (*_parts(file, evidence), *_part("repeat", lost, f"number {before + 1} of its file"))
    return Hit(rank, place.chunk_id, place.chunk, file.score + lost, parts)


def _parts(file: _File, evidence: Evidence) -> list[ScorePart]:
    """Name the parts of a file's score and say what they rest on."""
    parts: list[ScorePart] = []
    for at, (name, value) in enumerate(zip(_OF_PLACE, file.best, strict=True)):
        holder = next(place for place in file.places if place.earned[at] == value)
        parts += _part(name, value, _note(name, holder.indexed.chunk_id, evidence))
    uses, many = _uses(file.places), len(file.places)
    notes = (
        "1 place" if many == 1 else f"{many} places",
        "",
        file.path.rpartition("/")[2],
        "by 1 file" if uses == 1 else f"by {uses} files",
        "",
    )
    for name, value, note in zip((*_OF_FILE, file.role), file.whole, notes, strict=True):
        parts += _part(name, value, note)
    return parts
