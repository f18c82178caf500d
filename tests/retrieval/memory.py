"""A repository in memory for retrieval's tests: real words, real BM25 over fields, vectors as bags of words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from localdev.core.code import Chunk, RefreshReport, Symbol
from localdev.core.ports import ProgressSink
from localdev.core.search import Candidate, IndexedChunk, SearchFilter
from localdev.core.words import words

_K1, _B = 1.2, 0.75


def chunk(path: str, text: str = "", *, symbol: str = "", start: int = 1, **more: str) -> Chunk:
    """Make a chunk of `text` that starts on line `start`; `more` may hold signature, doc, kind, language."""
    lines = text.removesuffix("\n").count("\n") + 1
    given = {"language": "python", "kind": "function" if symbol else "lines", **more}
    return Chunk(
        path=path,
        start_line=start,
        end_line=start + lines - 1,
        language=given["language"],
        kind=given["kind"],
        text=text,
        symbol=symbol,
        signature=given.get("signature", ""),
        doc=given.get("doc", ""),
    )


def fields_of(one: Chunk) -> tuple[list[str], ...]:
    """Give the words of the five fields: path, symbol, signature, doc, body."""
    return words(one.path), words(one.symbol), words(one.signature), words(one.doc), words(one.text)


@dataclass
class MemoryRepository:
    """Fits the `Repository` port over chunks given in order; ids start at 1. `uses` counts files per symbol name."""

    given: Sequence[Chunk]
    defined: Sequence[Symbol] = ()
    uses: dict[str, int] = field(default_factory=dict)
    used_at: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)
    root: Path = Path()

    def __post_init__(self) -> None:
        """Count the words once."""
        self.by_id = dict(enumerate(self.given, 1))
        self.counts = {key: [Counter(part) for part in fields_of(one)] for key, one in self.by_id.items()}
        self.lengths = {key: sum(part.total() for part in parts) for key, parts in self.counts.items()}
        self.mean_length = sum(self.lengths.values()) / max(1, len(self.lengths))

    def refresh(self, progress: ProgressSink | None = None, *, rebuild: bool = False) -> RefreshReport:
        """Nothing to do: the chunks are fixed."""
        return RefreshReport(files=len(self.paths()), chunks=len(self.by_id))

    def lexical(
        self, terms: Sequence[str], weights: Sequence[float], limit: int, *, where: SearchFilter | None = None
    ) -> list[Candidate]:
        """BM25 with a weighted count over the fields, as SQLite's FTS5 has it."""
        scores: dict[int, float] = defaultdict(float)
        for term in dict.fromkeys(terms):
            weighted = {
                key: sum(weight * part[term] for weight, part in zip(weights, parts, strict=True))
                for key, parts in self.counts.items()
            }
            holders = {key: count for key, count in weighted.items() if count}
            rarity = math.log((len(self.by_id) - len(holders) + 0.5) / (len(holders) + 0.5) + 1)
            for key, count in holders.items():
                damp = _K1 * (1 - _B + _B * self.lengths[key] / self.mean_length)
                scores[key] += rarity * count * (_K1 + 1) / (count + damp)
        return self._best(scores, limit, where)

    def dense(self, text: str, limit: int, *, where: SearchFilter | None = None) -> list[Candidate]:
        """Cosine of plain word counts: a stand-in with the shape of an embedding."""
        asked = Counter(words(text))
        scores: dict[int, float] = defaultdict(float)
        for key, parts in self.counts.items():
            bag = sum(parts, Counter[str]())
            norm = math.sqrt(sum(v * v for v in bag.values()) * sum(v * v for v in asked.values())) or 1.0
            scores[key] = sum(count * bag[word] for word, count in asked.items()) / norm
        return self._best(scores, limit, where)

    def dense_files(self, text: str, limit: int, *, where: SearchFilter | None = None) -> list[tuple[str, float]]:
        """Rank files by their best chunk, which is enough to tell them apart."""
        best: dict[str, float] = {}
        for one in self.dense(text, len(self.by_id), where=where):
            best.setdefault(self.by_id[one.chunk_id].path, one.score)
        return list(best.items())[:limit]

    def _best(self, scores: dict[int, float], limit: int, where: SearchFilter | None) -> list[Candidate]:
        """Give the best ids that the filter admits."""
        ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        kept = [Candidate(key, score) for key, score in ordered if score and self._admits(self.by_id[key], where)]
        return kept[:limit]

    @staticmethod
    def _admits(one: Chunk, where: SearchFilter | None) -> bool:
        """Tell whether the filter lets a chunk through."""
        if where is None:
            return True
        return (
            (not where.paths or any(fnmatchcase(one.path, pattern) for pattern in where.paths))
            and (not where.languages or one.language in where.languages)
            and (not where.kinds or one.kind in where.kinds)
        )

    def chunks(self, ids: Sequence[int]) -> dict[int, IndexedChunk]:
        """Give chunks by id, with the uses of what they define."""
        return {
            key: IndexedChunk(key, self.by_id[key], self.uses.get(self.by_id[key].symbol.rpartition(".")[2], 0))
            for key in ids
            if key in self.by_id
        }

    def chunk_ids(self, path: str, start_line: int = 1, end_line: int = 2**31) -> list[int]:
        """Give the chunks of a file that overlap the lines."""
        return [
            key
            for key, one in self.by_id.items()
            if one.path == path and one.start_line <= end_line and one.end_line >= start_line
        ]

    def symbols_named(self, names: Sequence[str], *, ignore_case: bool = False) -> list[tuple[int, Symbol]]:
        """Find definitions by plain or qualified name."""
        fold = str.lower if ignore_case else str
        asked = {fold(name) for name in names}
        return [
            (self.chunk_ids(one.path, one.start_line)[0], one)
            for one in self.defined
            if asked & {fold(one.name), fold(one.qualified)}
        ]

    def defined_names(self, near: str = "") -> list[str]:
        """Give the names of all definitions."""
        return [one.name for one in self.defined]

    def callers(self, name: str, limit: int, *, path: str = "") -> list[tuple[str, int, str]]:
        """Give the places that were said to use a name."""
        return self.used_at.get(name, [])[:limit]

    def callees(self, chunk_id: int, limit: int) -> list[Symbol]:
        """No references are kept."""
        return []

    def symbols(self, path_prefix: str = "") -> list[tuple[Symbol, int]]:
        """Give definitions with their uses."""
        return [(one, self.uses.get(one.name, 0)) for one in self.defined if one.path.startswith(path_prefix)]

    def paths(self) -> list[str]:
        """Give the paths, sorted."""
        return sorted({one.path for one in self.by_id.values()})

    def known_names(self, names: Sequence[str]) -> set[str]:
        """Give the names that are defined."""
        return {one.name for one in self.defined}.intersection(names)


def define(chunks: Iterable[Chunk], kind: str = "function") -> list[Symbol]:
    """Give one definition per chunk that has a symbol."""
    return [
        Symbol(
            path=one.path,
            name=one.symbol.rpartition(".")[2],
            qualified=one.symbol,
            kind=kind,
            start_line=one.start_line,
            end_line=one.end_line,
            signature=one.signature,
            parent=one.symbol.rpartition(".")[0],
        )
        for one in chunks
        if one.symbol
    ]
