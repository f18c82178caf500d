"""Where a long stretch of code may be cut: at the borders of its statements, read from the syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localdev.source.lines import PART_CHARACTERS, LineTable

if TYPE_CHECKING:
    from tree_sitter import Node

# How deep borders are looked for below the node that spans the stretch; deeper nesting is cut at any line.
_DEEPEST = 40


def syntax_starts(root: Node, table: LineTable, first: int, last: int) -> list[int]:
    """Give the rows in first..last where a statement begins, ascending, `first` among them.

    Statements shorter than a part are not looked into; a comment above a statement moves its border up.
    """
    begin, end = table.bytes[first], table.bytes[last + 1] - 1
    node = root.descendant_for_byte_range(begin + _indent_bytes(table, first), end)
    starts = {first}
    pending = [(node or root, 0)]
    while pending:
        node, depth = pending.pop()
        comment_end = comment_start = -2
        for child in node.children:
            if child.end_byte <= begin or child.start_byte >= end:
                continue
            row, ends = table.row_of(child.start_byte), table.row_of(max(child.start_byte, child.end_byte - 1))
            if child.is_extra and "comment" in child.type:
                comment_start = comment_start if comment_end == row - 1 else row
                comment_end = ends
                continue
            border = comment_start if comment_end == row - 1 else row
            if first < border <= last and _begins_line(child, table, row):
                starts.add(border)
            if depth < _DEEPEST and ends > row and table.size(row, min(ends, last)) > PART_CHARACTERS:
                pending.append((child, depth + 1))
    return sorted(starts)


def _begins_line(child: Node, table: LineTable, row: int) -> bool:
    """Say whether a node is the first on its line and not just the bracket that closes something."""
    line = table.rows[row].lstrip()
    if not line or line[0] in ")]}":
        return False
    return child.start_byte - table.bytes[row] <= _indent_bytes(table, row)


def _indent_bytes(table: LineTable, row: int) -> int:
    line = table.rows[row]
    return len(line[: len(line) - len(line.lstrip())].encode("utf-8", "replace"))
