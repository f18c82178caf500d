"""What the grammars call the things that calls, assignments, texts and scopes are made of: one row per language."""

from __future__ import annotations

from dataclasses import dataclass, field

# Where in a node a part stands: the grammar's name of the place, or the number of the named child.
Place = str | int


@dataclass(frozen=True, slots=True)
class Binding:
    """A kind of node that gives a value to a target. `kind` as in `assignments.Assignment`."""

    target: Place
    value: Place
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Syntax:
    """One grammar's names of nodes.

    `calls` maps a kind of node to the place of what is called; an empty place stands for the node's first word.
    `creations` do the same for objects that are made, `members` name the places of object and member in a dotted name,
    `wrappers` are nodes that add nothing to the name of what they hold (parentheses, `await`, casts).
    """

    calls: dict[str, Place]
    creations: dict[str, Place] = field(default_factory=dict)
    members: dict[str, tuple[Place, Place]] = field(default_factory=dict)
    names: frozenset[str] = frozenset({"identifier"})
    wrappers: dict[str, Place] = field(default_factory=dict)
    subscripts: dict[str, Place] = field(default_factory=dict)
    strings: frozenset[str] = frozenset()
    scalars: frozenset[str] = frozenset()
    holes: frozenset[str] = frozenset({"interpolation"})
    collections: frozenset[str] = frozenset()
    sums: dict[str, frozenset[str]] = field(default_factory=dict)
    choices: dict[str, tuple[Place, Place]] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    blocks: frozenset[str] = frozenset()


def word_set(words: str) -> frozenset[str]:
    """Give the words of a text that stand between blanks."""
    return frozenset(words.split())


_PLUS = frozenset({"+"})

PYTHON = Syntax(
    calls={"call": "function", "exec_statement": "", "print_statement": ""},
    members={"attribute": ("object", "attribute"), "dotted_name": (0, -1)},
    wrappers={"parenthesized_expression": 0, "await": 0, "keyword_argument": "value", "as_pattern_target": 0},
    subscripts={"subscript": "value"},
    strings=word_set("string concatenated_string"),
    scalars=word_set("integer float true false none ellipsis"),
    collections=word_set("list tuple set dictionary pair expression_list list_splat dictionary_splat"),
    sums={"binary_operator": frozenset({"+", "%"})},
    choices={"conditional_expression": (0, 2), "boolean_operator": ("left", "right")},
    bindings={
        "assignment": Binding("left", "right"),
        "augmented_assignment": Binding("left", "right", "augmented"),
        "named_expression": Binding("name", "value"),
        "as_pattern": Binding("alias", 0),
        "pair": Binding("key", "value", "member"),
        "for_statement": Binding("left", "right", "element"),
        "for_in_clause": Binding("left", "right", "element"),
    },
    functions=word_set("function_definition lambda"),
    blocks=word_set("module block class_definition function_definition lambda"),
)

_SCRIPT = Syntax(
    calls={"call_expression": "function"},
    creations={"new_expression": "constructor"},
    members={
        "member_expression": ("object", "property"),
        "nested_identifier": ("object", "property"),
    },
    names=word_set(
        "identifier property_identifier private_property_identifier type_identifier this super import "
        "shorthand_property_identifier shorthand_property_identifier_pattern"
    ),
    wrappers={
        "parenthesized_expression": 0,
        "await_expression": 0,
        "non_null_expression": 0,
        "as_expression": 0,
        "satisfies_expression": 0,
        "type_assertion": -1,
        "instantiation_expression": 0,
        "jsx_expression": 0,
        "sequence_expression": -1,
    },
    subscripts={"subscript_expression": "object"},
    strings=word_set("string template_string"),
    scalars=word_set("number true false null undefined regex"),
    holes=word_set("template_substitution"),
    collections=word_set("array object pair spread_element"),
    sums={"binary_expression": _PLUS},
    choices={"ternary_expression": ("consequence", "alternative")},
    bindings={
        "variable_declarator": Binding("name", "value"),
        "assignment_expression": Binding("left", "right"),
        "augmented_assignment_expression": Binding("left", "right", "augmented"),
        "pair": Binding("key", "value", "member"),
        "field_definition": Binding("property", "value"),
        "public_field_definition": Binding("name", "value"),
        "jsx_attribute": Binding(0, 1, "member"),
        "for_in_statement": Binding("left", "right", "element"),
    },
    functions=word_set(
        "function_declaration function_expression arrow_function method_definition generator_function "
        "generator_function_declaration"
    ),
    blocks=word_set("program statement_block switch_case switch_default class_body"),
)

