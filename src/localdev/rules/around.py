"""What stands around a place in a tree: its function and class, the conditions it depends on, comments beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from localdev.rules.changed import ChangedFile
from localdev.rules.words import words
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of, walk

FUNCTIONS = words("""
    function_definition lambda function_declaration function_expression arrow_function method_definition
    generator_function generator_function_declaration method_declaration func_literal function_item closure_expression
    constructor_declaration lambda_expression local_function_statement accessor_declaration
    anonymous_method_expression
    method singleton_method anonymous_function anonymous_function_creation_expression
    """)
NAMED_FUNCTIONS = FUNCTIONS - words("""
    lambda function_expression arrow_function func_literal closure_expression lambda_expression anonymous_function
    anonymous_method_expression anonymous_function_creation_expression
    """)
CLASSES = words("""
    class_definition class_declaration class struct_specifier class_specifier impl_item struct_declaration module
    interface_declaration trait_declaration record_declaration enum_declaration object_declaration
    """)
_BRANCHES = words("""
    if_statement elif_clause else_clause if_expression if unless elsif conditional_expression ternary_expression
    conditional if_modifier unless_modifier switch_statement switch_expression match_statement match_expression case
    when case_clause match_arm switch_case expression_switch_statement type_switch_statement select_statement
    except_clause catch_clause rescue rescue_modifier switch_block_statement_group for_statement while_statement
    expression_case default_case switch_section communication_case for_in_statement for_range_loop while
    """)


def nodes_of(tree: SyntaxTree, types: Iterable[str]) -> list[SyntaxNode]:
    """Give the named nodes of some types in the order of the text; the tree is walked once for all who ask."""
    by_type: dict[str, list[SyntaxNode]] | None = tree.kept.get("nodes by type")
    if by_type is None:
        by_type = {}
        for node in walk(tree.root):
            if node.is_named:
                by_type.setdefault(node.type, []).append(node)
        tree.kept["nodes by type"] = by_type
    found = [node for type in types for node in by_type.get(type, ())]
    return sorted(found, key=lambda node: node.start_byte)


def ancestors(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield the nodes around a node, inmost first."""
    here = node.parent
    while here is not None:
        yield here
        here = here.parent


def function_of(node: SyntaxNode, *, named: bool = False) -> SyntaxNode | None:
    """Give the inmost function around a node; with `named`, one that has a name of its own."""
    wanted = NAMED_FUNCTIONS if named else FUNCTIONS
    return next((each for each in ancestors(node) if each.type in wanted), None)


def name_of(node: SyntaxNode | None) -> str:
    """Give the name that a definition introduces, empty where there is none."""
    while node is not None:
        name = node.child_by_field_name("name")
        if name is not None:
            return text_of(name)
        node = node.child_by_field_name("declarator")
        if node is not None and node.type in ("identifier", "field_identifier", "qualified_identifier"):
            return text_of(node)
    return ""


def names_around(node: SyntaxNode) -> Iterator[str]:
    """Yield the names of the functions and classes around a node, inmost first."""
    for each in ancestors(node):
        if each.type in NAMED_FUNCTIONS or each.type in CLASSES:
            name = name_of(each)
            if name:
                yield name
        elif each.type in ("variable_declarator", "pair", "assignment_expression"):
            left = (
                each.child_by_field_name("name") or each.child_by_field_name("key") or each.child_by_field_name("left")
            )
            yield text_of(left)


def is_conditional(node: SyntaxNode) -> bool:
    """Say whether a place is reached only on some condition, or in some handler, within its function."""
    for each in ancestors(node):
        if each.type in FUNCTIONS:
            return False
        if each.type in _BRANCHES:
            return True
    return False


def conditions_around(node: SyntaxNode) -> Iterator[str]:
    """Yield the texts of the conditions on which a place depends within its named function."""
    for each in ancestors(node):
        if each.type in NAMED_FUNCTIONS:
            return
        if each.type in _BRANCHES:
            condition = each.child_by_field_name("condition") or next(iter(each.named_children), None)
            yield text_of(condition)


def note_at(file: ChangedFile, node: SyntaxNode) -> str:
    """Give the comment that ends a node's first line or stands right above it, empty for none."""
    at = line_of(node) - 1
    lines = file.new_lines
    beside = re.search(r"(?:#(?=\s)|//|/\*)(.*)", lines[at]) if at < len(lines) else None
    above = []
    while at > 0 and re.match(r"\s*(?:#(?=\s)|//|/\*|\*)", lines[at - 1]):
        above.append(lines[at - 1].strip())
        at -= 1
    return " ".join([beside.group(1) if beside else "", *reversed(above)]).strip()


def text_around(node: SyntaxNode, levels: int, longest: int = 1_500) -> str:
    """Give the text of what lies some levels above a node, or of the highest below that is not too long."""
    for _ in range(levels):
        if node.parent is None or node.parent.end_byte - node.parent.start_byte > longest:
            break
        node = node.parent
    return text_of(node)
