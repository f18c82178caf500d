"""Packing: which passages go into a prompt, and how much of each, so that a token budget holds.

What search found is weighed: each chunk may be shown whole, by its signature alone, or not at all, and what is worth
most for its tokens comes in first. Packing ends where more tokens would hardly help, because each makes the first word
of an answer later. What the question names itself is not weighed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

from localdev.core.code import Chunk
from localdev.core.search import Hit
from localdev.retrieval.brief import brief
from localdev.retrieval.snippet import text_lines
from localdev.retrieval.worth import worths

# A passage cut to fewer lines than this says too little for its room.
_FEWEST_LINES = 3
# One giant chunk may not push out all others.
_LARGEST_SHARE = 0.5
# Chunks of a file this few lines apart are one passage; the lines between are blank (chunks hold all others).
_LARGEST_GAP = 2
# A signature that is more than this part of its chunk is no shorter to read: the chunk is shown whole or not at all.
_BRIEF_SHARE = 0.6
# To know that a place is there, and its signature, is worth this part of seeing it whole. Less, and files are missed
# that the question is about; more, and signatures crowd out code.
_PLACE_WORTH = 0.25
# What is added must be worth this much a token, where 1 is the likelihood of the best file: 200 tokens are for a chunk
# that is a fiftieth as likely. Half or double of it moves recall by one or two in a hundred, tokens by a tenth.
_LEAST_WORTH = 0.0001
# No tokenizer makes fewer tokens of source text: what is not worth that many need not be counted.
_MOST_CHARACTERS_PER_TOKEN = 8


@dataclass(frozen=True, slots=True)
class PackedSource:
    """A passage for the prompt: contiguous lines of one file, cited by its place in the list plus one.

    `chunk` holds exactly the lines shown (several chunks may be merged, or one cut); `tokens` is what the passage
    costs with its heading line; `trimmed` is true when lines of a chunk were left out.
    """

    chunk: Chunk
    chunk_ids: tuple[int, ...]
    rank: int
    score: float
    tokens: int
    trimmed: bool = False

    @property
    def path(self) -> str:
        """The file, relative to the root."""
        return self.chunk.path

    @property
    def start_line(self) -> int:
        """The first line shown."""
        return self.chunk.start_line

    @property
    def end_line(self) -> int:
        """The last line shown."""
        return self.chunk.end_line

    @property
    def text(self) -> str:
        """The lines shown, as they stand in the file."""
        return self.chunk.text

    @property
    def symbol(self) -> str:
        """The qualified name of the definition shown, empty when there is none."""
        return self.chunk.symbol

    @property
    def hit(self) -> Hit:
        """The passage as a hit, for events and citations."""
        return Hit(self.rank, self.chunk_ids[0], self.chunk, self.score)


def heading(number: int, chunk: Chunk) -> str:
    """Give the line that stands above a passage in a prompt; its tokens are part of the passage's cost."""
    return f"[{number}] {chunk.path}:{chunk.start_line}-{chunk.end_line}"


def pack(
    hits: Sequence[Hit], *, budget: int, count: Callable[[str], int], most: int, held: Container[int] = ()
) -> list[PackedSource]:
    """Choose passages, best first, that cost at most `budget` tokens of `count`, headings included.

    At most `most` chunks are shown whole and as many further ones by their signature. The best hit is always whole, cut
    at a line border where it is too long for its share. Of the others each is offered as its signature and then whole;
    the offers are taken by worth a token until too little is left of it. Chunks whose ids are `held` are at hand
    already: they are chosen as the others, cost nothing and are not given.
    """
    chosen: dict[int, _Offer] = {}
    left = budget
    for offer in _offers(hits, budget, count):
        before = chosen.get(offer.at)
        more = offer.source.tokens - (before.source.tokens if before else 0)
        if 0 < more <= left and sum(one.whole == offer.whole for one in chosen.values()) < most:
            chosen[offer.at] = offer
            left -= 0 if hits[offer.at].chunk_id in held else more
    new = [chosen[at].source for at in sorted(chosen) if hits[at].chunk_id not in held]
    return _together(new, budget, count)


def pack_all(hits: Sequence[Hit], *, budget: int, count: Callable[[str], int]) -> list[PackedSource]:
    """Pack what the question names: whole chunks in their order, as many as cost at most `budget` tokens of `count`.

    One that is too long for what is left, or for its share, is cut at a line border and keeps its beginning, where the
    signature is; one that cannot be cut sensibly gives way to the next.
    """
    packed: list[PackedSource] = []
    left = budget
    for hit in hits:
        source = _fit(hit, min(left, _share(hits, budget)), count)
        if source is not None:
            packed = _together([source], budget, count, packed)
            left = budget - sum(one.tokens for one in packed)
    return packed


@dataclass(frozen=True, slots=True)
class _Offer:
    """A hit, whole or as its signature, and what it is worth a token beyond what was offered of it before."""

    at: int
    source: PackedSource
    worth: float
    whole: bool = True


