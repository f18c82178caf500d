"""The measures of the embedder's training: BM25 in arrays, and what words and meaning find together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.training.corpus import Package, Rows
from scripts.training.lexical import bm25
from scripts.training.measure import embed, held_out


def _rows(*rows: int) -> Rows:
    """Give table rows as training holds them."""
    return np.array(rows, dtype=np.int32)


def test_bm25_is_the_formula() -> None:
    """One text of two holds the row twice: rarity times saturated count, at average length; the other gets nothing."""
    (scores,) = bm25([_rows(5, 5)], [_rows(5, 5, 1), _rows(2, 3, 4)])
    assert scores == pytest.approx([math.log(2) * 2 * 2.2 / (2 + 1.2), 0])


def test_bm25_of_a_word_that_no_text_holds_is_zero() -> None:
    """A query of unknown rows matches nothing, and the queries beside it keep theirs."""
    scores = bm25([_rows(9), _rows(1)], [_rows(1, 2), _rows(3)])
    assert not scores[0].any()
    assert scores[1, 0] > scores[1, 1] == 0


def test_a_repeated_row_counts_as_the_root_of_its_number() -> None:
    """Four times one row and once another: twice the one and once the other, at length 1; as the embedder does it."""
    (vector,) = embed(np.eye(2, dtype=np.float32), [_rows(0, 0, 1, 0, 0)])
    assert vector == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5)])


def test_words_and_meaning_are_measured_apart_and_together() -> None:
    """Queries that share no row with their file are found by meaning alone; both together find them too."""
    none = _rows()
    package = Package("example")
    for number in range(3):
        package.parts.append([none, none, none, none, _rows(number, number)])
        package.files.append(number)
        package.pairs.append(("doc", _rows(number + 3, number + 3), number, number))
    scores = held_out(np.vstack([np.eye(3), np.eye(3)]).astype(np.float32), [package])
    assert scores["words"] == 0
    assert scores["meaning"] == scores["both"] == 1
