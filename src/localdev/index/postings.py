"""Ranking common words in no time: BM25 over the mapped postings, with the very scores that FTS5 gives.

FTS5 scores 1.5 chunks in a microsecond, and has to score every chunk that holds a word or a phrase: with 200,000 chunks
a sentence of common words takes 150 ms. Over arrays the same arithmetic, in the same order, takes a tenth. The postings
are derived from FTS5, which stays the truth, and deleting the file only slows the search. Small indexes do without.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.core.search import Candidate
from localdev.index import postings_file
from localdev.index.postings_file import Postings, PostingsMark, Torn
from localdev.index.postings_later import LaterChunks, most_later, tokens, worth_it
from localdev.index.schema import FIELDS

if TYPE_CHECKING:
    import numpy.typing as npt

    from localdev.core.ports import IdVector

    Numbers = npt.NDArray[Any]

# With fewer chunks FTS5 needs some 5 ms for the commonest words.
SMALLEST = 8_000
# The file is made again, at the latest, when more than one chunk in so many came after it.
LATER = 10
# So many times longer, a list is searched for each number of the shorter one; otherwise both are merged.
_MUCH_FEWER = 32
# FTS5's own constants: BM25's two, and the weight of a word that more than half of all chunks hold.
_K1, _B, _LEAST_IDF = 1.2, 0.75, 1e-6


def due(database: sqlite3.Connection, mark: PostingsMark, *, eagerly: bool) -> bool:
    """Tell whether the index is large enough for postings and has none, or too few; eagerly, whether they slow us.

    What could not be made is asked for again once as much is new as makes them due without haste.
    """
    chunks, later = database.execute("SELECT count(*), coalesce(sum(id > ?), 0) FROM chunks", (mark.last,)).fetchone()
    most = chunks // LATER
    if eagerly and mark.token:
        most = min(most, most_later(chunks))
    return bool(chunks >= SMALLEST and later > most)


class PostingsView:
    """The postings as of one moment: with what was removed since they were made, and what came."""

    def __init__(self, postings: Postings, mark: PostingsMark) -> None:
        import numpy as np

        self._postings = postings
        self._mark = mark
        self._sizes = np.diff(postings.homes[:: len(FIELDS)].astype(np.int64)) - len(FIELDS)
        self._gone = np.zeros(mark.last + 1, dtype=bool)
        self._any_gone = False
        self._rows = 0
        self._average = 1.0
        self._norms = np.zeros(0)
        self._later: LaterChunks | None = None
        self._frequencies = lru_cache(maxsize=8)(self._weighted)

    def follow(self, database: sqlite3.Connection) -> None:
        """Take in what came and what went, as of the transaction `database` is in."""
        import numpy as np

        dead = np.fromiter((row[0] for row in database.execute("SELECT chunk_id FROM dead")), dtype=np.int64)
        self._gone[dead[dead <= self._mark.last]] = True
        self._any_gone = bool(self._gone.any())
        self._rows, words = _totals(database)
        self._average = words / self._rows if self._rows else 1.0
        self._norms = _norm(self._sizes, self._average)
        if worth_it(database, self._mark.last, self._rows):
            self._later = self._later or LaterChunks(self._mark.last)
            self._later.follow(database)
        else:
            self._later = None

    def search(
        self, terms: Sequence[str], weights: Sequence[float], limit: int, *, allowed: IdVector | None = None
    ) -> list[Candidate] | None:
        """Rank the chunks that hold any of `terms`, as `lexical.search` does; None for what only FTS5 can do.

        With `allowed` only chunks of these ids, which ascend.
        """
        phrases = [tokens(term) for term in dict.fromkeys(terms)]
        if self._later is None or limit <= 0 or min(weights) <= 0 or not all(phrases):
            return None
        try:
            scores, later = self._scores(phrases, tuple(map(float, weights)), self._later)
        except Torn:
            return None
        if allowed is not None:
            _narrow(scores, allowed)
            kept = allowed[allowed.searchsorted(len(scores)) :].tolist()
            later = {chunk_id: later[chunk_id] for chunk_id in later.keys() & set(kept)}
        found = _best(scores, limit)
        if later:
            found += [Candidate(chunk_id, score) for chunk_id, score in later.items()]
            found.sort(key=lambda one: (-one.score, one.chunk_id))
        return found[:limit]

    def _scores(
        self, phrases: list[list[str]], weights: tuple[float, ...], later: LaterChunks
    ) -> tuple[Numbers, dict[int, float]]:
        """Give BM25 by chunk id: of the chunks in the file, and of those that came later.

        Raises:
            Torn: the file is not what was written.
        """
        import numpy as np

        scores = np.zeros(len(self._sizes))
        scores_later: dict[int, float] = {}
        for phrase in phrases:
            ids, often = self._found(phrase, weights)
            found_later = later.found(phrase, weights)
            hits = len(ids) + len(found_later)
            if self._any_gone:
                hits -= int(np.count_nonzero(self._gone[ids]))
            weight = math.log((self._rows - hits + 0.5) / (hits + 0.5))
            weight = weight if weight > 0 else _LEAST_IDF
            scores[ids] += _bm25(often, self._norms[ids]) * weight
            for chunk_id, times in found_later.items():
                gained = weight * _bm25(times, _norm(later.size(chunk_id), self._average))
                scores_later[chunk_id] = scores_later.get(chunk_id, 0.0) + gained
        scores[self._gone] = 0.0
        return scores, scores_later

    def _found(self, phrase: Sequence[str], weights: tuple[float, ...]) -> tuple[Numbers, Numbers]:
        """Give the chunks that hold the words one after the other, with the weights of the fields added up."""
        import numpy as np

        numbers = [self._postings.number(word.encode("utf-8", "surrogatepass")) for word in phrase]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            return np.empty(0, dtype=np.int64), np.empty(0)
        if len(known) == 1:
            ids, codes = self._postings.of(known[0])
            return ids.astype(np.intp), self._frequencies(weights)[codes]
        starts = self._postings.places_of(known[0])
        for step, number in enumerate(known[1:], 1):
            starts = _common(starts, self._postings.places_of(number) - np.uint32(step))
        fields = np.searchsorted(self._postings.homes, starts, side="right") - 1
        chunks = fields // len(FIELDS)
        new = np.ones(len(chunks), dtype=bool)
        new[1:] = chunks[1:] != chunks[:-1]
        # It adds one by one, as FTS5 does.
        often = np.bincount(np.cumsum(new) - 1, weights=np.asarray(weights)[fields % len(FIELDS)])
        return chunks[new], often[: int(new.sum())]

    def _weighted(self, weights: tuple[float, ...]) -> Numbers:
        """Give for each code the sum of its fields' weights, added one by one in the order of fields as FTS5 does."""
        import numpy as np

        counts = self._postings.counts
        total = np.zeros(len(counts))
        for field, weight in enumerate(weights):
            more = counts[:, field].astype(np.int64)
            codes = np.flatnonzero(more)
            for times in range(1, int(more.max(initial=0)) + 1):
                total[codes] += weight
                codes = codes[more[codes] > times]
        return total