GO = Syntax(
    calls={"call_expression": "function", "type_conversion_expression": "type"},
    members={"selector_expression": ("operand", "field"), "qualified_type": ("package", "name")},
    names=word_set("identifier field_identifier package_identifier type_identifier"),
    wrappers={
        "parenthesized_expression": 0,
        "unary_expression": "operand",
        "literal_element": 0,
        "type_assertion_expression": "operand",
        "variadic_argument": 0,
        "composite_literal": "type",
        "type_instantiation_expression": "type",
    },
    subscripts={"index_expression": "operand", "slice_expression": "operand"},
    strings=word_set("interpreted_string_literal raw_string_literal"),
    scalars=word_set("int_literal float_literal imaginary_literal rune_literal true false nil iota"),
    collections=word_set("composite_literal literal_value keyed_element expression_list variadic_argument"),
    sums={"binary_expression": _PLUS},
    bindings={
        "short_var_declaration": Binding("left", "right"),
        "assignment_statement": Binding("left", "right"),
        "var_spec": Binding("name", "value"),
        "const_spec": Binding("name", "value"),
        "keyed_element": Binding("key", "value", "member"),
        "range_clause": Binding("left", "right", "element"),
    },
    functions=word_set("function_declaration method_declaration func_literal"),
    blocks=word_set("source_file block statement_list expression_case default_case if_statement for_statement"),
)

RUST = Syntax(
    calls={"call_expression": "function", "macro_invocation": "macro"},
    members={
        "field_expression": ("value", "field"),
        "scoped_identifier": ("path", "name"),
        "scoped_type_identifier": ("path", "name"),
    },
    names=word_set(
        "identifier field_identifier type_identifier self crate super primitive_type shorthand_field_identifier"
    ),
    wrappers={
        "parenthesized_expression": 0,
        "await_expression": 0,
        "try_expression": 0,
        "reference_expression": "value",
        "unary_expression": 0,
        "generic_function": "function",
        "type_cast_expression": "value",
        "generic_type": "type",
        "struct_expression": "name",
        "mut_pattern": -1,
        "ref_pattern": -1,
        "reference_pattern": -1,
    },
    subscripts={"index_expression": 0},
    strings=word_set("string_literal raw_string_literal"),
    scalars=word_set("integer_literal float_literal boolean_literal char_literal unit_expression"),
    collections=word_set(
        "array_expression tuple_expression struct_expression field_initializer field_initializer_list"
    ),
    sums={"binary_expression": _PLUS},
    bindings={
        "let_declaration": Binding("pattern", "value"),
        "let_condition": Binding("pattern", "value", "element"),
        "const_item": Binding("name", "value"),
        "static_item": Binding("name", "value"),
        "assignment_expression": Binding("left", "right"),
        "compound_assignment_expr": Binding("left", "right", "augmented"),
        "field_initializer": Binding("field", "value", "member"),
        "for_expression": Binding("pattern", "value", "element"),
    },
    functions=word_set("function_item closure_expression"),
    blocks=word_set("source_file block declaration_list"),
)

