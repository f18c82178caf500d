"""Where names come from: the function around a place, its parameters, and the assignments that reach a use."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from localdev.source.syntax.assignments import Assignment, assignments
from localdev.source.syntax.enclosing import enclosing
from localdev.source.syntax.grammars import Place, Syntax, syntax_of
from localdev.source.syntax.names import bare, dotted, part
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, text_of, walk
from localdev.source.syntax.values import Argument, holes, kind_of, operator_of, summands

_PARAMETERS = ("parameters", "parameter")
_NO_NAMES = frozenset({"type", "value", "default_value", "right"})
_NO_PARTS = frozenset(
    {"modifiers", "attribute_list", "type_annotation", "primitive_type", "type_descriptor", "comment"}
)
_OWN = frozenset({"self", "cls", "this", "$this", "Self", "static"})
# A name in capitals is a constant, here or elsewhere.
_CONSTANT = re.compile(r"^_*[A-Z][A-Z0-9_]+$")
# The ways of a choice that is an expression, with the place of what each gives; other ways out give nothing.
_ARMS: dict[str, Place] = {
    "match_arm": "value",
    "switch_expression_arm": -1,
    "match_conditional_expression": "return_expression",
    "match_default_expression": "return_expression",
}
_CHOICES = frozenset({"match_expression", "switch_expression"})
_LEAVES = frozenset({"return_expression", "throw_expression", "macro_invocation", "break_expression"})
_TYPES = ("type", "type_identifier", "dimensions", "dimensions_expr", "size")
# Of a name with more values than this the first and the last are looked at.
_MOST = 60
# Following names goes no further than this many steps.
_STEPS = 8


def enclosing_functions(tree: SyntaxTree, node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield the functions around a node, innermost first."""
    syntax = syntax_of(tree.language)
    if syntax is not None:
        yield from enclosing(tree, node, syntax.functions)


def parameters_of(tree: SyntaxTree, node: SyntaxNode) -> set[str]:
    """Give the names that come into the functions around a node from outside, the object itself left out."""
    found: set[str] = set()
    syntax = syntax_of(tree.language)
    for function in enclosing_functions(tree, node) if syntax is not None else ():
        known: dict[int, frozenset[str]] = tree.kept.setdefault("parameters", {})
        if function.id not in known:
            known[function.id] = frozenset(_parameters(function))
        found |= known[function.id]
    return found - _OWN


def _parameters(function: SyntaxNode) -> Iterator[str]:
    lists = [each for name in _PARAMETERS for each in function.children_by_field_name(name)]
    declarator = part(function, "declarator")
    if declarator is not None:
        lists += [each for each in walk(declarator) if each.type == "parameter_list"][:1]
    lists += [child for child in function.named_children if child.type == "block_parameters"]
    for each in lists:
        yield from _names_in(each)


def _names_in(node: SyntaxNode) -> Iterator[str]:
    """Yield the names that a list of parameters or a pattern declares."""
    if node.type in ("identifier", "variable_name", "shorthand_property_identifier_pattern"):
        yield text_of(node)
        return
    if node.type == "pair_pattern":
        value = part(node, "value")
        if value is not None:
            yield from _names_in(value)
        return
    left_out = {child.id for name in _NO_NAMES for child in node.children_by_field_name(name)}
    if node.type == "parameter" and node.child_by_field_name("name") is not None:
        yield text_of(part(node, "name"))
        return
    for child in node.named_children:
        if child.id not in left_out and child.type not in _NO_PARTS:
            yield from _names_in(child)


def scope_of(tree: SyntaxTree, node: SyntaxNode) -> int:
    """Give the id of the innermost function around a node, 0 outside of any."""
    scopes: dict[int, int] = tree.kept.setdefault("scopes", {})
    if node.id not in scopes:
        scopes[node.id] = next((each.id for each in enclosing_functions(tree, node)), 0)
    return scopes[node.id]


