"""How many values a call in Go has to give."""

from __future__ import annotations

from localdev.source.syntax.calls import Call
from localdev.source.syntax.node import SyntaxNode

# What stands around a call that has to give one value.
_ONE = frozenset(
    [
        "selector_expression", "binary_expression", "unary_expression", "index_expression", "literal_element",
        "keyed_element", "parenthesized_expression", "type_assertion_expression", "call_expression", "slice_expression",
    ]
)  # fmt: skip
_ASSIGNED = frozenset({"short_var_declaration", "assignment_statement", "var_spec", "const_spec"})


def takes(call: Call, results: int) -> bool:
    """Say whether a call may give so many values where it stands; True where that cannot be known."""
    around = call.node.parent
    if around is None:
        return True
    if around.type in _ONE:
        return results == 1
    if around.type == "argument_list":
        return results == 1 or len(around.named_children) == 1
    if around.type == "expression_list" and around.parent is not None and around.parent.type in _ASSIGNED:
        return _assigns(around.parent, around, results)
    return True


def _assigns(statement: SyntaxNode, values: SyntaxNode, results: int) -> bool:
    """Say whether an assignment has as many places as a call gives values."""
    if len(values.named_children) > 1:
        return results == 1
    left = statement.child_by_field_name("left")
    places = left.named_children if left is not None else statement.children_by_field_name("name")
    return len(places) == results