JAVA = Syntax(
    calls={"method_invocation": "name", "explicit_constructor_invocation": "constructor"},
    creations={"object_creation_expression": "type"},
    members={
        "field_access": ("object", "field"),
        "scoped_identifier": ("scope", "name"),
        "scoped_type_identifier": (0, -1),
        "method_reference": (0, -1),
    },
    names=word_set("identifier type_identifier this super"),
    wrappers={"parenthesized_expression": 0, "cast_expression": "value", "generic_type": 0},
    subscripts={"array_access": "array"},
    strings=word_set("string_literal"),
    scalars=word_set(
        "decimal_integer_literal hex_integer_literal octal_integer_literal binary_integer_literal "
        "decimal_floating_point_literal character_literal true false null_literal class_literal"
    ),
    holes=word_set("string_interpolation"),
    collections=word_set("array_initializer array_creation_expression element_value_array_initializer"),
    sums={"binary_expression": _PLUS},
    choices={"ternary_expression": ("consequence", "alternative")},
    bindings={
        "variable_declarator": Binding("name", "value"),
        "assignment_expression": Binding("left", "right"),
        "element_value_pair": Binding("key", "value", "member"),
        "enhanced_for_statement": Binding("name", "value", "element"),
        "resource": Binding("name", "value"),
    },
    functions=word_set("method_declaration constructor_declaration compact_constructor_declaration lambda_expression"),
    blocks=word_set(
        "program block class_body switch_block_statement_group constructor_body try_with_resources_statement"
    ),
)

C = Syntax(
    calls={"call_expression": "function"},
    creations={"new_expression": "type"},
    members={
        "field_expression": ("argument", "field"),
        "qualified_identifier": ("scope", "name"),
    },
    names=word_set("identifier field_identifier type_identifier namespace_identifier this primitive_type"),
    wrappers={
        "parenthesized_expression": 0,
        "cast_expression": "value",
        "pointer_expression": "argument",
        "pointer_declarator": "declarator",
        "reference_declarator": 0,
        "array_declarator": "declarator",
        "parenthesized_declarator": 0,
        "template_function": "name",
        "template_type": "name",
        "template_method": "name",
        "dependent_name": -1,
        "field_designator": 0,
        "comma_expression": -1,
        "co_await_expression": 0,
    },
    subscripts={"subscript_expression": "argument"},
    strings=word_set("string_literal raw_string_literal concatenated_string"),
    scalars=word_set("number_literal char_literal true false null nullptr sizeof_expression user_defined_literal"),
    collections=word_set("initializer_list initializer_pair compound_literal_expression"),
    sums={"binary_expression": _PLUS},
    choices={"conditional_expression": ("consequence", "alternative")},
    bindings={
        "init_declarator": Binding("declarator", "value"),
        "assignment_expression": Binding("left", "right"),
        "initializer_pair": Binding("designator", "value", "member"),
        "for_range_loop": Binding("declarator", "right", "element"),
        "field_declaration": Binding("declarator", "default_value"),
        "preproc_def": Binding("name", "value"),
    },
    functions=word_set("function_definition lambda_expression"),
    blocks=word_set("translation_unit compound_statement case_statement declaration_list field_declaration_list"),
)

C_SHARP = Syntax(
    calls={"invocation_expression": "function"},
    creations={"object_creation_expression": "type", "implicit_object_creation_expression": ""},
    members={
        "member_access_expression": ("expression", "name"),
        "conditional_access_expression": ("condition", -1),
        "qualified_name": ("qualifier", "name"),
        "alias_qualified_name": ("alias", "name"),
    },
    names=word_set("identifier this base predefined_type this_expression base_expression"),
    wrappers={
        "parenthesized_expression": 0,
        "await_expression": 0,
        "cast_expression": "value",
        "as_expression": "left",
        "postfix_unary_expression": 0,
        "generic_name": 0,
        "member_binding_expression": "name",
        "checked_expression": 0,
        "declaration_expression": "name",
    },
    subscripts={"element_access_expression": "expression"},
    strings=word_set("string_literal verbatim_string_literal raw_string_literal interpolated_string_expression"),
    scalars=word_set("integer_literal real_literal boolean_literal character_literal null_literal typeof_expression"),
    collections=word_set(
        "array_creation_expression implicit_array_creation_expression initializer_expression collection_expression"
    ),
    sums={"binary_expression": _PLUS},
    choices={"conditional_expression": ("consequence", "alternative")},
    bindings={
        "variable_declarator": Binding("name", -1),
        "assignment_expression": Binding("left", "right"),
        "property_declaration": Binding("name", "value"),
        "attribute_argument": Binding("name", -1, "member"),
        "foreach_statement": Binding("left", "right", "element"),
    },
    functions=word_set(
        "method_declaration constructor_declaration local_function_statement lambda_expression "
        "anonymous_method_expression accessor_declaration operator_declaration"
    ),
    blocks=word_set("compilation_unit block switch_section declaration_list"),
)

