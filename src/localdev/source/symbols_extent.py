"""How far a definition reaches where the syntax tree does not say: to the next heading, over all its clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localdev.source.lines import LineTable

if TYPE_CHECKING:
    from localdev.source.symbols import Definition


def join_clauses(definitions: list[Definition], data: bytes) -> list[Definition]:
    """Make one definition of neighbours with one name and nothing between them, such as the equations of a function.

    `definitions` are in order. The first one gives the signature.
    """
    joined: list[Definition] = []
    for one in definitions:
        before = joined[-1] if joined else None
        if before and _same(before, one) and not data[before.end : one.start].strip():
            before.end = one.end
            before.nests = before.nests or one.nests
        else:
            joined.append(one)
    return joined


def _same(before: Definition, one: Definition) -> bool:
    return (before.name, before.kind, before.parents) == (one.name, one.kind, one.parents)


def extend_levels(definitions: list[Definition], table: LineTable) -> None:
    """Let each definition that has a level reach to the next one whose level is no deeper, or to the end of the file.

    `definitions` are in order and know their rows.
    """
    following: dict[int, Definition] = {}
    for one in reversed(definitions):
        if not one.level:
            continue
        one.until = following.get(one.level)
        border = one.until.start_row if one.until else len(table.rows)
        _end_at(one, border, table)
        following.update(dict.fromkeys(range(one.level, 7), one))


def leave_comments(definitions: list[Definition], table: LineTable) -> None:
    """End what `extend_levels` made longer before the documentation of what follows."""
    for one in definitions:
        if one.until:
            _end_at(one, one.until.top_row, table)


def _end_at(one: Definition, border: int, table: LineTable) -> None:
    """Let a definition end in the last row before `border` that is not blank."""
    _, last = table.trim(one.start_row, border - 1)
    if last >= one.end_row or one.until:
        one.end_row = max(last, one.start_row)
        one.end = max(one.end if last < one.end_row else 0, table.bytes[one.end_row + 1] - 1)
