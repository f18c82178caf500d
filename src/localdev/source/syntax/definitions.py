"""The definitions of a text with their nodes: symbols as the index has them, tied to the syntax tree."""

from __future__ import annotations

from dataclasses import dataclass

from localdev.core.code import Symbol
from localdev.source.parse import parse_file
from localdev.source.parse_grammar import grammar
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of

_KEPT = "definitions"
# What stands around a definition and belongs to it, when it holds nothing else: `export`, decorators, `const x = ...`.
_AROUND = frozenset(
    {
        "decorated_definition", "export_statement", "template_declaration", "lexical_declaration",
        "variable_declaration", "variable_declarator", "expression_statement", "assignment_expression",
        "type_declaration", "ambient_declaration", "const_declaration", "var_declaration", "declaration",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol and its nodes: `node` is the definition itself, `outer` all that belongs to it (`export`, decorators).

    Documentation in comments before it is in neither.
    """

    symbol: Symbol
    node: SyntaxNode
    outer: SyntaxNode


def definitions(tree: SyntaxTree) -> tuple[Definition, ...]:
    """Give the definitions in the order of the text; one that the tree holds no whole node of is left out."""
    if _KEPT not in tree.kept:
        tree.kept[_KEPT] = tuple(_paired(tree))
    found: tuple[Definition, ...] = tree.kept[_KEPT]
    return found


def _paired(tree: SyntaxTree) -> list[Definition]:
    """Tie each symbol to the widest node of its name within its lines that no other symbol has."""
    by_name: dict[str, list[SyntaxNode]] = {}
    for name, node in _captured(tree):
        by_name.setdefault(name, []).append(node)
    taken: set[int] = set()
    found: list[Definition] = []
    for symbol in parse_file(tree.path, tree.text).symbols:
        fitting = [
            node
            for node in by_name.get(symbol.name, ())
            if node.id not in taken and symbol.start_line <= line_of(node) and end_line_of(node) <= symbol.end_line
        ]
        if fitting:
            node = max(fitting, key=lambda each: (each.end_byte - each.start_byte, -each.start_byte))
            taken.add(node.id)
            found.append(Definition(symbol, node, _outer(node)))
    return found


def _captured(tree: SyntaxTree) -> list[tuple[str, SyntaxNode]]:
    """Give (plain name, node) of all that the language's query calls a definition."""
    parser = grammar(tree.language)
    if parser is None:
        return []
    found: list[tuple[str, SyntaxNode]] = []
    for _, captures in parser.matches(tree.root):  # type: ignore[arg-type]  # it is the grammar's own node
        names = captures.get("name")
        for key, nodes in captures.items():
            if names and key.startswith("definition."):
                found.append((_plain(text_of(names[-1])), nodes[0]))
    return found


def _plain(name: str) -> str:
    """Give the last part of a name as it is written, without quotes and type arguments."""
    name = name.split("<", 1)[0] if not name.startswith("operator") else name
    for separator in ("::", "\\", "."):
        name = name.rpartition(separator)[2]
    return name.strip("\"'`").lstrip(":$")


def _outer(node: SyntaxNode) -> SyntaxNode:
    """Climb to the statement that holds a definition and nothing else."""
    while (around := node.parent) is not None and around.type in _AROUND:
        kind = node.type
        alike = [child for child in around.named_children if child.type == kind]
        grouped = any(child.type == "(" for child in around.children)
        if len(alike) > 1 or grouped:
            break
        node = around
    return node
