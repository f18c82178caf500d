"""How an expression is called: its dotted name, whatever the language puts between the parts."""

from __future__ import annotations

import re

from localdev.source.syntax.grammars import Place, Syntax, syntax_of
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, text_of

# The longest chain `a.b().c()...` whose name is put together.
_LONGEST = 60
_OPENED = re.compile(r"""[A-Za-z@$]*("{3,}|'{3}|["'`])""")
_RECEIVERS = ("object", "scope", "receiver")


def part(node: SyntaxNode, place: Place) -> SyntaxNode | None:
    """Give what stands in a place of a node."""
    if isinstance(place, str):
        return node.child_by_field_name(place) if place else None
    children = node.named_children
    return children[place] if -len(children) <= place < len(children) else None


def bare(tree: SyntaxTree, node: SyntaxNode) -> SyntaxNode:
    """Give what is inside parentheses, casts, references and waiting."""
    syntax = syntax_of(tree.language)
    for _ in range(_LONGEST if syntax else 0):
        assert syntax is not None
        inner = part(node, syntax.wrappers[node.type]) if node.type in syntax.wrappers else None
        if inner is None or node.type in syntax.collections or inner.id == node.id:
            break
        node = inner
    return node


def dotted(tree: SyntaxTree, node: SyntaxNode | None) -> str:
    """Give the name of an expression with dots between its parts; empty where it has none.

    Calls on the way lend the name of what they call (`a().b` is `a.b`), an element with a fixed text its text, any
    other element `[]`; texts and other values have an empty name (`"".join` is `.join`).
    """
    syntax = syntax_of(tree.language)
    return _dotted(syntax, node, _LONGEST) if syntax is not None else ""


def callee(syntax: Syntax, node: SyntaxNode) -> tuple[SyntaxNode | None, SyntaxNode | None]:
    """Give the receiver of a call and the node with the name of what is called on it (all of it without a receiver)."""
    place = syntax.calls.get(node.type, syntax.creations.get(node.type, ""))
    named = part(node, place)
    if named is None or node.type in syntax.creations:
        return None, named
    for field in _RECEIVERS:
        receiver = node.child_by_field_name(field)
        if receiver is not None and receiver.id != named.id:
            return receiver, named
    inner = named
    while inner.type in syntax.wrappers and inner.type not in syntax.members:
        below = part(inner, syntax.wrappers[inner.type])
        if below is None:
            break
        inner = below
    if inner.type in syntax.members:
        first, last = syntax.members[inner.type]
        return part(inner, first), part(inner, last)
    return None, named


def _dotted(syntax: Syntax, node: SyntaxNode | None, left: int) -> str:
    if node is None or left <= 0:
        return ""
    if node.type in syntax.names:
        return _written(node)
    if node.type in syntax.calls or node.type in syntax.creations:
        return _called(syntax, node, left)
    if node.type in syntax.members:
        first, last = (part(node, place) for place in syntax.members[node.type])
        if node.type == "class_constant_access_expression" and text_of(last) == "class":
            return _dotted(syntax, first, left - 1)
        if first is None and text_of(node).startswith("this"):
            return "this." + _dotted(syntax, last, left - 1)
        return joined(_dotted(syntax, first, left - 1), _dotted(syntax, last, left - 1), first is not None)
    if node.type in syntax.subscripts:
        return _element(syntax, node, left)
    if node.type in syntax.wrappers:
        return _dotted(syntax, part(node, syntax.wrappers[node.type]), left - 1)
    return ""


def joined(first: str, last: str, has_first: bool) -> str:
    """Put a dot between two parts of a name; a nameless receiver leaves the dot in front."""
    return f"{first}.{last}" if first or has_first else last


def _called(syntax: Syntax, node: SyntaxNode, left: int) -> str:
    receiver, named = callee(syntax, node)
    if named is None:
        return first_word(node)
    # `require("x").y` is named for the module, so that it can be told from any other `require`.
    if receiver is None and named.type in syntax.names and text_of(named) == "require":
        module = _required(node)
        if module:
            return module
    return joined(_dotted(syntax, receiver, left - 1), _dotted(syntax, named, left - 1), receiver is not None)


def _required(node: SyntaxNode) -> str:
    arguments = node.child_by_field_name("arguments")
    only = part(arguments, 0) if arguments is not None else None
    return unquoted(text_of(only)).removeprefix("node:") if only is not None and only.type == "string" else ""


def _element(syntax: Syntax, node: SyntaxNode, left: int) -> str:
    owner = part(node, syntax.subscripts[node.type])
    index = node.named_children[-1] if len(node.named_children) > 1 else None
    key = "[]"
    if index is not None and index.type in syntax.strings and not index.type.startswith("template"):
        key = unquoted(text_of(index)).lstrip(":")
    elif index is not None and index.type in ("argument", "bracketed_argument_list"):
        key = unquoted(text_of(index).strip("[]")) if text_of(index).strip("[]").startswith('"') else "[]"
    return joined(_dotted(syntax, owner, left - 1), key, owner is not None)


def unquoted(text: str) -> str:
    """Take the quotes off a text, with what may stand before them; quotes inside stay."""
    opened = _OPENED.match(text)
    if opened is None:
        return text
    quote = opened.group(1) if len(text) - opened.start(1) >= 2 * len(opened.group(1)) else opened.group(1)[0]
    return text[opened.start(1) + len(quote) :].removesuffix(quote)


def first_word(node: SyntaxNode) -> str:
    """Name a statement that calls by its keyword, and a command in backquotes by the quote."""
    if node.type in ("subshell", "shell_command_expression"):
        return "`"
    if node.type.startswith("implicit_object"):
        declaration = node.parent.parent if node.parent is not None else None
        return text_of(declaration.child_by_field_name("type")) if declaration is not None else ""
    return text_of(node.children[0]) if node.children else ""


def _written(node: SyntaxNode) -> str:
    text = text_of(node)
    if node.type == "variable_name":
        return text
    return text.replace("\\", ".").strip(".:")
