"""Scores of lists brought to 0..1."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localdev.core.search import Candidate
from localdev.retrieval.scaling import by_meaning, by_words

_LISTS = st.lists(st.builds(Candidate, st.integers(1, 50), st.floats(0.01, 1.0)), unique_by=lambda one: one.chunk_id)


def test_a_lead_by_words_is_kept() -> None:
    """BM25 has a zero of its own: a hit with a fifth of the best score keeps a fifth."""
    assert by_words([Candidate(1, 10.0), Candidate(2, 2.0)]) == {1: 1.0, 2: 0.2}


def test_the_last_by_meaning_counts_nothing() -> None:
    """A cosine has no zero: the weakest of the list stands for no match."""
    assert by_meaning([("a", 0.75), ("b", 0.5), ("c", 0.25)]) == {"a": 1.0, "b": 0.5, "c": 0.0}


def test_equal_scores_and_no_scores() -> None:
    """Where nothing tells candidates apart all have 1; an empty list gives nothing."""
    assert by_meaning([(1, 0.5), (2, 0.5)]) == {1: 1.0, 2: 1.0}
    assert by_words([Candidate(7, 3.0)]) == {7: 1.0}
    assert by_words([]) == {}
    assert by_meaning([]) == {}


@given(_LISTS)
def test_scaled_scores_keep_range_and_order(candidates: list[Candidate]) -> None:
    """Every candidate is there once, between 0 and 1, the best has 1, and no two change places."""
    for scaled in (by_words(candidates), by_meaning((one.chunk_id, one.score) for one in candidates)):
        assert set(scaled) == {one.chunk_id for one in candidates}
        assert all(0 <= score <= 1 for score in scaled.values())
        assert max(scaled.values(), default=1.0) == 1.0
        ordered = sorted(candidates, key=lambda one: one.score)
        assert [scaled[one.chunk_id] for one in ordered] == sorted(scaled.values())