def reaching(tree: SyntaxTree, node: SyntaxNode, name: str = "") -> tuple[Assignment, ...]:
    """Give the assignments whose value a name may have where it stands; none where nothing in this file tells.

    They begin with the last one that lies on every way to the place, in the function around it; else they are all
    those in the functions around that, or at the top of the file. A parameter that may still have the value it came
    with has none.
    """
    name = name or dotted(tree, bare(tree, node))
    known: dict[tuple[int, str], tuple[Assignment, ...]] = tree.kept.setdefault("reaching", {})
    if name and (node.id, name) not in known:
        known[node.id, name] = _reaching(tree, node, name)
    return known.get((node.id, name), ())


def _reaching(tree: SyntaxTree, node: SyntaxNode, name: str) -> tuple[Assignment, ...]:
    """Look for the assignments of a name from the inside out."""
    scopes = [each.id for each in enclosing_functions(tree, node)] + [0]
    for scope in scopes:
        here = _of_name(tree, name, scope)
        outside = name in parameters_within(tree, node, scope)
        if scope == scopes[0]:
            before = here[: bisect_left(here, node.start_byte, key=lambda each: each.node.start_byte)]
            last, certain = _last_ones(tree, before, node)
            if last:
                return last if certain or not outside else ()
        elif here:
            return _some(here) if not outside else ()
        if outside:
            return ()
    return ()


