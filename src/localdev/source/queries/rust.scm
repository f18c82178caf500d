(function_item name: (_) @name body: (_) @body) @definition.function
(function_signature_item name: (_) @name) @definition.function
(struct_item name: (_) @name body: (field_declaration_list) @body) @definition.struct
(struct_item name: (_) @name) @definition.struct
(union_item name: (_) @name body: (_) @body) @definition.struct
(enum_item name: (_) @name body: (_) @body) @definition.enum
(trait_item name: (_) @name body: (_) @body) @definition.trait
(mod_item name: (_) @name body: (_) @body) @definition.module
(impl_item type: (type_identifier) @name body: (_) @body) @scope
(impl_item type: (generic_type type: (type_identifier) @name) body: (_) @body) @scope
(impl_item type: (generic_type type: (scoped_type_identifier name: (type_identifier) @name)) body: (_) @body) @scope
(impl_item type: (scoped_type_identifier name: (type_identifier) @name) body: (_) @body) @scope
(impl_item type: (reference_type type: (type_identifier) @name) body: (_) @body) @scope
(impl_item type: (reference_type type: (generic_type type: (type_identifier) @name)) body: (_) @body) @scope
(impl_item type: (primitive_type) @name body: (_) @body) @scope
(impl_item type: (dynamic_type trait: (type_identifier) @name) body: (_) @body) @scope
(impl_item type: [(tuple_type) (array_type) (unit_type) (pointer_type) (function_type)] @name body: (_) @body) @scope
(const_item name: (_) @name) @definition.constant
(static_item name: (_) @name) @definition.constant
(type_item name: (_) @name) @definition.type
(associated_type name: (_) @name) @definition.type
(macro_definition name: (_) @name ["{" "(" "["] @body) @definition.macro
(field_declaration name: (_) @name) @definition.field
(enum_variant name: (_) @name body: (field_declaration_list) @body) @definition.constant
(enum_variant name: (_) @name) @definition.constant

(line_comment) @comment
(block_comment) @comment
(attribute_item) @attribute

(use_declaration argument: (identifier) @reference.import)
(use_declaration argument: (scoped_identifier name: (identifier) @reference.import))
(use_list (identifier) @reference.import)
(use_list (scoped_identifier name: (identifier) @reference.import))
(use_as_clause path: (identifier) @reference.import)
(use_as_clause path: (scoped_identifier name: (identifier) @reference.import))
(scoped_use_list path: (identifier) @reference.import)
(scoped_use_list path: (scoped_identifier name: (identifier) @reference.import))
(use_wildcard (identifier) @reference.import)
(use_wildcard (scoped_identifier name: (identifier) @reference.import))
(mod_item name: (identifier) @reference.import !body)
(impl_item trait: (type_identifier) @reference.base)
(impl_item trait: (generic_type type: (type_identifier) @reference.base))
(impl_item trait: (scoped_type_identifier name: (type_identifier) @reference.base))
(trait_item bounds: (trait_bounds (type_identifier) @reference.base))
(trait_item bounds: (trait_bounds (generic_type type: (type_identifier) @reference.base)))
(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression field: (field_identifier) @reference.call))
(call_expression function: (scoped_identifier name: (identifier) @reference.call))
(call_expression function: (generic_function function: (identifier) @reference.call))
(call_expression function: (generic_function function: (field_expression field: (field_identifier) @reference.call)))
(call_expression function: (generic_function function: (scoped_identifier name: (identifier) @reference.call)))
(macro_invocation macro: (identifier) @reference.call)
(macro_invocation macro: (scoped_identifier name: (identifier) @reference.call))
(struct_expression name: (type_identifier) @reference.call)
(attribute (identifier) @reference.name)
(type_identifier) @reference.type
(scoped_identifier path: (identifier) @reference.name)
(scoped_identifier name: (identifier) @reference.name)
(token_tree (identifier) @reference.name)
(arguments (identifier) @reference.name)
(field_expression value: (identifier) @reference.name)
(let_declaration value: (identifier) @reference.name)
(field_initializer value: (identifier) @reference.name)
