"""Joining the lexical and the dense list into one score per chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from localdev.core.search import Candidate
from localdev.retrieval.query import QueryKind
from localdev.retrieval.weights import DEFAULT, Weights


@dataclass(frozen=True, slots=True)
class Fused:
    """What the two lists give a chunk, weighted; 0 where it is not in a list."""

    lexical: float = 0.0
    dense: float = 0.0


def fuse(
    lexical: Sequence[Candidate],
    dense: Sequence[Candidate],
    *,
    kind: QueryKind = "language",
    weights: Weights = DEFAULT,
) -> dict[int, Fused]:
    """Give every chunk of either list its weighted, scaled scores.

    Scaled scores are added, not ranks: how far the best lexical hit leads is the most telling thing about it, and ranks
    would forget it.
    """
    dense_weight = weights.dense_for_symbol if kind == "symbol" else weights.dense
    by_words = _scaled(lexical, from_zero=True)
    by_meaning = _scaled(dense, from_zero=False)
    return {
        chunk_id: Fused(weights.lexical * by_words.get(chunk_id, 0.0), dense_weight * by_meaning.get(chunk_id, 0.0))
        for chunk_id in dict.fromkeys((*by_words, *by_meaning))
    }


def _scaled(candidates: Sequence[Candidate], *, from_zero: bool) -> dict[int, float]:
    """Scale scores so that the best is 1 and 0 is no match: BM25's own zero, or the weakest cosine of the list.

    A cosine has no natural zero: any two pieces of code are somewhat alike.
    """
    if not candidates:
        return {}
    scores = [candidate.score for candidate in candidates]
    top, floor = max(scores), 0.0 if from_zero else min(scores)
    if top <= floor:
        return {candidate.chunk_id: 1.0 for candidate in candidates}
    return {candidate.chunk_id: max(0.0, candidate.score - floor) / (top - floor) for candidate in candidates}
