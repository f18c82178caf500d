"""Which turns give way when a conversation does not fit, and that this seldom happens."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.assistant.chat.compaction import Size, compact
from localdev.core.events import HistoryForm

BIG = Size(100, 20)
Case = tuple[str, list[HistoryForm], list[Size], int, list[HistoryForm]]
CASES: list[Case] = [
    ("nothing to do", [], [], 0, []),
    ("all fits", ["whole", "whole"], [BIG, BIG], 200, ["whole", "whole"]),
    ("what was short stays so", ["short", "whole"], [BIG, BIG], 500, ["short", "whole"]),
    ("down to half, the oldest first", ["whole"] * 4, [BIG] * 4, 399, ["short", "short", "short", "whole"]),
    (
        "no more than it takes",
        ["whole"] * 4,
        [Size(105, 5), *[Size(29, 5)] * 3],
        189,
        ["short", "whole", "whole", "whole"],
    ),
    ("then the oldest go", ["whole"] * 4, [BIG] * 4, 250, ["out", "out", "short", "whole"]),
    ("the last stays whole", ["whole"] * 3, [BIG] * 3, 110, ["out", "out", "whole"]),
    ("the last stays short", ["whole"] * 3, [BIG] * 3, 60, ["out", "out", "short"]),
    ("no room at all", ["whole"] * 3, [BIG] * 3, 10, ["out", "out", "out"]),
    ("what is out is no last turn", ["whole", "whole", "out"], [BIG, BIG, Size(0, 0)], 150, ["out", "whole", "out"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_what_gives_way(case: Case) -> None:
    """Passages go before turns, old ones before new ones."""
    _, forms, sizes, room, expected = case
    assert list(compact(forms, sizes, room)) == expected


TURNS = st.lists(
    st.tuples(st.sampled_from(get_args(HistoryForm)), st.integers(0, 300), st.integers(0, 300)), max_size=12
)


@given(TURNS, st.integers(0, 2000))
def test_it_always_fits_and_nothing_grows_back(turns: list[tuple[HistoryForm, int, int]], room: int) -> None:
    """Whatever the sizes; and what fits once is left as it is."""
    forms = [form for form, _, _ in turns]
    sizes = [Size(max(one, other), min(one, other)) for _, one, other in turns]
    kept = compact(forms, sizes, room)
    assert sum(size.of(form) for size, form in zip(sizes, kept, strict=True)) <= room
    order = get_args(HistoryForm)
    assert all(order.index(now) >= order.index(before) for now, before in zip(kept, forms, strict=True))
    assert compact(kept, sizes, room) == kept


def test_after_it_the_next_turns_only_add() -> None:
    """In a hundred turns of one size the forms of earlier ones change in few: the others extend the same prompt."""
    forms: list[HistoryForm] = []
    changes = 0
    for _ in range(100):
        kept = list(compact(forms, [BIG] * len(forms), 1000))
        changes += kept != forms
        forms = [*kept, "whole"]
    assert changes < 25
