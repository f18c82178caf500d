"""The few lines of a chunk that say what it is: its signature, and the documentation where that stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from localdev.core.code import Chunk
from localdev.retrieval.snippet import signature_place, text_lines

# Comments and decorators up to this many lines are shown with the signature they stand above. More are left out, and
# then at least this many, so that no passage ends where the next seems to begin after a blank line or two.
_MOST_ABOVE = 6
# A signature or a sentence longer than this is cut: it would cost as much as the chunk.
_MOST_LINES = 6
_MOST_DOC_LINES = 3
# This much of the documentation must stand under the signature for its lines to be taken as that documentation.
_RECOGNISED = 12


def brief(chunk: Chunk) -> Chunk | None:
    """Give the contiguous lines of a chunk that hold its signature and the first sentence of its documentation.

    None where the definition does not begin in the chunk: its first lines would say nothing.
    """
    lines = text_lines(chunk)
    head = signature_place(chunk, lines)
    if head is None:
        return None
    first = 0 if head <= _MOST_ABOVE else head
    end = head + _covering(lines[head : head + _MOST_LINES], _letters(chunk.signature))
    sentence = _letters(chunk.doc.split("\n\n")[0].split(". ")[0])
    below = lines[end : end + _MOST_DOC_LINES]
    if sentence and below and _begins(sentence, _letters(below[0]) or _letters("".join(below[1:2]))):
        end += _covering(below, sentence)
    start = chunk.start_line + first
    return replace(chunk, start_line=start, end_line=chunk.start_line + end - 1, text="\n".join(lines[first:end]))


def _letters(text: str) -> str:
    """Give the letters and digits alone: comment marks, spaces and line breaks do not matter."""
    return "".join(filter(str.isalnum, text))


def _begins(sentence: str, line: str) -> bool:
    """Say whether a line holds the beginning of a sentence."""
    return bool(line) and sentence[:_RECOGNISED].startswith(line[:_RECOGNISED])


def _covering(lines: Sequence[str], wanted: str) -> int:
    """Count the lines from the first on that together hold as many letters as `wanted`; at least one."""
    have = 0
    for many, line in enumerate(lines, start=1):
        have += len(_letters(line))
        if have >= len(wanted):
            return many
    return max(1, len(lines))
