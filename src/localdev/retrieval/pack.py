"""Packing: which passages go into a prompt, and how much of each, so that a token budget holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from localdev.core.code import Chunk
from localdev.core.search import Hit
from localdev.retrieval.snippet import text_lines

# A passage cut to fewer lines than this says too little for its room.
_FEWEST_LINES = 3
# One giant chunk may not push out all others.
_LARGEST_SHARE = 0.5
# Chunks of a file this few lines apart are one passage; the lines between are blank (chunks hold all others).
_LARGEST_GAP = 2


@dataclass(frozen=True, slots=True)
class PackedSource:
    """A passage for the prompt: contiguous lines of one file, cited by its place in the list plus one.

    `chunk` holds exactly the lines shown (several chunks may be merged, or one cut); `tokens` is what the passage
    costs with its heading line; `trimmed` is true when lines of the last chunk were left out.
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


def pack(hits: Sequence[Hit], *, budget: int, count: Callable[[str], int]) -> list[PackedSource]:
    """Choose passages, best first, whose headings and texts together cost at most `budget` tokens of `count`.

    Whole chunks go in by rank; one that is too long for what is left, or for its share, is cut at a line border and
    keeps its beginning, where the signature is; one that cannot be cut sensibly gives way to the next.
    """
    packed: list[PackedSource] = []
    left = budget
    share = budget if len(hits) == 1 else int(budget * _LARGEST_SHARE)
    for hit in hits:
        source = _fit(hit, min(left, share), count)
        if source is None:
            continue
        merged = _merge(packed, source, budget, count)
        packed = [*packed, source] if merged is None else merged
        left = budget - sum(one.tokens for one in packed)
    return packed


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
