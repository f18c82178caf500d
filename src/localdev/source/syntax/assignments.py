"""The assignments of a text, alike in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from localdev.source.syntax.grammars import Binding, Syntax, syntax_of
from localdev.source.syntax.names import bare, dotted, part
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, nodes_of, text_of
from localdev.source.syntax.values import Argument, key_name

AssignmentKind = Literal["plain", "augmented", "member", "element"]

_LISTS = frozenset(
    {
        "pattern_list",
        "tuple_pattern",
        "list_pattern",
        "expression_list",
        "left_assignment_list",
        "list_literal",
        "array_pattern",
        "object_pattern",
        "tuple_struct_pattern",
        "struct_pattern",
        "right_assignment_list",
    }
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value that a target gets. `target` is a dotted name (`el.innerHTML`), or a member's own name.

    `kind` is `plain` for assignments and declarations; `augmented` where the value is put to what is there (`+=`);
    `member` for a member of an object that is written out (`{verify: false}`); `element` where the target gets only a
    part of the value (loops, unpacking).
    """

    target: str
    value: Argument
    line: int
    end_line: int
    node: SyntaxNode = field(repr=False, compare=False)
    kind: AssignmentKind = "plain"


def assignments(tree: SyntaxTree) -> tuple[Assignment, ...]:
    """Give all assignments in the order of the text."""
    kept: tuple[Assignment, ...] | None = tree.kept.get("assignments")
    if kept is None:
        syntax = syntax_of(tree.language)
        kept = tuple(_assignments(tree, syntax)) if syntax is not None else ()
        tree.kept["assignments"] = kept
    return kept


def _assignments(tree: SyntaxTree, syntax: Syntax) -> Iterator[Assignment]:
    for node in nodes_of(tree, frozenset(syntax.bindings)):
        yield from _read(tree, node, syntax.bindings[node.type])


def _read(tree: SyntaxTree, node: SyntaxNode, binding: Binding) -> Iterator[Assignment]:
    """Read one node that binds."""
    targets = _places(node, binding.target)
    value = part(node, binding.value)
    if value is None or not targets or (node.type == "binary" and not _appends(node)):
        return
    if (node.type == "array_element_initializer" and len(node.named_children) < 2) or value.id == targets[0].id:
        return
    kind = _kind(node, binding)
    values = list(value.named_children) if value.type in ("expression_list", "right_assignment_list") else [value]
    flat = [each for target in targets for each in _flat(target)]
    paired = len(values) == len(flat)
    several = len(flat) > 1 or any(target.type in _LISTS - {"expression_list"} for target in targets)
    for index, target in enumerate(flat):
        name = key_name(tree, target) if kind == "member" else dotted(tree, bare(tree, target))
        own = values[index] if paired else value
        as_kind: AssignmentKind = "element" if several and not paired and kind == "plain" else kind
        if name:
            yield Assignment(name, Argument(tree, bare_value(own)), line_of(node), end_line_of(node), node, as_kind)


def bare_value(node: SyntaxNode) -> SyntaxNode:
    """Take a value out of what only wraps it in an assignment."""
    if node.type in ("expression_list", "literal_element", "jsx_expression") and len(node.named_children) == 1:
        return node.named_children[0]
    return node


def _places(node: SyntaxNode, place: str | int) -> list[SyntaxNode]:
    if isinstance(place, str):
        return list(node.children_by_field_name(place))
    found = part(node, place)
    return [found] if found is not None else []


def _flat(target: SyntaxNode) -> list[SyntaxNode]:
    """Take the targets out of a pattern."""
    if target.type == "pair_pattern":
        value = part(target, "value")
        return _flat(value) if value is not None else []
    if target.type in ("object_assignment_pattern", "assignment_pattern"):
        return _flat(target.named_children[0])
    if target.type in ("pair", "by_ref", "rest_pattern", "list_splat_pattern"):
        return [each for child in target.named_children for each in _flat(child)]
    if target.type in _LISTS:
        start = 1 if target.type == "tuple_struct_pattern" else 0
        return [each for child in target.named_children[start:] for each in _flat(child)]
    return [target]


def _kind(node: SyntaxNode, binding: Binding) -> AssignmentKind:
    if binding.kind != "plain":
        return binding.kind  # type: ignore[return-value]
    operator = node.child_by_field_name("operator")
    sign = text_of(operator) if operator is not None else ""
    if not sign and node.type == "assignment_expression":
        sign = next((child.type for child in node.children[1:-1] if not child.is_named), "=")
    return "augmented" if sign not in ("", "=", ":=") else "plain"


def _appends(node: SyntaxNode) -> bool:
    """Say whether a Ruby expression is `name << value`, which changes the name's value."""
    left = part(node, "left")
    children = node.children
    return (
        len(children) > 1 and children[1].type == "<<" and left is not None and left.type.endswith(("er", "variable"))
    )
