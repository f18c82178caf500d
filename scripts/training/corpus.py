"""The pairs of all packages as arrays of table rows, ready for batches."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from localdev.backends.embedders.pieces import _IDENTIFIER, _PART, Pieces

Rows = npt.NDArray[np.int32]
_PARTS = 5  # path, symbol, signature, documentation, body
_LONGEST = 320  # pieces: about what 2,000 characters of code hold


@dataclass
class Package:
    """One package: the parts of its chunks as rows, which file each belongs to, and its pairs."""

    name: str
    parts: list[list[Rows]] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    outlines: set[int] = field(default_factory=set)
    pairs: list[tuple[str, Rows, int, int]] = field(default_factory=list)  # kind, query, chunk or -1, file
    by_file: dict[int, list[int]] = field(default_factory=dict)


def frequent_words(paths: Sequence[Path], vocabulary: Sequence[str], *, room: int, packages: int) -> list[str]:
    """Give the `room` most frequent words of files of pairs that no piece holds whole and `packages` packages share."""
    whole = set(vocabulary)
    chunks: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for path in paths:
        here: Counter[str] = Counter()
        for line in _lines(path):
            if "c" in line:
                here.update(set(_words(" ".join(line["c"]))))
        chunks.update({word: min(count, 200) for word, count in here.items()})
        spread.update(here.keys())
    cut = [word for word, count in spread.items() if count >= packages and word not in whole and 3 <= len(word) <= 24]
    return sorted(cut, key=lambda word: (-chunks[word], word))[:room]


def _words(text: str) -> Iterator[str]:
    """Give the parts of the identifiers of a text, small, as the embedder cuts them."""
    for identifier in _IDENTIFIER.findall(text):
        if len(identifier) <= 100:
            for part in _PART.findall(identifier):
                yield part.lower()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Give the records of a file of pairs."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def load_package(path: Path, pieces: Pieces) -> Package:
    """Read one package and cut all its texts."""
    package = Package(path.stem)
    for line in _lines(path):
        if "c" in line:
            if line.get("o"):
                package.outlines.add(len(package.parts))
            else:
                package.by_file.setdefault(line["f"], []).append(len(package.parts))
            package.parts.append([_rows(pieces, text) for text in line["c"]])
            package.files.append(line["f"])
        else:
            index = line.get("i", -1)
            query = _rows(pieces, line["q"])
            if len(query) >= 2:
                package.pairs.append((line["p"], query, index, line["f"] if index < 0 else package.files[index]))
    return package


def _rows(pieces: Pieces, text: str) -> Rows:
    """Cut a text into rows."""
    return np.array(pieces.rows(text)[:_LONGEST], dtype=np.int32)


class Texts:
    """Puts queries and code together from their parts, with the random changes of training."""

    def __init__(self, pieces: Pieces, seed: int) -> None:
        """Take the way to cut, for the templates, and the seed of all that is random."""
        self.random = random.Random(seed)
        frames = (
            "how does | work", "how | works", "where is |", "how to |", "how is | implemented", "what |",
            "where are | handled", "code that |", "implementation of |", "how are | managed", "find |",
            "which function |", "the | system",
        )  # fmt: skip
        self._frames = [tuple(_rows(pieces, half) for half in frame.split("|")) for frame in frames]

    def query(self, rows: Rows, symbol: Rows) -> Rows:
        """Give a query: in a frame one time in three, words dropped, the answer's own name taken out half the time."""
        chance = self.random.random
        if len(symbol) and len(rows) > len(symbol) + 2 and chance() < 0.5:
            tail = symbol[-min(len(symbol), 6) :]
            if np.array_equal(rows[: len(tail)], tail):
                rows = rows[len(tail) :]
        if len(rows) > 4:
            kept = rows[np.array([chance() > 0.12 for _ in rows])]
            rows = kept if len(kept) > 1 else rows
        if len(rows) > 12 and chance() < 0.3:
            start = self.random.randrange(len(rows) - 8)
            rows = rows[start : start + 8]
        if chance() < 0.35:
            before, after = self.random.choice(self._frames)
            rows = np.concatenate([before, rows, after])
        return rows

    def code(self, parts: list[Rows], kind: str, query: Rows) -> Rows:
        """Give a chunk's text for training: without what the query was made of, and sometimes without other parts."""
        path, symbol, signature, doc, body = parts
        chance = self.random.random
        if kind == "symbol":
            symbol = signature = doc[:0]
        if kind == "path" or chance() < 0.2:
            path = path[:0]
        if kind in {"doc", "class", "section"} and chance() < 0.25:
            symbol = signature = symbol[:0]
        if kind == "comment":
            body = _without(body, query)
        shown = doc if kind not in {"doc", "class", "file", "outline"} and chance() < 0.5 else doc[:0]
        return np.concatenate([path, symbol, signature, shown, body])[:_LONGEST]


def plain(parts: list[Rows], *, doc: bool = False) -> Rows:
    """Give a chunk's text as it is measured: all parts, without the documentation unless asked for."""
    path, symbol, signature, documentation, body = parts
    return np.concatenate([path, symbol, signature, documentation if doc else documentation[:0], body])[:_LONGEST]


def _without(body: Rows, run: Rows) -> Rows:
    """Cut the first place out where `run` stands in `body`."""
    size = len(run)
    for start in np.flatnonzero(body[: len(body) - size + 1] == run[0]) if len(body) >= size else ():
        if np.array_equal(body[start : start + size], run):
            return np.concatenate([body[:start], body[start + size :]])
    return body