RUBY = Syntax(
    calls={"call": "method", "subshell": ""},
    members={"scope_resolution": ("scope", "name")},
    names=word_set("identifier constant instance_variable class_variable global_variable self super hash_key_symbol"),
    wrappers={"parenthesized_statements": -1, "exception_variable": 0},
    subscripts={"element_reference": "object"},
    strings=word_set("string chained_string heredoc_beginning bare_string simple_symbol delimited_symbol character"),
    scalars=word_set("integer float true false nil rational complex"),
    collections=word_set("array hash pair string_array symbol_array right_assignment_list hash_splat_argument"),
    sums={"binary": frozenset({"+", "%", "<<"})},
    choices={"conditional": ("consequence", "alternative")},
    bindings={
        "assignment": Binding("left", "right"),
        "operator_assignment": Binding("left", "right", "augmented"),
        "pair": Binding("key", "value", "member"),
        "for": Binding("pattern", "value", "element"),
        "binary": Binding("left", "right", "augmented"),
    },
    functions=word_set("method singleton_method block do_block lambda"),
    blocks=word_set("program body_statement block_body then else ensure begin class module"),
)

PHP = Syntax(
    calls={
        "function_call_expression": "function",
        "member_call_expression": "name",
        "nullsafe_member_call_expression": "name",
        "scoped_call_expression": "name",
        "include_expression": "",
        "include_once_expression": "",
        "require_expression": "",
        "require_once_expression": "",
        "echo_statement": "",
        "print_intrinsic": "",
        "exit_statement": "",
        "shell_command_expression": "",
    },
    creations={"object_creation_expression": 0},
    members={
        "member_access_expression": ("object", "name"),
        "nullsafe_member_access_expression": ("object", "name"),
        "class_constant_access_expression": (0, -1),
        "scoped_property_access_expression": ("scope", "name"),
    },
    names=word_set("name variable_name qualified_name relative_scope"),
    wrappers={"parenthesized_expression": 0, "cast_expression": "value", "error_suppression_expression": 0},
    subscripts={"subscript_expression": 0},
    strings=word_set("string encapsed_string heredoc nowdoc"),
    scalars=word_set("integer float boolean null"),
    holes=frozenset(),
    collections=word_set("array_creation_expression array_element_initializer"),
    sums={"binary_expression": frozenset({".", "+"})},
    choices={"conditional_expression": ("body", "alternative")},
    bindings={
        "assignment_expression": Binding("left", "right"),
        "augmented_assignment_expression": Binding("left", "right", "augmented"),
        "const_element": Binding(0, -1),
        "property_element": Binding("name", "default_value"),
        "array_element_initializer": Binding(0, 1, "member"),
        "foreach_statement": Binding(1, 0, "element"),
    },
    functions=word_set("function_definition method_declaration anonymous_function arrow_function"),
    blocks=word_set("program compound_statement case_statement default_statement declaration_list"),
)

SYNTAXES: dict[str, Syntax] = {
    "python": PYTHON,
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "go": GO,
    "rust": RUST,
    "java": JAVA,
    "c": C,
    "cpp": C,
    "c_sharp": C_SHARP,
    "ruby": RUBY,
    "php": PHP,
}


def syntax_of(language: str) -> Syntax | None:
    """Give the row of a language; None for one whose calls are not read."""
    return SYNTAXES.get(language)
