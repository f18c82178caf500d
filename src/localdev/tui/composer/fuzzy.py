"""Which names fit what was typed, best first: pure functions over a list of names that is prepared once."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

# A letter counts for more where a reader looks for it: at the start of a word, and right after the one before.
_NEXT_START, _WORD_START, _NEXT, _ANYWHERE = 14, 10, 8, 1
_IN_LAST_PART, _AT_LAST_PART, _LAST_PART_BEGINS, _LAST_PART_IS = 12, 8, 16, 30
# Among names that fit equally the shorter one is meant; 64 characters cost as much as one letter at a word's start.
_LENGTH = _WORD_START / 64
# Names that are scored for one answer; of more than these only the likely ones and then the shortest are.
_MOST_SCORED = 700
_MOST_OF_A_KIND = 300
_START = re.compile(r"(?<![^\W_])[^\W_]|(?<=[a-z0-9])[A-Z]|(?<=[A-Z])[A-Z](?=[a-z])|(?<=[^\W\d_])\d")


@dataclass(frozen=True, slots=True)
class Names:
    """Names made ready for ranking, shortest first.

    `divider` parts a name: a path ends in a file's name, a symbol in its own. `places` say where each stood in the
    list given; `folded` are in small letters; `letters` is a set of the letters of each as bits, by their code modulo
    64; `begins` lists the names by the first letter of their last part.
    """

    divider: str
    places: tuple[int, ...]
    texts: tuple[str, ...]
    folded: tuple[str, ...]
    letters: tuple[int, ...]
    begins: dict[str, list[int]]


def prepare(texts: Sequence[str], divider: str = "/") -> Names:
    """Make names ready for `rank`; takes some microseconds each."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    folded = tuple(texts[at].lower() for at in order)
    begins: dict[str, list[int]] = {}
    for at, text in enumerate(folded):
        tail = text.rfind(divider) + 1
        begins.setdefault(text[tail : tail + 1], []).append(at)
    return Names(divider, tuple(order), tuple(texts[at] for at in order), folded, tuple(map(_bits, folded)), begins)


def rank(query: str, names: Names, limit: int = 50) -> list[tuple[float, int]]:
    """Give (how well it fits, place in the list given) of the names with the query's letters in order, best first.

    More is better; equal ones come as they were given. An empty query fits everything: the first ones as given.
    """
    query = query.lower()
    if not query:
        return [(0.0, place) for place in range(min(limit, len(names.texts)))]
    scored = []
    for at in _promising(query, names):
        fit = _best(query, names.texts[at], names.folded[at], names.divider)
        if fit is not None:
            scored.append((-fit[0], names.places[at]))
    return [(-worth, place) for worth, place in heapq.nsmallest(limit, scored)]


def marks(query: str, text: str, divider: str = "/") -> tuple[int, ...]:
    """Give the places of the letters in a name that the query stands for, to mark them."""
    fit = _best(query.lower(), text, text.lower(), divider) if query else None
    return tuple(fit[1]) if fit and len(text.lower()) == len(text) else ()


def _bits(text: str) -> int:
    """Give the set of a text's letters as bits."""
    bits = 0
    for letter in set(text):
        bits |= 1 << (ord(letter) & 63)
    return bits


def _promising(query: str, names: Names) -> list[int]:
    """Give the names worth scoring: all that may fit, or the most likely of them when these are very many."""
    folded, wanted = names.folded, _bits(query)
    pool = [at for at, letters in enumerate(names.letters) if letters & wanted == wanted]
    if len(pool) <= _MOST_SCORED:
        return pool
    same_start = [at for at in names.begins.get(query[0], ()) if names.letters[at] & wanted == wanted]
    begins = (at for at in same_start if folded[at].startswith(query, folded[at].rfind(names.divider) + 1))
    holds = (at for at in pool if query in folded[at])
    in_order = re.compile("".join(f"[^{re.escape(letter)}]*+{re.escape(letter)}" for letter in query), re.DOTALL)
    fits = (at for at in pool if in_order.match(folded[at]))
    likely = [islice(kind, _MOST_OF_A_KIND) for kind in (begins, iter(same_start), holds)]
    return list(islice(dict.fromkeys(chain(*likely, islice(fits, _MOST_SCORED))), _MOST_SCORED))


def _best(query: str, text: str, folded: str, divider: str) -> tuple[float, list[int]] | None:
    """Score the best way to find the query in a name; (score, places of its letters)."""
    if len(folded) != len(text):  # Some capitals are two letters when small, and then places would be wrong.
        text = folded
    starts = _starts(text, folded)
    tail = folded.rfind(divider) + 1
    found = [fit for fit in (_walk(query, folded, starts, tail), _walk(query, folded, starts, 0)) if fit]
    if not found:
        plain = _walk(query, folded, "", 0)
        if plain is None:
            return None
        found = [plain]
    points, at = max(found, key=lambda fit: fit[0])
    points -= len(folded) * _LENGTH
    if at[0] >= tail:
        points += _IN_LAST_PART
        last = folded[tail:]
        if last.startswith(query):
            points += _LAST_PART_IS if query in (last, last.rpartition(".")[0]) else _LAST_PART_BEGINS
        elif at[0] == tail:
            points += _AT_LAST_PART
    return points, at


def _walk(query: str, folded: str, starts: str, begin: int) -> tuple[float, list[int]] | None:
    """Find the letters from `begin` on: right after the one before, else at a word's start, else anywhere."""
    points, at = 0.0, list[int]()
    here = begin
    for letter in query:
        if at and folded.startswith(letter, here):
            points += _NEXT_START if starts.startswith(letter, here) else _NEXT
        else:
            start = starts.find(letter, here)
            points += _WORD_START if start >= 0 else _ANYWHERE
            here = start if start >= 0 else folded.find(letter, here)
            if here < 0:
                return None
        at.append(here)
        here += 1
    return points, at


def _starts(text: str, folded: str) -> str:
    """Give the name with everything blanked out that begins no word."""
    marked = ["\0"] * len(folded)
    for found in _START.finditer(text):
        marked[found.start()] = folded[found.start()]
    return "".join(marked)
