"""Pulls that were broken off: what of them is here, for the same command to go on with or to give up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.models.staging import kept

if TYPE_CHECKING:
    from localdev.core.folders import Folders

WANTED = "wanted.json"
PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A pull that did not end well: what was to be pulled, as it can be named again, and how many bytes are here."""

    source: str
    size: int


def unfinished(folders: Folders) -> list[Unfinished]:
    """List the pulls that can be gone on with, those under way included; what cannot be read is left out."""
    found = []
    for place in kept(folders.models / "staging"):
        try:
            source = json.loads((place / WANTED).read_bytes())["source"]
            size = size_of(place)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if size and isinstance(source, str):
            found.append(Unfinished(source, size))
    return sorted(found, key=lambda each: each.source)


def size_of(place: Path) -> int:
    """Count the bytes that have come of a pull."""
    return sum(path.stat().st_size for path in (place / PARTS).glob("*"))
