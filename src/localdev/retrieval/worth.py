"""What a hit is worth to an answer: how likely its file, and in the file its chunk, is what was asked for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from localdev.core.search import Hit
from localdev.retrieval.weights import DEFAULT

# Inside a file the chunks differ by little, and that little tells more than the same between two files: the best chunk
# is the wanted one in 43 of 100 cases when the second is less than 0.5 behind it, in 81 when it is more.
_INSIDE = 3.0
# Sums of scores differ in their last digits.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Worth:
    """How likely a hit is right, in parts of how likely the best one's file is: its file, and the chunk in it."""

    file: float
    chunk: float


def worths(hits: Sequence[Hit]) -> list[Worth]:
    """Give what each of some ranked hits is worth.

    Scores are fitted so that a difference of 1 between files makes one e times as likely (see `weights`). The chunks of
    a file share its likelihood by how far they stand behind its best, what they lost as repeats taken off again. Where
    nothing was lost the query names the file, and all of it is wanted.
    """
    of_file: dict[str, list[int]] = defaultdict(list)
    for at, hit in enumerate(hits):
        of_file[hit.chunk.path].append(at)
    result: dict[int, Worth] = {}
    for places in of_file.values():
        best = hits[places[0]].score
        likely = math.exp(min(0.0, best - hits[0].score))
        behind = [best - hits[at].score - DEFAULT.repeat * before for before, at in enumerate(places)]
        shares = [math.exp(-_INSIDE * max(0.0, one)) for one in behind]
        whole = min(behind) < -_ROUNDING
        total = 1.0 if whole else sum(shares)
        result.update({at: Worth(likely, likely * share / total) for at, share in zip(places, shares, strict=True)})
    return [result[at] for at in range(len(hits))]
