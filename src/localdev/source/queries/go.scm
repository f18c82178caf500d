(function_declaration name: (identifier) @name body: (_) @body) @definition.function
(function_declaration name: (identifier) @name) @definition.function
(method_declaration receiver: (parameter_list (parameter_declaration type: (type_identifier) @parent)) name: (_) @name body: (_) @body) @definition.method
(method_declaration receiver: (parameter_list (parameter_declaration type: (pointer_type (type_identifier) @parent))) name: (_) @name body: (_) @body) @definition.method
(method_declaration receiver: (parameter_list (parameter_declaration type: (generic_type type: (type_identifier) @parent))) name: (_) @name body: (_) @body) @definition.method
(method_declaration receiver: (parameter_list (parameter_declaration type: (pointer_type (generic_type type: (type_identifier) @parent)))) name: (_) @name body: (_) @body) @definition.method
(type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @definition.struct
(type_spec name: (type_identifier) @name type: (interface_type "{" @body)) @definition.interface
(type_spec name: (type_identifier) @name) @definition.type
(type_alias name: (type_identifier) @name) @definition.type
(source_file (const_declaration (const_spec name: (identifier) @name) @definition.constant))
(source_file (var_declaration (var_spec name: (identifier) @name) @definition.variable))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @definition.variable)))
(field_declaration name: (field_identifier) @name) @definition.field
(interface_type (method_elem name: (field_identifier) @name) @definition.method)

(comment) @comment

(import_spec path: (interpreted_string_literal) @reference.import)
(call_expression function: (identifier) @reference.call)
(call_expression function: (selector_expression field: (field_identifier) @reference.call))
(call_expression function: (parenthesized_expression (selector_expression field: (field_identifier) @reference.call)))
(call_expression function: (type_instantiation_expression type: (type_identifier) @reference.call))
(field_declaration !name type: (type_identifier) @reference.base)
(field_declaration !name type: (pointer_type (type_identifier) @reference.base))
(field_declaration !name type: (qualified_type name: (type_identifier) @reference.base))
(interface_type (type_elem (type_identifier) @reference.base))
(interface_type (type_elem (qualified_type name: (type_identifier) @reference.base)))
(type_identifier) @reference.type
(argument_list (identifier) @reference.name)
(argument_list (selector_expression field: (field_identifier) @reference.name))
(selector_expression operand: (identifier) @reference.name)
(keyed_element (literal_element (identifier) @reference.name))
(literal_value (literal_element (identifier) @reference.name))
(expression_list (identifier) @reference.name)
(binary_expression right: (identifier) @reference.name)
(unary_expression operand: (identifier) @reference.name)
