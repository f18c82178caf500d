"""What stands in the rows that a proposal wrote: whole symbols, nothing that reaches beyond them, nothing besides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.checks import COMMENTS, Rows, is_docstring
from localdev.assistant.gen.units import ATTRIBUTES, BODIES
from localdev.core.patch import Check, FileEdit
from localdev.source.syntax.definitions import Definition, definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, read_syntax, walk

# Declarations that are symbols, or hold some, without being what the index calls a definition.
_DECLARATIONS = frozenset(
    {
        "impl_item", "lexical_declaration", "variable_declaration", "const_declaration", "var_declaration",
        "type_declaration", "declaration", "export_statement", "ambient_declaration", "field_declaration",
        "template_declaration", "preproc_def", "preproc_function_def", "use_declaration", "type_definition",
        "static_initializer", "field_definition", "public_field_definition", "macro_invocation", "const_item",
        "static_item", "mod_item", "property_declaration", "function_signature", "type_alias_declaration",
    }
)  # fmt: skip
_EMPTY = frozenset({";", ",", "empty_statement", "\n", "automatic_semicolon"})
_JOINED = "concatenated_string"
_TEXTS = ("string", "template", "heredoc", "text_block")


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in some rows: the outermost symbols, and the first node that is neither one nor a comment.

    `declared` are declarations that hold none of them: more than comments, and no statements. `escapes` is a node that
    lies across the rows' border.
    """

    symbols: tuple[Definition, ...]
    other: SyntaxNode | None
    escapes: SyntaxNode | None
    declared: tuple[SyntaxNode, ...] = ()


def found_in(tree: SyntaxTree, rows: Rows) -> Found:
    """Look at the nodes of some rows."""
    start, end = _bytes_of(tree, rows)
    _, code_end = _bytes_of(tree, _without_last_comments(tree, rows))
    tops, escapes = _tops(tree.root, start, end, code_end)
    every = definitions(tree)
    inner = [each for each in every if start <= each.outer.start_byte and each.outer.end_byte <= end]
    outermost: list[Definition] = []
    for each in sorted(inner, key=lambda one: (one.outer.start_byte, -one.outer.end_byte)):
        if not outermost or each.outer.start_byte >= outermost[-1].outer.end_byte:
            outermost.append(each)
    outer = {each.outer.id for each in outermost}
    other = next((node for node in tops if node.id not in outer and not _belongs(node, outermost)), None)
    declared = [node for node in tops if node.type in _DECLARATIONS and not _holds(node, outermost)]
    return Found(tuple(outermost), other, escapes, tuple(declared))


def _holds(node: SyntaxNode, symbols: Sequence[Definition]) -> bool:
    """Say whether one of the symbols stands in a node, or is it."""
    return any(node.start_byte <= each.outer.start_byte and each.outer.end_byte <= node.end_byte for each in symbols)


def _belongs(node: SyntaxNode, symbols: Sequence[Definition]) -> bool:
    """Say whether a node may stand beside symbols: comments, attributes, and declarations."""
    if node.type in COMMENTS or node.type in ATTRIBUTES or node.type in _EMPTY or node.type in _DECLARATIONS:
        return True
    # A wrapper around one of them that the grammar of the language adds.
    return any(
        each.outer.start_byte >= node.start_byte and each.outer.end_byte == node.end_byte and node.type == "statement"
        for each in symbols
    )


def _without_last_comments(tree: SyntaxTree, rows: Rows) -> Rows:
    """End rows of Python before comments at their end, which may belong to no block there."""
    first, last = rows
    lines = tree.text.split("\n") if tree.language == "python" else []
    while lines and last > first and lines[last].lstrip()[:1] in ("", "#", "\r"):
        last -= 1
    return first, last


def _bytes_of(tree: SyntaxTree, rows: Rows) -> tuple[int, int]:
    """Give the bytes of some rows, the last line end included."""
    lines = tree.text.encode("utf-8", "surrogateescape").split(b"\n")
    start = sum(len(line) + 1 for line in lines[: rows[0]])
    end = start + sum(len(line) + 1 for line in lines[rows[0] : rows[1] + 1])
    if rows[0] == 0 and lines[0].startswith(b"\xef\xbb\xbf"):
        start = 3
    return start, end


def _tops(root: SyntaxNode, start: int, end: int, code_end: int) -> tuple[list[SyntaxNode], SyntaxNode | None]:
    """Give the outermost nodes within some bytes, and the first one that crosses their border.

    What reaches to `code_end`, behind which only comments stand, reaches to the end.
    """
    tops: list[SyntaxNode] = []
    pending = [root]
    while pending:
        node = pending.pop()
        if node.end_byte <= start or node.start_byte >= end or node.start_byte == node.end_byte:
            continue
        within = start <= node.start_byte and node.end_byte <= end
        around = node.start_byte <= start and code_end - 1 <= node.end_byte
        if within and node.type not in BODIES and node.id != root.id:
            tops.append(node)
        elif within or around or node.id == root.id or _is_body_end(node, end):
            pending.extend(reversed(node.children))
        else:
            return tops, node
    return tops, None


def _is_body_end(node: SyntaxNode, end: int) -> bool:
    """Say whether a node is a body that begins or ends with the rows, as bodies without braces do."""
    holds_first = node.start_byte < end <= node.end_byte
    return node.type in BODIES and (holds_first or node.end_byte <= end) and node.type in ("block", "body_statement")


def literal_rows(tree: SyntaxTree, rows: Rows) -> list[frozenset[int]]:
    """Give, for each text of several lines in some rows, those that begin inside it, from 0 at their start.

    Docstrings are none: what they begin with is indentation.
    """
    found: list[frozenset[int]] = []
    for node in walk(tree.root):
        first, last = node.start_point[0], node.end_point[0]
        if last > first and last >= rows[0] and first <= rows[1] and _is_text(node, tree.language):
            found.append(frozenset(row - rows[0] for row in range(first + 1, last + 1)))
    return found


def _is_text(node: SyntaxNode, language: str) -> bool:
    """Say whether a node is a text as a whole, and no docstring."""
    around = node.parent
    if node.type == _JOINED or not any(word in node.type for word in _TEXTS) or around is None:
        return False
    inside = around.type != _JOINED and any(word in around.type for word in _TEXTS)
    return not inside and not is_docstring(around, language)


def contained(edit: FileEdit, spans: Sequence[Rows]) -> Check:
    """Check that nothing that begins in the new rows ends behind them, and the other way round."""
    name = "keeps inside"
    tree = read_syntax(edit.path, edit.new or "")
    if tree is None:
        return Check(name, False, f"{edit.path} cannot be read as code")
    for rows in _real(spans):
        node = found_in(tree, rows).escapes
        if node is not None:
            return Check(name, False, f"{edit.path}:{line_of(node)}: {node.type} reaches out of the symbol's lines")
    return Check(name, True, f"{edit.path}: what is new begins and ends in its own lines")


def _real(spans: Sequence[Rows]) -> Iterator[Rows]:
    """Yield the spans that hold rows."""
    return (rows for rows in spans if rows[0] <= rows[1])
