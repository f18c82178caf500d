"""The syntax tree of one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from localdev.source.languages import language_of_text
from localdev.source.parse_grammar import grammar
from localdev.source.parse_macros import without_macros
from localdev.source.syntax.node import SyntaxNode

if TYPE_CHECKING:
    from tree_sitter import Query

# Nodes deeper than this are not looked at: only generated or broken text nests so deep.
_DEEPEST = 500


@dataclass(slots=True)
class SyntaxTree:
    """A text with its tree; `kept` holds what was worked out of it before, by name."""

    path: str
    language: str
    text: str
    root: SyntaxNode
    kept: dict[str, Any] = field(default_factory=dict, repr=False)


def read_syntax(path: str, text: str) -> SyntaxTree | None:
    """Parse a text; None where its language has no grammar, or where parsing it asks too much."""
    language = language_of_text(path, text)
    parser = grammar(language.name)
    if parser is None:
        return None
    data = text.encode("utf-8", "replace")
    tree = parser.parse(without_macros(data) if language.macros else data)
    return None if tree is None else SyntaxTree(path, language.name, text, tree.root_node)


def walk(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield a node and all that is inside, in the order of the text."""
    pending = [(node, 0)]
    while pending:
        here, depth = pending.pop()
        yield here
        if depth < _DEEPEST:
            pending.extend((child, depth + 1) for child in reversed(here.children))


def nodes_of(tree: SyntaxTree, kinds: frozenset[str]) -> list[SyntaxNode]:
    """Give the nodes of some kinds in the order of the text, outer before inner: much faster than to walk over all."""
    from tree_sitter import QueryCursor

    query = _query(tree.language, kinds)
    if query is None:
        return []
    cursor = QueryCursor(query)
    cursor.set_max_start_depth(_DEEPEST)
    found: list[Any] = cursor.captures(tree.root).get("node", [])  # type: ignore[arg-type]
    return sorted(found, key=lambda node: (node.start_byte, -node.end_byte))


@cache
def _query(language: str, kinds: frozenset[str]) -> Query | None:
    """Give the query for nodes of some kinds, as far as the grammar has them; None where it has none."""
    from tree_sitter import Query

    parser = grammar(language)
    known = [kind for kind in sorted(kinds) if parser and parser.language.id_for_node_kind(kind, True) is not None]
    if parser is None or not known:
        return None
    return Query(parser.language, "[" + " ".join(f"({kind})" for kind in known) + "] @node")


def line_of(node: SyntaxNode) -> int:
    """Give the line a node starts on, from 1."""
    return node.start_point[0] + 1


def end_line_of(node: SyntaxNode) -> int:
    """Give the line a node ends on, from 1."""
    row, column = node.end_point
    return max(row + (column > 0), node.start_point[0] + 1)


def text_of(node: SyntaxNode | None) -> str:
    """Give a node's text, empty for no node."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""