def _offers(hits: Sequence[Hit], budget: int, count: Callable[[str], int]) -> list[_Offer]:
    """Give all that is worth its tokens, the best first; that a place is there is worth something once a file."""
    offers: list[_Offer] = []
    seen: set[str] = set()
    for at, (hit, worth) in enumerate(zip(hits, worths(hits), strict=True)):
        place = 0.0 if hit.chunk.path in seen else worth.file * _PLACE_WORTH
        seen.add(hit.chunk.path)
        short = _in_brief(hit, place, count) if at else None
        if short is not None:
            offers.append(_Offer(at, short, place / short.tokens, whole=False))
        inside = worth.chunk if short else worth.chunk + place
        if at and not _may_be_worth(inside, hit.chunk.text):
            continue
        whole = _fit(hit, _share(hits, budget), count)
        if whole is not None:
            more = max(1, whole.tokens - (short.tokens if short else 0))
            offers.append(_Offer(at, whole, inside / more if at else math.inf))
    worthy = [offer for offer in offers if offer.worth >= _LEAST_WORTH]
    return sorted(worthy, key=lambda offer: (-offer.worth, offer.at))


def _in_brief(hit: Hit, worth: float, count: Callable[[str], int]) -> PackedSource | None:
    """Give the signature of a hit alone; None where there is none or it is worth too little."""
    chunk = brief(hit.chunk) if worth else None
    if chunk is None or len(chunk.text) > _BRIEF_SHARE * len(hit.chunk.text) or not _may_be_worth(worth, chunk.text):
        return None
    return PackedSource(chunk, (hit.chunk_id,), hit.rank, hit.score, _cost(chunk, count), trimmed=True)


def _may_be_worth(worth: float, text: str) -> bool:
    """Say whether a text could be worth its tokens, before they are counted."""
    return worth >= _LEAST_WORTH * len(text) / _MOST_CHARACTERS_PER_TOKEN


def _share(hits: Sequence[Hit], budget: int) -> int:
    """Give the most tokens that one hit may take."""
    return budget if len(hits) == 1 else int(budget * _LARGEST_SHARE)


def _together(
    new: Sequence[PackedSource], budget: int, count: Callable[[str], int], packed: Sequence[PackedSource] = ()
) -> list[PackedSource]:
    """Add passages to others, each joined to those it touches."""
    result = list(packed)
    for source in new:
        merged = _merge(result, source, budget, count)
        result = [*result, source] if merged is None else merged
    return result


def _cost(chunk: Chunk, count: Callable[[str], int]) -> int:
    """Count a passage with its heading; the number is taken wide so that its place does not matter."""
    return count(f"{heading(99, chunk)}\n{chunk.text}\n\n")


def _fit(hit: Hit, room: int, count: Callable[[str], int]) -> PackedSource | None:
    """Give the chunk whole or cut so that it costs at most `room`; None when too little would be left of it."""
    tokens = _cost(hit.chunk, count)
    if tokens <= room:
        return PackedSource(hit.chunk, (hit.chunk_id,), hit.rank, hit.score, tokens)
    lines = text_lines(hit.chunk)
    low, high = 0, len(lines) - 1  # the largest number of lines that fits lies in low..high
    while low < high:
        middle = (low + high + 1) // 2
        if _cost(_first(hit.chunk, lines, middle), count) <= room:
            low = middle
        else:
            high = middle - 1
    while low and not lines[low - 1].strip():
        low -= 1
    if low < _FEWEST_LINES:
        return None
    cut = _first(hit.chunk, lines, low)
    return PackedSource(cut, (hit.chunk_id,), hit.rank, hit.score, _cost(cut, count), trimmed=True)


def _first(chunk: Chunk, lines: Sequence[str], many: int) -> Chunk:
    """Give the chunk cut to its first lines."""
    return replace(chunk, end_line=chunk.start_line + many - 1, text="\n".join(lines[:many]))


def _merge(
    packed: Sequence[PackedSource], new: PackedSource, budget: int, count: Callable[[str], int]
) -> list[PackedSource] | None:
    """Join the new passage to the neighbours of its file where it touches them; None when there is none or no room."""
    joined, touched = new, []
    for one in packed:
        pair = sorted((one, joined), key=lambda source: source.start_line)
        if _touch(*pair):
            joined = _join(pair[0], pair[1], count)
            touched.append(one)
    if not touched:
        return None
    first = packed.index(touched[0])
    rest = [one for one in packed if one not in touched]
    result = [*rest[:first], joined, *rest[first:]]
    return result if sum(one.tokens for one in result) <= budget else None


def _touch(upper: PackedSource, lower: PackedSource) -> bool:
    """Tell whether nothing but a few blank lines stands between two passages of one file."""
    gap = lower.start_line - upper.end_line - 1
    return upper.path == lower.path and not upper.trimmed and 0 <= gap <= _LARGEST_GAP


def _join(upper: PackedSource, lower: PackedSource, count: Callable[[str], int]) -> PackedSource:
    """Make one passage of two that touch; it stands for the better ranked of them."""
    best = min(upper, lower, key=lambda source: source.rank)
    gap = lower.start_line - upper.end_line - 1
    lines = [*text_lines(upper.chunk), *[""] * gap, *text_lines(lower.chunk)]
    chunk = replace(
        best.chunk, start_line=upper.start_line, end_line=lower.end_line, text="\n".join(lines), kind=upper.chunk.kind
    )
    ids = (*best.chunk_ids, *(chunk_id for one in (upper, lower) if one is not best for chunk_id in one.chunk_ids))
    return PackedSource(chunk, ids, best.rank, best.score, _cost(chunk, count), trimmed=lower.trimmed)
