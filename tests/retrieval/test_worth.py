"""What a hit is worth to an answer."""

from __future__ import annotations

import math

import pytest

from localdev.core.search import Hit
from localdev.retrieval.weights import DEFAULT
from localdev.retrieval.worth import worths
from tests.retrieval.memory import chunk


def hits(*scored: tuple[str, float]) -> list[Hit]:
    """Rank chunks of these files with these scores."""
    return [Hit(rank, rank, chunk(path, "x", start=rank), score) for rank, (path, score) in enumerate(scored, 1)]


def test_a_score_of_one_less_makes_a_file_e_times_less_likely() -> None:
    """So the weights were fitted."""
    one, other = worths(hits(("a", 5.0), ("b", 4.0)))
    assert (one.file, one.chunk) == (1.0, 1.0)
    assert other.file == other.chunk == pytest.approx(1 / math.e)


def test_chunks_of_a_file_share_its_likelihood() -> None:
    """A chunk as good as the best has half of it, one far behind hardly any; what it lost as a repeat is no matter."""
    best, equal, far = worths(hits(("a", 5.0), ("a", 5.0 - DEFAULT.repeat), ("a", 2.0 - 2 * DEFAULT.repeat)))
    assert best.chunk == equal.chunk == pytest.approx(0.5, abs=0.001)
    assert far.chunk < 0.001
    assert best.file == equal.file == far.file == 1.0


def test_of_a_file_that_is_named_all_is_wanted() -> None:
    """Its chunks lost nothing as repeats, and each is worth the whole file."""
    assert [one.chunk for one in worths(hits(("a", 5.0), ("a", 5.0), ("a", 5.0)))] == [1.0, 1.0, 1.0]


def test_nothing_found() -> None:
    """No hits are worth nothing."""
    assert worths([]) == []
