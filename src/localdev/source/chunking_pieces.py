"""Pieces of a file on their way to chunks: small neighbours are joined, closing lines go to what they close."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from localdev.source.lines import LineTable
from localdev.source.symbols import Definition
from localdev.source.symbols_names import CALLABLE, CLASS_LIKE

# A piece below this says too little to be ranked alone when its neighbours are as small (getters, constants) ...
SMALL_CHARACTERS = 400
# ... and small ones are joined up to this, so that a hit still points at a screenful.
JOINED_CHARACTERS = 1000
# Lines outside any definition below this never stand alone: they go to what follows, or precedes.
LOOSE_CHARACTERS = 100

# A line that only closes something: brackets, tags, fences, the words that end blocks; and a comment after it.
_CLOSER = re.compile(
    r"\s*(?:[)\]};,]+|end\w*\b|fi\b|esac\b|done\b|</[\w:-]+>|`{3,}|~{3,}|#\s*endif\b)[\s)\]};,]*(?:(?://|/\*|#|--).*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Rows first..last that become a chunk.

    `owner` is the definition they belong to; `opens` is true on its first piece.
    `level` is the definition whose inside was cut; only pieces of one level are joined. `loose` marks rows between
    definitions.
    """

    first: int
    last: int
    kind: str
    owner: Definition | None = None
    level: Definition | None = None
    opens: bool = True
    loose: bool = False
    members: tuple[str, ...] = ()


def merge_small(table: LineTable, pieces: Sequence[Piece], level: Definition | None) -> list[Piece]:
    """Join neighbours of one level that are small, in order."""
    merged: list[Piece] = []
    group: list[Piece] = []

    def close() -> None:
        if group:
            merged.append(_joined(group))
            group.clear()

    for piece in pieces:
        small = piece.level is level and table.size(piece.first, piece.last) < SMALL_CHARACTERS
        if not small:
            close()
            merged.append(piece)
            continue
        if group and table.size(group[0].first, piece.last) > JOINED_CHARACTERS:
            close()
        group.append(piece)
    close()
    return merged


def _joined(group: list[Piece]) -> Piece:
    """Make one piece of several; the first class, else the first function, else the first definition gives its name."""
    if len(group) == 1:
        return group[0]
    best = min(group, key=_weight)
    owners = dict.fromkeys(piece.owner for piece in group if piece.owner is not None and not piece.loose)
    members = best.members
    if len(owners) > 1 and not members:
        members = tuple(owner.signature for owner in owners)
    loose = all(piece.loose for piece in group)
    return replace(best, first=group[0].first, last=group[-1].last, members=members, loose=loose)


def _weight(piece: Piece) -> int:
    """Order pieces by how well their definition names a joined piece: lower is better."""
    if piece.owner is None or (piece.loose and not piece.opens):
        return 3
    if piece.owner.kind in CLASS_LIKE:
        return 0
    return 1 if piece.owner.kind in CALLABLE else 2


def attach_loose(table: LineTable, pieces: Sequence[Piece]) -> list[Piece]:
    """Give short rows between definitions to a neighbour: closing lines to the one before, others to the one after."""
    kept: list[Piece] = []
    waiting: int | None = None
    for piece in pieces:
        short = piece.loose and table.size(piece.first, piece.last) < LOOSE_CHARACTERS
        if short and kept and waiting is None and (_closes(table, piece) or _continues(piece)):
            kept[-1] = replace(kept[-1], last=piece.last)
        elif short:
            waiting = piece.first if waiting is None else waiting
            last_loose = piece
        else:
            kept.append(piece if waiting is None else replace(piece, first=waiting))
            waiting = None
    if waiting is not None:
        kept = _append_rest(kept, replace(last_loose, first=waiting))
    return kept


def _continues(piece: Piece) -> bool:
    """Say whether a piece is the rest of a function whose inner functions became pieces of their own."""
    return piece.owner is not None and piece.owner.kind in CALLABLE and not piece.opens


def _closes(table: LineTable, piece: Piece) -> bool:
    """Say whether all lines of a piece only close something."""
    rows = table.rows[piece.first : piece.last + 1]
    return all(_CLOSER.fullmatch(row) for row in rows if row.strip())


def _append_rest(kept: list[Piece], rest: Piece) -> list[Piece]:
    """Join what is left at the end of the file to the last piece, or make it the only one."""
    if not kept:
        return [rest]
    return [*kept[:-1], replace(kept[-1], last=rest.last)]
