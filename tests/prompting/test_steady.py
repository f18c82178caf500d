"""Passages in an order that begins as an earlier prompt did."""

from __future__ import annotations

import pytest

from localdev.prompting.steady import steady_order

SIZES = {"a": 10, "b": 20, "c": 30, "d": 40}


@pytest.mark.parametrize(
    ("passages", "earlier", "expected"),
    [
        ("abc", [], "abc"),
        ("abc", ["xyz"], "abc"),  # nothing shared: the usual order
        ("abc", ["cab"], "cab"),  # the same passages: as they stood
        ("abc", ["bx"], "bac"),  # one shared at the beginning
        ("abc", ["xb"], "abc"),  # shared, but behind something else: its state is of no use
        ("abcd", ["ba", "dc"], "dcab"),  # the larger beginning, not the longer list
        ("abcd", ["ab", "ab"], "abcd"),
        ("ab", ["abcd"], "ab"),  # an earlier prompt that had more
        ("", ["ab"], ""),
    ],
)
def test_order(passages: str, earlier: list[str], expected: str) -> None:
    """Each case is passages in their usual order, earlier prompts, and the order to come of it."""
    order = steady_order(list(passages), [SIZES[each] for each in passages], [list(each) for each in earlier])
    assert "".join(passages[place] for place in order) == expected


def test_the_most_recent_of_equals() -> None:
    """Its state is the likeliest to be there still."""
    assert steady_order(["a", "b"], [5, 5], [["b"], ["a"]]) == [1, 0]


def test_a_passage_stands_once() -> None:
    """An earlier prompt that was written down twice by mistake does not double a passage."""
    assert sorted(steady_order(["a", "b"], [5, 5], [["b", "b", "a"]])) == [0, 1]
