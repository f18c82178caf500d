"""The order of passages in a prompt, chosen so that the prompt begins as an earlier one did.

The state of a passage depends on everything in front of it, so a kept state serves exactly as far as the beginning of
the prompt is the same, text and numbers. Which passages are shown is decided before; here only their order is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile


def steady_order(passages: Sequence[str], sizes: Sequence[int], earlier: Sequence[Sequence[str]]) -> list[int]:
    """Give the places of `passages` in the order in which they are to stand.

    `passages` are the texts, or digests of them, in their usual order, `sizes` their tokens; `earlier` those of earlier
    prompts, each in the order they stood in, the most recent prompt first. In front comes the largest beginning of one
    of them that is made of these passages alone; the others follow in their usual order.
    """
    places = {passage: place for place, passage in enumerate(passages)}
    begun: list[int] = []
    for order in earlier:
        same = [places[passage] for passage in takewhile(places.__contains__, dict.fromkeys(order))]
        if sum(sizes[place] for place in same) > sum(sizes[place] for place in begun):
            begun = same
    return [*begun, *(place for place in range(len(passages)) if place not in begun)]
