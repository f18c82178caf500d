"""Fusion of the lexical and the dense list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localdev.core.search import Candidate
from localdev.retrieval.fuse import Fused, fuse
from localdev.retrieval.weights import DEFAULT

_LISTS = st.lists(st.builds(Candidate, st.integers(1, 50), st.floats(0.01, 1.0)), unique_by=lambda one: one.chunk_id)


def test_a_clear_lexical_lead_is_kept() -> None:
    """Scores are added, not ranks: the chunk that leads by far stays first though the other is first by meaning."""
    fused = fuse([Candidate(1, 10.0), Candidate(2, 2.0)], [Candidate(2, 0.9), Candidate(1, 0.8), Candidate(3, 0.1)])
    totals = {key: one.lexical + one.dense for key, one in fused.items()}
    assert totals[1] > totals[2] > totals[3]


def test_meaning_decides_between_equal_words() -> None:
    """Two chunks with the same lexical score are told apart by the dense list."""
    fused = fuse([Candidate(1, 3.0), Candidate(2, 3.0)], [Candidate(2, 0.7), Candidate(1, 0.5)])
    assert fused[2].dense > fused[1].dense
    assert fused[2].lexical == fused[1].lexical


def test_a_symbol_hardly_asks_for_meaning() -> None:
    """For a bare symbol the dense list counts less than for a sentence."""
    lists = ([Candidate(1, 3.0)], [Candidate(2, 0.9), Candidate(1, 0.1)])
    assert fuse(*lists, kind="symbol")[2].dense < fuse(*lists, kind="language")[2].dense


def test_one_list_alone() -> None:
    """Without one of the lists the other still ranks; without both there is nothing."""
    assert fuse([Candidate(1, 5.0)], []) == {1: Fused(lexical=DEFAULT.lexical)}
    assert fuse([], [Candidate(1, 0.5)]) == {1: Fused(dense=DEFAULT.dense)}
    assert fuse([], []) == {}


@given(_LISTS, _LISTS)
def test_scaled_scores_stay_in_their_range(lexical: list[Candidate], dense: list[Candidate]) -> None:
    """Every candidate of either list is there once, and no list gives more than its weight."""
    fused = fuse(lexical, dense)
    assert set(fused) == {one.chunk_id for one in (*lexical, *dense)}
    assert all(0 <= one.lexical <= DEFAULT.lexical and 0 <= one.dense <= DEFAULT.dense for one in fused.values())
