"""The calls of a text, alike in every language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from localdev.source.syntax.grammars import Syntax, syntax_of
from localdev.source.syntax.imports import resolved
from localdev.source.syntax.names import callee, dotted, first_word, joined, part
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, nodes_of, text_of
from localdev.source.syntax.values import Argument

CallKind = Literal["call", "new", "macro"]

_LISTS = frozenset({"arguments", "argument_list", "token_tree", "bracketed_argument_list"})
_COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
# Other nodes that may be calls.
_BESIDE = {"ruby": ("identifier",), "cpp": ("init_declarator", "function_declarator")}
_RUBY_STATEMENTS = frozenset({"program", "body_statement", "block_body", "then", "else", "begin", "ensure"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call. `name` is dotted as written, `resolved` with what the file's imports say its first part stands for.

    `receiver` is what a method is called on. `line` is where the name stands (in a chain over several lines that is
    not where the chain begins), `end_line` where the call ends. Statements that work like calls (`echo` and `include`
    in PHP, `exec` in Python 2) are named by their keyword, a command in backquotes is named by the backquote.
    """

    name: str
    resolved: str
    receiver: SyntaxNode | None = field(compare=False)
    arguments: tuple[Argument, ...] = field(compare=False)
    line: int
    end_line: int
    kind: CallKind
    node: SyntaxNode = field(repr=False)

    @property
    def last(self) -> str:
        """The last part of its name: the method."""
        return self.name.rpartition(".")[2]

    def keyword(self, name: str) -> Argument | None:
        """Give the argument passed under a name."""
        return next((each for each in self.arguments if each.keyword == name), None)

    def positional(self, index: int) -> Argument | None:
        """Give an argument by its place among those without a name, counted from 0."""
        plain = [each for each in self.arguments if not each.keyword]
        return plain[index] if index < len(plain) else None


def calls(tree: SyntaxTree) -> tuple[Call, ...]:
    """Give all calls in the order of the text, outer before inner."""
    kept: tuple[Call, ...] | None = tree.kept.get("calls")
    if kept is None:
        kept = tuple(_calls(tree))
        tree.kept["calls"] = kept
    return kept


def call_of(tree: SyntaxTree, node: SyntaxNode | None) -> Call | None:
    """Give the call that a node is; None for any other node."""
    if node is None:
        return None
    known: dict[int, Call] | None = tree.kept.get("calls by node")
    if known is None:
        known = {call.node.id: call for call in calls(tree)}
        tree.kept["calls by node"] = known
    return known.get(node.id)


def _calls(tree: SyntaxTree) -> Iterator[Call]:
    syntax = syntax_of(tree.language)
    if syntax is None:
        return
    kinds = {*syntax.calls, *syntax.creations, *_BESIDE.get(tree.language, ())}
    for node in nodes_of(tree, frozenset(kinds)):
        if node.type in syntax.calls or node.type in syntax.creations:
            yield _call(tree, syntax, node)
        elif node.type == "identifier" and _is_bare_call(node):
            yield _bare_call(node)
        elif node.type in ("init_declarator", "function_declarator"):
            created = _constructed(tree, node) if node.type == "init_declarator" else _declared(tree, node)
            if created is not None:
                yield created


def _call(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode) -> Call:
    """Read a call."""
    receiver, named = callee(syntax, node)
    if named is None:
        name = first_word(node)
    else:
        name = joined(dotted(tree, receiver), dotted(tree, named), receiver is not None)
    at = named if receiver is not None and named is not None else node
    kind: CallKind = "new" if node.type in syntax.creations else "call"
    return Call(
        name,
        resolved(tree, name),
        receiver,
        tuple(_arguments(tree, node, named)),
        line_of(at),
        end_line_of(node),
        "macro" if node.type == "macro_invocation" else kind,
        node,
    )


def _is_bare_call(node: SyntaxNode) -> bool:
    """Say whether a Ruby name stands alone as a statement, which calls it."""
    return node.type == "identifier" and node.parent is not None and node.parent.type in _RUBY_STATEMENTS


def _bare_call(node: SyntaxNode) -> Call:
    return Call(text_of(node), text_of(node), None, (), line_of(node), end_line_of(node), "call", node)


