"""Bringing the scores of a list to 0..1, so that lists can be weighed against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from localdev.core.search import Candidate

_Key = TypeVar("_Key")


def by_words(candidates: Sequence[Candidate]) -> dict[int, float]:
    """Scale BM25 scores by their own zero, so that the best chunk has 1.

    Scores are kept, not ranks: how far the best hit leads is the most telling thing about it.
    """
    return _scaled(((one.chunk_id, one.score) for one in candidates), from_zero=True)


def by_meaning(scored: Iterable[tuple[_Key, float]]) -> dict[_Key, float]:
    """Scale cosines so that the best has 1 and the last of the list 0.

    A cosine has no natural zero: any two pieces of code are somewhat alike.
    """
    return _scaled(scored, from_zero=False)


def _scaled(scored: Iterable[tuple[_Key, float]], *, from_zero: bool) -> dict[_Key, float]:
    """Scale to 0..1; all have 1 where none is better than the floor."""
    scores = dict(scored)
    if not scores:
        return {}
    top, floor = max(scores.values()), 0.0 if from_zero else min(scores.values())
    if top <= floor:
        return dict.fromkeys(scores, 1.0)
    return {key: max(0.0, score - floor) / (top - floor) for key, score in scores.items()}
