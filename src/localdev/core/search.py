"""Values of search: what is asked for, and the ranked hits with their parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from localdev.core.code import Chunk


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Narrows a search: glob patterns over paths, language names, chunk or symbol kinds. Empty means no limit."""

    paths: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk found by one list (lexical or dense): its id in the index and that list's own score, higher is better."""

    chunk_id: int
    score: float


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A stored chunk with its id and the facts of the graph that ranking needs.

    `reference_files` is the number of other files that refer to a definition which starts here (the most used one).
    """

    chunk_id: int
    chunk: Chunk
    reference_files: int = 0


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One named contribution to a hit's score, as `--explain` prints it."""

    name: str
    value: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked chunk; `rank` starts at 1, `score` is higher for better and only comparable within one query."""

    rank: int
    chunk_id: int
    chunk: Chunk
    score: float
    parts: tuple[ScorePart, ...] = field(default=())
