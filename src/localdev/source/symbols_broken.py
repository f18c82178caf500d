"""Definitions whose first line still reads as one, in the parts of a file that the parser could not make sense of.

There the syntax tree holds tokens without the declaration around them, which no pattern of a query finds. So the rows
are read for keywords, and the indentation says how far a definition reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from localdev.source.lines import LineTable

if TYPE_CHECKING:
    from tree_sitter import Node

    from localdev.source.symbols import Definition

Span = tuple[int, int]

# Whoever looks a name up has written a file with fewer; each costs a walk over what may be a very wide node.
_MOST = 1_000
_KINDS = {
    **dict.fromkeys(("class", "record"), "class"),
    **dict.fromkeys(("interface", "protocol"), "interface"),
    **dict.fromkeys(("struct", "union"), "struct"),
    **dict.fromkeys(("function", "func", "fun", "fn", "def"), "function"),
    **dict.fromkeys(("const", "let", "var", "val"), "variable"),
    **{kind: kind for kind in ("enum", "trait", "type")},
}
_HEADER = re.compile(
    r"[ \t]*(?:(?:export|default|declare|abstract|async|public|private|protected|internal|static|sealed|partial|final"
    r"|open|data|inline|override|virtual|operator|suspend|fileprivate|unsafe|readonly|const|pub(?:\([\w ]+\))?)[ \t]+)*"
    r"(?P<keyword>" + "|".join(_KINDS) + r")(?:\*|[ \t]+(?:class|struct))?[ \t]+(?P<name>[^\W\d][\w$]*)"
    r"(?=[ \t]*(?:[<({\[:=\r]|$|(?:extends|implements|where|final|struct|interface)\b))"
)
# A row that is indented like the header and yet goes on with it: brackets, quotes, a constraint, a directive, a label.
_GOES_ON = re.compile(r"[{()>\]|&=:?#/*\"`]|where\b|(?:extends|implements)\b|[\w ]+:\s*$")
_CLOSES = '{})>]"`'
# Where a signature ends.
_BODY = re.compile(r"[{:][ \t]*$")
_NO_CODE = ("comment", "string", "heredoc", "text")


class Header(NamedTuple):
    """What the first row of a definition tells; offsets are bytes."""

    kind: str
    name: str
    start: int
    end: int
    name_start: int
    body: int


@dataclass(slots=True)
class _Opened:
    """A header and the last row that is known to belong to it."""

    kind: str
    name: str
    indent: int
    start: int
    name_start: int
    first: int
    last: int


def headers(root: Node, table: LineTable, broken: Sequence[Span]) -> list[Header]:
    """Read the definitions that start inside `broken`, the spans in bytes of what the parser could not read."""
    starts = {one.first: one for one in islice(_first_rows(root, table, broken), _MOST)}
    found: list[Header] = []
    waiting: list[_Opened] = []
    text_end = 0
    for row in range(min(starts, default=len(table.rows)), len(table.rows)):
        line = table.rows[row].strip()
        if not line:
            continue
        indent = table.indent(row)
        goes_on = _GOES_ON.match(line) is not None or (line[0] == "}" and line[-1] in "{(")
        if waiting and waiting[-1].indent >= indent and not goes_on:
            text_end = max(text_end, _text_end(root, table.bytes[row]))
        while waiting and waiting[-1].indent >= indent and not goes_on and table.bytes[row] >= text_end:
            one = waiting.pop()
            if line[0] == "}" and one.indent == indent:
                one.last = row
            found.append(_header(one, table))
            if waiting:
                waiting[-1].last = max(waiting[-1].last, one.last)
        if waiting and (
            (waiting[-1].indent < indent and line[0] != "*")  # a star: the comment of the next one, as a rule
            or line[0] in _CLOSES
            or table.bytes[row] < text_end
        ):
            waiting[-1].last = row
        if row in starts:
            waiting.append(starts[row])
    for one in reversed(waiting):
        one.last = max(one.last, waiting[-1].last)
        found.append(_header(one, table))
    return found


def _text_end(root: Node, offset: int) -> int:
    """Give the end of the comment or the string that has begun before an offset and goes on there, else 0."""
    node = root.descendant_for_byte_range(offset - 1, offset)
    end = 0
    while node is not None and any(word in node.type for word in _NO_CODE):
        end = node.end_byte
        node = node.parent
    return end if end > offset else 0


def _first_rows(root: Node, table: LineTable, broken: Sequence[Span]) -> Iterator[_Opened]:
    """Read the rows in `broken` that begin a definition, in order; not those in a comment or a string."""
    rows = {row for start, end in _merged(broken) for row in range(table.row_of(start), table.row_of(end - 1) + 1)}
    for row in sorted(rows):
        text = table.rows[row]
        read = _HEADER.match(text)
        if read is None:
            continue
        kind, indent = _KINDS[read["keyword"]], table.indent(row)
        if kind == "variable" and indent:
            continue  # inside a function, as a rule
        line = table.bytes[row]
        name = line + len(text[: read.start("name")].encode("utf-8", "replace"))
        if not _text_end(root, name):
            yield _Opened(kind, read["name"], indent, line + indent, name, row, row)


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Join spans that overlap."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _header(one: _Opened, table: LineTable) -> Header:
    """Give the header once its last row is known."""
    end = table.bytes[one.last + 1] - 1
    opens = (row for row in range(one.first, one.last + 1) if _BODY.search(table.rows[row]))
    row = next(opens, one.last)
    brace = _BODY.search(table.rows[row])
    body = table.bytes[row] + len(table.rows[row][: brace.start()].encode("utf-8", "replace")) if brace else end
    return Header(one.kind, one.name, one.start, end, one.name_start, body)


def join_headers(definitions: list[Definition], found: list[Definition], data: bytes) -> list[Definition]:
    """Put definitions that were read from headers among those of the tree, cut so that none cross; in order."""
    ordered = sorted([*definitions, *found], key=lambda one: (one.start, -one.end))
    movable = set(found)
    around: list[Definition] = []
    for one in ordered:
        while around and around[-1].end <= one.start:
            around.pop()
        while around and around[-1].end < one.end:
            if one in movable:
                one.end = around[-1].end
                break
            outer = around.pop()
            outer.end = len(data[outer.start : one.start].rstrip()) + outer.start
            outer.body = min(outer.body, outer.end)
        one.body = min(one.body, one.end)
        around.append(one)
    return ordered
