"""One pass over a file: its chunks, definitions and references."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localdev.core.code import ParsedFile
from localdev.source.chunking import chunk_lines, chunk_syntax
from localdev.source.languages import Language, language_of_text
from localdev.source.lines import LineTable
from localdev.source.parse_grammar import grammar
from localdev.source.parse_guards import unbearable
from localdev.source.parse_macros import without_conditions, without_macros
from localdev.source.symbols import outline
from localdev.source.symbols_broken import Span, headers

if TYPE_CHECKING:
    from tree_sitter import Node

    from localdev.source.parse_grammar import Grammar

# Raise with any change of what `parse_file` gives for some text: stored results of another version are thrown away.
PARSER_VERSION = 5

# A line longer than this is data; parsers may need time in the square of such a line.
_LONGEST_LINE = 100_000
# Broken code with more children than this in one node (an opening bracket repeated) makes a query quadratic.
_WIDEST_BROKEN = 60_000
# More opening than closing angle brackets between two semicolons or braces than this: parsers of languages with type
# arguments keep every reading of `a < b < c` and need memory in the square of it.
_OPEN_ANGLES = 1_000
# Configuration with more keys than this is data, which nobody looks up by its keys' names.
_MOST_KEYS = 5_000
_STATEMENT_END = re.compile(rb"[;{}]")


def parse_file(path: str, text: str) -> ParsedFile:
    """Cut a file into chunks and read its definitions and references; never fails, whatever the text.

    `path` is relative to the repository's root and decides the language, with the text's first line.
    """
    language = language_of_text(path, text)
    data = text.encode("utf-8", "replace")
    table = LineTable(text, data)
    lines = len(table.rows) - (not table.rows[-1])
    parser = grammar(language.name)
    if parser is None or max(map(len, table.rows)) > _LONGEST_LINE or _many_open_angles(data):
        return _by_lines(path, table, language, lines)
    if unbearable(language.name, table.rows):
        return _by_lines(path, table, language, lines)
    read = _read(parser, language, data)
    if read is None:
        return _by_lines(path, table, language, lines)
    root, data, broken = read
    matches = parser.matches(root)
    if language.loose == "config" and len(matches) > _MOST_KEYS:
        matches = []
    recovered = headers(root, table, broken) if broken and language.loose == "module" else ()
    found = outline(path, table, data, language=language, matches=matches, recovered=recovered)
    chunks = chunk_syntax(path, table, root, outline=found, language=language.name, loose=language.loose)
    return ParsedFile(path, language.name, tuple(chunks), found.symbols, found.references, False, lines)


def _read(parser: Grammar, language: Language, data: bytes) -> tuple[Node, bytes, list[Span]] | None:
    """Parse a text: the root of its tree, the text as it was read, and the spans in bytes that make no sense.

    Conditions such as `#if` in the middle of a declaration cost all that is around them, so what has errors is read
    without them, and the better reading counts. Gives nothing when the text asks too much of the parser.
    """
    tree = parser.parse(without_macros(data) if language.macros else data)
    broken = _broken_parts(tree.root_node) if tree is not None else None
    if tree is None or broken is None:
        return None
    if language.directives and tree.root_node.has_error:
        plain = without_conditions(data)
        again = parser.parse(plain)
        left = _broken_parts(again.root_node) if again is not None else None
        if again is not None and left is not None and _size(left) <= _size(broken):
            return again.root_node, plain, left
    return tree.root_node, data, broken


def _size(spans: list[Span]) -> int:
    return sum(end - start for start, end in spans)


def _by_lines(path: str, table: LineTable, language: Language, lines: int) -> ParsedFile:
    """Cut a file that has no syntax we can read."""
    chunks = tuple(chunk_lines(path, table, language.name))
    return ParsedFile(path, language.name, chunks, line_chunked=not language.prose, lines=lines)


def _many_open_angles(data: bytes) -> bool:
    """Say whether some statement opens so many angle brackets that parsing it may need gigabytes."""
    if data.count(b"<") - data.count(b">") < _OPEN_ANGLES:
        return False
    return any(part.count(b"<") - part.count(b">") > _OPEN_ANGLES for part in _STATEMENT_END.split(data))


def _broken_parts(root: Node) -> list[Span] | None:
    """Give the spans in bytes of what the parser could not read.

    Gives None when a node with errors is so wide that a query would not end in reasonable time.
    """
    parts: list[Span] = []
    pending = [root] if root.has_error else []
    while pending:
        node = pending.pop()
        if node.child_count > _WIDEST_BROKEN:
            return None
        if node.type == "ERROR":
            parts.append((node.start_byte, node.end_byte))
        pending += [child for child in node.children if child.has_error]
    return parts