def load_view(database: sqlite3.Connection, generation: Path, mark: PostingsMark) -> PostingsView | None:
    """Build the view as of the transaction `database` is in; None when there is no file, or none that can be used."""
    postings = postings_file.load(generation, mark)
    if postings is None:
        return None
    view = PostingsView(postings, mark)
    view.follow(database)
    return view


def _norm(size: Any, average: float) -> Any:
    """Give what BM25 adds for the size of a chunk; a number or an array."""
    return _K1 * ((1 - _B) + _B * size / average)


def _bm25(often: Any, norm: Any) -> Any:
    """Give BM25's part for one phrase without its weight; numbers or arrays."""
    return (often * (_K1 + 1.0)) / (often + norm)


def _common(some: Numbers, others: Numbers) -> Numbers:
    """Give the numbers that are in both, ascending as both are."""
    import numpy as np

    few, many = (some, others) if len(some) <= len(others) else (others, some)
    if len(few) * _MUCH_FEWER < len(many):
        places = many.searchsorted(few)
        places[places == len(many)] = 0
        return np.asarray(few[many[places] == few]) if len(many) else few
    both = np.concatenate([few, many])
    both.sort(kind="stable")  # which sees that these are two sorted runs, and merges them
    return np.asarray(both[:-1][both[1:] == both[:-1]])


def _narrow(scores: Numbers, allowed: IdVector) -> None:
    """Take all others out."""
    import numpy as np

    keep = np.zeros(len(scores), dtype=bool)
    keep[allowed[: allowed.searchsorted(len(scores))]] = True
    scores[~keep] = 0.0


def _best(scores: Numbers, limit: int) -> list[Candidate]:
    """Give the highest scores, ties by id; a chunk that holds none of the words has none."""
    import numpy as np

    found = np.flatnonzero(scores)
    if limit < len(found):
        reached = scores[found]
        found = found[reached >= np.partition(reached, len(reached) - limit)[len(reached) - limit]]
    found = found[np.argsort(-scores[found], kind="stable")][:limit]
    return [Candidate(int(chunk_id), float(scores[chunk_id])) for chunk_id in found]


def _totals(database: sqlite3.Connection) -> tuple[int, int]:
    """Read the number of rows and of words from FTS5's own record: numbers of seven bits to a byte, the rows first."""
    (record,) = database.execute("SELECT block FROM words_data WHERE id = 1").fetchone()
    numbers, value = [], 0
    for byte in record:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers[0], sum(numbers[1:])
