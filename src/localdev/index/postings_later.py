"""The chunks that came after the postings were made, kept as words in memory for as long as a process searches."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

from localdev.index.rows import search_words
from localdev.index.store import CHUNK_COLUMNS

# What FTS5's tokenizer takes for one word; it folds the case of ASCII letters and of no others.
TOKEN = re.compile(r"[A-Za-z0-9\u0080-\U0010ffff]+")
# Reading and splitting a chunk takes a process up to 0.5 ms, ranking one by FTS5 a five-hundredth of that or less: with
# more than one later chunk in so many the file is of no use. The smallest index that has one has room for a few.
_SHARE, _FEW = 500, 40


def tokens(text: str) -> list[str]:
    """Split a text as FTS5's tokenizer does."""
    return [fold(word) for word in TOKEN.findall(text)]


def fold(word: str) -> str:
    """Fold the case of ASCII letters alone."""
    return word.lower() if word.isascii() else "".join(one.lower() if one.isascii() else one for one in word)


class LaterChunks:
    """Words of chunks by id; ids only ever come, or go for good."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._sizes: dict[int, int] = {}
        # Word -> the chunks that hold it -> (field, place) of each time.
        self._places: defaultdict[str, dict[int, list[tuple[int, int]]]] = defaultdict(dict)

    def follow(self, database: sqlite3.Connection) -> None:
        """Take in what came and what went, as of the transaction `database` is in."""
        there = {row[0] for row in database.execute("SELECT id FROM chunks WHERE id > ?", (self._last,))}
        gone = self._sizes.keys() - there
        for chunk_id in gone:
            del self._sizes[chunk_id]
        if gone:
            for chunks in self._places.values():
                for chunk_id in gone & chunks.keys():
                    del chunks[chunk_id]
        newest = max(self._sizes, default=self._last)
        columns = ", ".join(f"chunks.{name}" for name in CHUNK_COLUMNS.split(", "))
        rows = database.execute(
            f"SELECT chunks.id, files.path, {columns} FROM chunks JOIN files ON files.id = chunks.file_id "
            "WHERE chunks.id > ?",
            (newest,),
        )
        for chunk_id, path, *row in rows:
            self._add(chunk_id, search_words(path, tuple(row)))

    def _add(self, chunk_id: int, fields: Sequence[str]) -> None:
        """Take one chunk in."""
        size = 0
        for field, text in enumerate(fields):
            for place, word in enumerate(tokens(text)):
                self._places[word].setdefault(chunk_id, []).append((field, place))
                size += 1
        self._sizes[chunk_id] = size

    def size(self, chunk_id: int) -> int:
        """Give the number of words of a chunk."""
        return self._sizes[chunk_id]

    def found(self, phrase: Sequence[str], weights: Sequence[float]) -> dict[int, float]:
        """Give the chunks that hold the words one after the other, with the weights of the fields added up."""
        first, *others = [self._places.get(word, {}) for word in phrase]
        found: dict[int, float] = {}
        for chunk_id in _in_all(first, others):
            behind = [set(chunks[chunk_id]) for chunks in others]
            total = 0.0
            for field, place in first[chunk_id]:
                if all((field, place + step) in places for step, places in enumerate(behind, 1)):
                    total += weights[field]
            if total:
                found[chunk_id] = total
        return found


def _in_all(first: dict[int, list[tuple[int, int]]], others: Iterable[dict[int, list[tuple[int, int]]]]) -> set[int]:
    """Give the chunks that hold every word."""
    return set(first).intersection(*others)


def most_later(chunks: int) -> int:
    """Give how many later chunks an index of so many may have for them to be kept as words."""
    return max(_FEW, chunks // _SHARE)


def worth_it(database: sqlite3.Connection, last: int, chunks: int) -> bool:
    """Tell whether the chunks after `last`, of so many, are few enough to be kept as words."""
    (count,) = database.execute("SELECT count(*) FROM chunks WHERE id > ?", (last,)).fetchone()
    return bool(count <= most_later(chunks))
