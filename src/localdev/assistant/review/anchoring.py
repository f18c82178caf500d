"""Finds the line that a quote is of: on the new side of the hunk, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from localdev.core.change import DiffLine

# Letters, digits and underscores a quote must have: `}` or `i += 1` stands anywhere, and says nothing of a line.
_LEAST_WORD_CHARACTERS = 3
# A quote of a part of a line says less of it: three letters may stand in any word.
_LEAST_PART = 6
_WORD = re.compile(r"\w")
# What the listing puts in front of a line, in case a model copied it too.
_MARGIN = re.compile(r"\A\s*\d*\s*[+-]?\s+(?=\S)|\A\s*\d+\s*[|:]\s*|\A[+]\s*")
_MOST_LETTERS = 2_000


def anchor(rows: Sequence[DiffLine], quote: str, said: int = 0) -> DiffLine | None:
    """Give the line of a hunk's new side that a quote is of; None where there is none, or it could be several.

    New lines are looked through first, then the context. The whole line counts before a part of it, and the exact text
    before one with all white space folded. Of several that fit alike, that is taken which is nearest to `said` (the
    number the model gave, 0 for none), if that number is among the lines and one of them is nearer than all others.
    Of a quote of several lines the first is meant.
    """
    for text in _readings(quote):
        for kind in ("added", "context"):
            candidates = [row for row in rows if row.kind == kind and row.new_line]
            for fits in _ways(text):
                found = [row for row in candidates if fits(row.text)]
                if found:
                    return _only(found, rows, said)
    return None


def _readings(quote: str) -> Iterator[str]:
    """Give what a quote may mean: as it is, and without a listing's margin; nothing that is too short."""
    lines = [line.strip() for line in quote[:_MOST_LETTERS].split("\n") if line.strip()]
    first = lines[0] if lines else ""
    for text in dict.fromkeys((first, _MARGIN.sub("", first, count=1).strip())):
        if len(_WORD.findall(text)) >= _LEAST_WORD_CHARACTERS:
            yield text


def _ways(text: str) -> Iterator[Callable[[str], bool]]:
    """Give the ways in which a line may hold a text, the strictest first."""
    folded = _fold(text)
    yield lambda line: line.strip() == text
    yield lambda line: _fold(line) == folded
    if len(folded) >= _LEAST_PART:
        yield lambda line: text in line
        yield lambda line: folded in _fold(line)


def _fold(text: str) -> str:
    """Make every stretch of white space one blank."""
    return " ".join(text.split())


def _only(found: Sequence[DiffLine], rows: Sequence[DiffLine], said: int) -> DiffLine | None:
    """Give the one line that is meant, if it can be told."""
    if len(found) == 1:
        return found[0]
    if not any(row.new_line == said for row in rows if row.new_line):
        return None
    nearest = sorted(found, key=lambda row: abs(row.new_line - said))
    apart = [abs(row.new_line - said) for row in nearest[:2]]
    return nearest[0] if apart[0] < apart[1] else None