def _constructed(tree: SyntaxTree, node: SyntaxNode) -> Call | None:
    """Read the C++ declaration `Type name(arguments)` as the making of an object."""
    value = part(node, "value")
    declared = part(node.parent, "type") if node.parent is not None else None
    if value is None or value.type != "argument_list" or declared is None:
        return None
    name = dotted(tree, declared)
    arguments = tuple(_listed(tree, value.named_children))
    return Call(name, resolved(tree, name), None, arguments, line_of(node), end_line_of(node), "new", node)


def _declared(tree: SyntaxTree, node: SyntaxNode) -> Call | None:
    """Read `Type name(one, other);` among statements as the making of an object; it may as well declare a function."""
    around, listed = node.parent, part(node, "parameters")
    declared = part(around, "type") if around is not None and around.type == "declaration" else None
    if declared is None or listed is None or around is None or around.parent is None:
        return None
    given = listed.named_children
    if around.parent.type != "compound_statement" or not given or any(len(each.named_children) != 1 for each in given):
        return None
    name = dotted(tree, declared)
    arguments = tuple(Argument(tree, each.named_children[0]) for each in given)
    return Call(name, resolved(tree, name), None, arguments, line_of(node), end_line_of(node), "new", node)


def _arguments(tree: SyntaxTree, node: SyntaxNode, named: SyntaxNode | None) -> Iterator[Argument]:
    """Yield the arguments of a call."""
    listed = part(node, "arguments") or next((child for child in node.named_children if child.type in _LISTS), None)
    if listed is None:
        keyword = node.type.endswith(("_statement", "_intrinsic", "e_expression")) or node.type == "include_expression"
        if (named is None and keyword) or node.type in ("subshell", "shell_command_expression"):
            yield from _of_statement(tree, node)
        return
    if listed.type == "token_tree":
        yield from _of_macro(tree, listed)
    elif listed.type not in _LISTS:
        # A template that stands right behind a JavaScript function is its argument.
        yield Argument(tree, listed)
    else:
        yield from _listed(tree, listed.named_children)


def _of_statement(tree: SyntaxTree, node: SyntaxNode) -> Iterator[Argument]:
    """Yield what a statement that works like a call is given; a command in backquotes is its own text."""
    if node.type in ("subshell", "shell_command_expression"):
        yield Argument(tree, node)
    else:
        children = node.named_children
        several = len(children) == 1 and children[0].type == "sequence_expression"
        yield from _listed(tree, children[0].named_children if several else children)


def _listed(tree: SyntaxTree, nodes: Sequence[SyntaxNode]) -> Iterator[Argument]:
    """Yield the arguments in a list."""
    for node in nodes:
        if node.type in _COMMENTS:
            continue
        if node.type == "keyword_argument":
            value = part(node, "value")
            yield Argument(tree, value or node, text_of(part(node, "name")))
        elif node.type == "pair":
            value, key = part(node, "value"), part(node, "key")
            yield Argument(tree, value or node, text_of(key).strip("\"':"))
        elif node.type == "argument":
            name = part(node, "name")
            inner = [child for child in node.named_children if name is None or child.id != name.id]
            yield Argument(tree, inner[-1] if inner else node, text_of(name))
        else:
            yield Argument(tree, node)


def _of_macro(tree: SyntaxTree, listed: SyntaxNode) -> Iterator[Argument]:
    """Yield the arguments of a Rust macro, which are rows of words between commas."""
    row: list[SyntaxNode] = []
    for child in [*listed.children[1:-1], None]:
        if child is not None and child.type != ",":
            row += [child] if child.type not in _COMMENTS else []
        elif row:
            named = len(row) > 2 and row[0].type == "identifier" and row[1].type == "="
            value = _unborrowed(row[2:] if named else row)
            yield Argument(tree, value[0], text_of(row[0]) if named else "", value[-1])
            row = []


def _unborrowed(row: list[SyntaxNode]) -> list[SyntaxNode]:
    """Leave out the signs with which Rust borrows."""
    while len(row) > 1 and row[0].type in ("&", "*", "mutable_specifier", "&&"):
        row = row[1:]
    return row
