"""What lies around a place: the nodes of some kinds that hold it.

A node's own `parent` is looked for from the root down, past all that stands beside it, which in a file of ten thousand
lines takes longer than all the rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, nodes_of


@dataclass(frozen=True, slots=True)
class _Nested:
    """Nodes in the order of the text with the byte each starts on, and for each the place of the one around it."""

    nodes: list[SyntaxNode]
    starts: list[int]
    outer: list[int]


def enclosing(tree: SyntaxTree, node: SyntaxNode, kinds: frozenset[str]) -> Iterator[SyntaxNode]:
    """Yield the nodes of some kinds around a node, innermost first."""
    nested = _nested(tree, kinds)
    at = bisect_right(nested.starts, node.start_byte) - 1
    while at >= 0:
        around = nested.nodes[at]
        # A Python block of one statement is no larger than that.
        if node.end_byte <= around.end_byte and node.id != around.id:
            yield around
        at = nested.outer[at]


def _nested(tree: SyntaxTree, kinds: frozenset[str]) -> _Nested:
    """Read the nodes of some kinds once for a tree."""
    known: dict[frozenset[str], _Nested] = tree.kept.setdefault("nested", {})
    if kinds not in known:
        nodes = nodes_of(tree, kinds)
        outer: list[int] = []
        for at, node in enumerate(nodes):
            up = at - 1
            while up >= 0 and nodes[up].end_byte < node.end_byte:
                up = outer[up]
            outer.append(up)
        known[kinds] = _Nested(nodes, [node.start_byte for node in nodes], outer)
    return known[kinds]
