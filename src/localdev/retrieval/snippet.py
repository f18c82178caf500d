"""The few lines of a chunk that matter for a query: what search prints, and what an answer without a model quotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from localdev.core.code import Chunk
from localdev.core.words import words
from localdev.retrieval.query import Query, read_query

# A line longer than this is data or minified; reading it whole costs time and shows nothing.
_LONGEST_LINE = 500
# With no matching line, this many first lines of the body show what the chunk is.
_FIRST_LINES = 2


def text_lines(chunk: Chunk) -> list[str]:
    """Give the lines of a chunk's text, without line ends; index 0 is `chunk.start_line`."""
    lines = chunk.text.removesuffix("\n").split("\n")
    return [line.removesuffix("\r") for line in lines]


def relevant_lines(chunk: Chunk, query: Query | str, *, most: int = 6) -> list[tuple[int, str]]:
    """Give at most `most` (line number, text) in order of lines: the signature, then the lines with the rarest terms.

    A term that is on every line of the chunk tells nothing apart, so a term counts one over the lines it is on.
    """
    asked = read_query(query) if isinstance(query, str) else query
    lines = text_lines(chunk)
    terms = set(asked.terms)
    matches = [terms.intersection(words(line[:_LONGEST_LINE])) for line in lines]
    spread = Counter(term for found in matches for term in found)
    worth = {place: sum(1 / spread[term] for term in found) for place, found in enumerate(matches) if found}
    head = signature_place(chunk, lines)
    chosen = [] if head is None else [head]
    chosen += [place for place in sorted(worth, key=lambda place: (-worth[place], place)) if place != head]
    if not worth:
        chosen += _first_lines(lines, head)
    return [(chunk.start_line + place, lines[place].rstrip()) for place in sorted(chosen[:most])]


def signature_place(chunk: Chunk, lines: Sequence[str]) -> int | None:
    """Find the line on which the chunk's definition begins; None in a later part of a long definition.

    Decorators and comments may stand before it, so the signature's first word and the name must both be there.
    """
    name = chunk.symbol.rpartition(".")[2]
    if not chunk.signature or not name:
        return None
    start = chunk.signature.split(maxsplit=1)[0]
    for place, line in enumerate(lines):
        if line.lstrip().startswith(start) and (name in line or chunk.signature.startswith(line.strip())):
            return place
    return None


def _first_lines(lines: Sequence[str], head: int | None) -> list[int]:
    """Give the first lines with words on them, after the signature."""
    return [place for place, line in enumerate(lines) if place != head and words(line[:_LONGEST_LINE])][:_FIRST_LINES]
