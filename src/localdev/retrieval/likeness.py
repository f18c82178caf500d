"""Tells places that hold what was asked for from places that are only like it."""

from __future__ import annotations

from collections.abc import Sequence

from localdev.core.search import Hit

# Parts of a score that come from what was asked literally, not from likeness.
_EXACT = frozenset(
    {"words", "phrase", "definition", "named type", "path", "file words", "file name", "mentioned"}
)  # fmt: skip
ONLY_SIMILAR = "no word of the question occurs here; the places are only similar in meaning"


def only_similar(hits: Sequence[Hit]) -> bool:
    """Say whether there are hits and none of them holds a word, name or path that was asked for."""
    return bool(hits) and not any(part.name in _EXACT for hit in hits for part in hit.parts)
