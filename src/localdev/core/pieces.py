"""Text that comes in pieces, in which a mark may be cut in two."""

from __future__ import annotations

from collections.abc import Iterable


def beginning_at_end(text: str, marks: Iterable[str]) -> int:
    """Give the length of the longest end of `text` that begins one of `marks` and is not all of it; 0 for none."""
    return max((_overlap(text, mark) for mark in marks), default=0)


def _overlap(text: str, mark: str) -> int:
    """Give the length of the longest proper beginning of `mark` that `text` ends with."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if text.endswith(mark[:length]):
            return length
    return 0
