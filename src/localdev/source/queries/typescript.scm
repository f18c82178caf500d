(abstract_class_declaration name: (_) @name body: (_) @body) @definition.class
(interface_declaration name: (_) @name body: (_) @body) @definition.interface
(enum_declaration name: (_) @name body: (_) @body) @definition.enum
(enum_body (enum_assignment name: (_) @name) @definition.constant)
(enum_body name: (_) @name @definition.constant)
(type_alias_declaration name: (_) @name value: (object_type) @body) @definition.type
(type_alias_declaration name: (_) @name) @definition.type
(type_alias_declaration value: (object_type (property_signature name: (_) @name) @definition.property))
(type_alias_declaration value: (object_type (method_signature name: (_) @name) @definition.method))
(internal_module name: (_) @name body: (_) @body) @definition.namespace
(module name: (_) @name body: (_) @body) @definition.namespace
(function_signature name: (_) @name) @definition.function
(interface_body (method_signature name: (_) @name) @definition.method)
(class_body (method_signature name: (_) @name) @definition.method)
(abstract_method_signature name: (_) @name) @definition.method
(interface_body (property_signature name: (_) @name) @definition.property)
(public_field_definition name: (_) @name value: (arrow_function body: (_) @body)) @definition.method
(public_field_definition name: (_) @name value: (function_expression body: (_) @body)) @definition.method
(public_field_definition name: (_) @name) @definition.variable
(ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(ambient_declaration (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(internal_module body: (statement_block (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable))))
(ambient_declaration) @outer

(extends_clause value: (identifier) @reference.base)
(extends_clause value: (member_expression property: (property_identifier) @reference.base))
(implements_clause (type_identifier) @reference.base)
(implements_clause (generic_type name: (type_identifier) @reference.base))
(extends_type_clause type: (type_identifier) @reference.base)
(extends_type_clause type: (generic_type name: (type_identifier) @reference.base))
(type_identifier) @reference.type
(as_expression (identifier) @reference.name)
