"""Values as they are written, arguments and right-hand sides alike: fixed texts, built ones, names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from localdev.source.syntax.grammars import Syntax, syntax_of
from localdev.source.syntax.names import bare, dotted, part, unquoted
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, nodes_of, text_of

ValueKind = Literal["literal", "interpolated", "concatenated", "name", "call", "other"]

_TEXT_PARTS = frozenset(
    {"string_content", "escape_sequence", "string_fragment", "string", "heredoc_start", "heredoc_end"}
)
_MACRO_LITERAL = re.compile(r"""^\s*(?:[A-Za-z]*"[^"]*"|'[^']*'|[-+]?[\d.][\w.]*)(?:\s*"[^"]*")*\s*$""")


@dataclass(frozen=True, slots=True)
class Argument:
    """A value as it stands in the text: an argument, or what is assigned.

    `keyword` is the name it is passed under. `last` is set where a value is only known as a row of words (the
    arguments of a Rust macro): it goes from `node` to `last`.
    """

    tree: SyntaxTree = field(repr=False, compare=False)
    node: SyntaxNode
    keyword: str = ""
    last: SyntaxNode | None = None

    @property
    def text(self) -> str:
        """The source text."""
        if self.last is None or self.last.id == self.node.id:
            return text_of(self.node)
        return _bytes(self.tree)[self.node.start_byte : self.last.end_byte].decode("utf-8", "replace")

    @property
    def line(self) -> int:
        """The line it starts on, from 1."""
        return line_of(self.node)

    @property
    def end_line(self) -> int:
        """The line it ends on."""
        return end_line_of(self.last or self.node)

    @property
    def kind(self) -> ValueKind:
        """What it is made of: see `kind_of`."""
        if self.last is not None and self.last.id != self.node.id:
            return "other"
        return kind_of(self.tree, self.node)

    @property
    def name(self) -> str:
        """Its dotted name, for a name or a call; else empty."""
        return dotted(self.tree, self.node)


def kind_of(tree: SyntaxTree, node: SyntaxNode) -> ValueKind:
    """Say what a value is made of.

    `literal` is a text without anything put in, a number, a truth value or nothing; `interpolated` a text with values
    put in by its syntax (`%` in Python and Ruby included); `concatenated` a sum; `name` a name with or without dots.
    """
    syntax = syntax_of(tree.language)
    node = bare(tree, node)
    if syntax is None:
        return "other"
    if node.type in syntax.scalars:
        return "literal"
    if node.type in syntax.strings:
        return "interpolated" if holes(tree, node) else "literal"
    if node.type == "preproc_arg":
        return "literal" if _MACRO_LITERAL.match(text_of(node)) else "other"
    if operator_of(syntax, node):
        return "interpolated" if operator_of(syntax, node) == "%" else "concatenated"
    if node.type in syntax.calls or node.type in syntax.creations:
        return "call"
    if node.type in syntax.names or node.type in syntax.members or node.type in syntax.subscripts:
        return "name"
    return "other"


def operator_of(syntax: Syntax, node: SyntaxNode) -> str:
    """Give the operator of a sum, or of a format; empty for any other node."""
    if node.type not in syntax.sums:
        return ""
    children = node.children
    sign = children[1].type if len(children) > 2 else ""
    return sign if sign in syntax.sums[node.type] else ""


def summands(tree: SyntaxTree, node: SyntaxNode) -> list[SyntaxNode]:
    """Give what is added up in a sum, in order; a sum in parentheses is one of them."""
    syntax = syntax_of(tree.language)
    found: list[SyntaxNode] = []
    while syntax is not None and operator_of(syntax, node) not in ("", "%"):
        found.append(node.named_children[-1])
        node = node.named_children[0]
    return [node, *reversed(found)]


def holes(tree: SyntaxTree, node: SyntaxNode) -> tuple[SyntaxNode, ...]:
    """Give the values that are put into a text by its own syntax."""
    syntax = syntax_of(tree.language)
    if syntax is None:
        return ()
    found: list[SyntaxNode] = []
    for body in _bodies(tree, node):
        for inner in body.named_children:
            if inner.type in syntax.holes:
                found.extend(child for child in inner.named_children if child.type != "interpolation_brace")
            elif inner.type in syntax.strings and body.type in ("concatenated_string", "chained_string"):
                found.extend(holes(tree, inner))
            elif tree.language == "php" and inner.type not in _TEXT_PARTS:
                found.append(inner)
    return tuple(found)


def string_of(tree: SyntaxTree, node: SyntaxNode | None) -> str | None:
    """Give the text that a literal stands for, as written between its quotes; None for anything else.

    Values put into it leave a NUL.
    """
    syntax = syntax_of(tree.language)
    node = bare(tree, node) if node is not None else None
    if node is None or syntax is None:
        return None
    if node.type == "preproc_arg":
        return "".join(re.findall(r'"([^"]*)"', text_of(node))) if kind_of(tree, node) == "literal" else None
    if node.type not in syntax.strings:
        return None
    pieces = []
    for body in _bodies(tree, node):
        pieces.append(_content(tree, syntax, body))
    return "".join(pieces)


def _content(tree: SyntaxTree, syntax: Syntax, body: SyntaxNode) -> str:
    """Put together what stands between the quotes of one text."""
    if body.type in ("concatenated_string", "chained_string"):
        return "".join(string_of(tree, child) or "" for child in body.named_children)
    text, start = body.text or b"", body.start_byte
    inside = [
        child
        for child in body.named_children
        if child.type in syntax.holes or (tree.language == "php" and child.type not in _TEXT_PARTS)
    ]
    if body.type in ("heredoc", "heredoc_body") or inside:
        pieces, at = [], 0
        for child in inside:
            pieces.append(text[at : child.start_byte - start])
            at = child.end_byte - start
        pieces.append(text[at:])
        return unquoted(b"\0".join(pieces).decode("utf-8", "replace"))
    fragments = [child for child in body.named_children if child.type in _TEXT_PARTS or child.type.endswith("content")]
    if fragments:
        first, last = fragments[0], fragments[-1]
        return text[first.start_byte - start : last.end_byte - start].decode("utf-8", "replace")
    written = text.decode("utf-8", "replace")
    return written.lstrip(":") if body.type.endswith("symbol") else unquoted(written)


def _bodies(tree: SyntaxTree, node: SyntaxNode) -> list[SyntaxNode]:
    """Give the nodes in which a text's pieces lie: itself, or the lines below that a Ruby or PHP heredoc stands for."""
    if node.type == "heredoc_beginning":
        bodies: dict[int, SyntaxNode] | None = tree.kept.get("heredocs")
        if bodies is None:
            starts = nodes_of(tree, frozenset({"heredoc_beginning"}))
            texts = nodes_of(tree, frozenset({"heredoc_body"}))
            bodies = {start.id: body for start, body in zip(starts, texts, strict=False)}
            tree.kept["heredocs"] = bodies
        return [bodies[node.id]] if node.id in bodies else []
    if node.type == "heredoc":
        body = part(node, "value")
        return [body] if body is not None else []
    return [node]


def members_of(tree: SyntaxTree, node: SyntaxNode | None) -> dict[str, Argument]:
    """Give the members written out in an object, map, hash or initialiser, by name."""
    syntax = syntax_of(tree.language)
    found: dict[str, Argument] = {}
    for child in node.named_children if node is not None and syntax is not None else ():
        assert syntax is not None
        binding = syntax.bindings.get(child.type)
        if child.type in ("literal_value", "field_initializer_list", "initializer_expression"):
            found.update(members_of(tree, child))
        elif binding is not None and (binding.kind == "member" or child.type == "assignment_expression"):
            key, value = part(child, binding.target), part(child, binding.value)
            if key is not None and value is not None and key.id != value.id:
                found[key_name(tree, key)] = Argument(tree, value)
    return found


def key_name(tree: SyntaxTree, key: SyntaxNode) -> str:
    """Give the name of a member, or of what is assigned to."""
    text = string_of(tree, key)
    return text if text is not None else dotted(tree, key) or text_of(key)


def _bytes(tree: SyntaxTree) -> bytes:
    data: bytes | None = tree.kept.get("bytes")
    if data is None:
        data = tree.text.encode("utf-8", "replace")
        tree.kept["bytes"] = data
    return data