def _some(found: list[Assignment]) -> tuple[Assignment, ...]:
    """Leave out the middle of very many assignments."""
    return tuple(found if len(found) <= _MOST else found[: _MOST // 2] + found[-_MOST // 2 :])


def _buffer(tree: SyntaxTree, assignment: Assignment) -> bool:
    """Say whether an assignment makes a C array, which is there to be written to."""
    declarator = part(assignment.node, "declarator") if tree.language in ("c", "cpp") else None
    return declarator is not None and declarator.type == "array_declarator"


def parameters_within(tree: SyntaxTree, node: SyntaxNode, scope: int) -> frozenset[str]:
    """Give the parameters of one of the functions around a node."""
    parameters_of(tree, node)
    known: dict[int, frozenset[str]] = tree.kept.get("parameters", {})
    return known.get(scope, frozenset())


def _inside(node: SyntaxNode, assignment: Assignment) -> bool:
    """Say whether a node is part of an assignment's own value."""
    return assignment.node.start_byte <= node.start_byte < node.end_byte <= assignment.node.end_byte and (
        assignment.kind not in ("element",)
        or (assignment.value.node.start_byte <= node.start_byte and node.end_byte <= assignment.value.node.end_byte)
    )


def _of_name(tree: SyntaxTree, name: str, scope: int) -> list[Assignment]:
    """Give the assignments to a name in a function, in order; members of objects have no name of their own."""
    table: dict[str, dict[int, list[Assignment]]] | None = tree.kept.get("assignments by name")
    if table is None:
        table = {}
        for each in assignments(tree):
            if each.kind != "member":
                table.setdefault(each.target, {}).setdefault(scope_of(tree, each.node), []).append(each)
        tree.kept["assignments by name"] = table
    owner, _, last = name.rpartition(".")
    if name not in table and owner in _OWN | {"self.class"}:
        return table.get(last, {}).get(0, []) if scope == 0 else []
    return table.get(name, {}).get(scope, [])


def _last_ones(tree: SyntaxTree, before: list[Assignment], node: SyntaxNode) -> tuple[tuple[Assignment, ...], bool]:
    """Leave out what a later assignment on every way to the place replaces; say whether there is such a one."""
    found: list[Assignment] = []
    certain = False
    for each in reversed(before):
        if not _inside(node, each):
            found.append(each)
            certain = each.kind != "augmented" and _on_every_way(tree, each.node, node)
        if certain:
            break
    return _some(found[::-1]), certain


def _on_every_way(tree: SyntaxTree, assignment: SyntaxNode, use: SyntaxNode) -> bool:
    """Say whether the block in which an assignment stands also holds the use."""
    syntax = syntax_of(tree.language)
    block = next(enclosing(tree, assignment, syntax.blocks), None) if syntax is not None else None
    return block is None or (block.start_byte <= use.start_byte and use.end_byte <= block.end_byte)


def value_of(tree: SyntaxTree, argument: Argument) -> Argument:
    """Follow a name to the one assignment that reaches it; gives the argument back where there is none, or several."""
    for _ in range(_STEPS):
        if argument.kind != "name":
            break
        found = reaching(tree, argument.node)
        if len(found) != 1 or found[0].kind != "plain":
            break
        argument = Argument(tree, found[0].value.node, argument.keyword, found[0].value.last)
    return argument


def is_fixed(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether a value is made of literals and constants alone, also through names and sums."""
    if argument.last is not None and argument.last.id != argument.node.id:
        return False
    return fixed_node(tree, argument.node)


def fixed_node(tree: SyntaxTree, node: SyntaxNode, steps: int = _STEPS) -> bool:
    """Say so of a node; what was found once is kept, and a value that depends on itself is not fixed by that."""
    known: dict[int, bool] = tree.kept.setdefault("fixed", {})
    if node.id not in known and steps > 0:
        known[node.id] = False
        known[node.id] = _fixed(tree, node, steps)
    return known.get(node.id, False)


def _fixed(tree: SyntaxTree, node: SyntaxNode, steps: int) -> bool:
    """Work out whether a node is fixed."""
    syntax = syntax_of(tree.language)
    node = bare(tree, node)
    if syntax is None:
        return False
    kind = kind_of(tree, node)
    if kind == "literal":
        return True
    if kind == "interpolated" and not operator_of(syntax, node):
        return all(fixed_node(tree, hole, steps - 1) for hole in holes(tree, node))
    if operator_of(syntax, node):
        each_side = (
            (node.named_children[0], node.named_children[-1]) if kind == "interpolated" else summands(tree, node)
        )
        return all(fixed_node(tree, child, steps - 1) for child in each_side)
    if node.type in syntax.collections:
        return all(_fixed_member(tree, syntax, child, steps) for child in node.named_children)
    if node.type in syntax.choices:
        ways = [part(node, place) for place in syntax.choices[node.type]]
        return all(way is not None and fixed_node(tree, way, steps - 1) for way in ways)
    if node.type in _CHOICES:
        return all(way.type in _LEAVES or fixed_node(tree, way, steps - 1) for way in _arms(node))
    if node.type in ("unary_operator", "unary_expression", "unary", "unary_op_expression", "prefix_unary_expression"):
        return fixed_node(tree, node.named_children[-1], steps - 1)
    return kind == "name" and _fixed_name(tree, node, steps)


def _arms(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield what the ways of a `match` or a `switch` that is an expression give; the whole where none can be told."""
    listed = [each for child in (node, *node.named_children) for each in child.named_children if each.type in _ARMS]
    for each in listed:
        yield part(each, _ARMS[each.type]) or node
    if not listed:
        yield node


def _fixed_member(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode, steps: int) -> bool:
    binding = syntax.bindings.get(node.type)
    value = part(node, binding.value) if binding is not None else None
    if node.type in ("literal_value", "field_initializer_list", "array_element_initializer") and value is None:
        return all(_fixed_member(tree, syntax, child, steps - 1) for child in node.named_children)
    return node.type.endswith(_TYPES) or fixed_node(tree, value or node, steps - 1)


def _fixed_name(tree: SyntaxTree, node: SyntaxNode, steps: int) -> bool:
    """Say whether a name has fixed values on every way that reaches it, or is written as a constant."""
    found = reaching(tree, node)
    if found:
        return not any(_buffer(tree, each) or not fixed_node(tree, each.value.node, steps - 1) for each in found)
    last = dotted(tree, node).rpartition(".")[2]
    return _CONSTANT.match(last) is not None and last not in parameters_of(tree, node) and not last.startswith("$")
