; Added to c.scm.
(class_specifier name: (_) @name body: (_) @body) @definition.class
(namespace_definition name: (_) @name body: (_) @body) @definition.namespace
(function_definition declarator: (reference_declarator (function_declarator declarator: (_) @name)) body: (_) @body) @definition.function
(function_definition declarator: (operator_cast) @name body: (_) @body) @definition.function
(function_definition declarator: (qualified_identifier name: (operator_cast)) @name body: (_) @body) @definition.function
(function_definition declarator: (function_declarator declarator: (_) @name) (default_method_clause)) @definition.function
(function_definition declarator: (function_declarator declarator: (_) @name) (delete_method_clause)) @definition.function
(field_declaration declarator: (function_declarator declarator: (field_identifier) @name)) @definition.method
(field_declaration declarator: (function_declarator declarator: (operator_name) @name)) @definition.method
(field_declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))) @definition.method
(field_declaration declarator: (reference_declarator (function_declarator declarator: (field_identifier) @name))) @definition.method
(field_declaration declarator: (reference_declarator (function_declarator declarator: (operator_name) @name))) @definition.method
(field_declaration declarator: (reference_declarator (field_identifier) @name)) @definition.field
(field_declaration_list (declaration declarator: (function_declarator declarator: (destructor_name) @name)) @definition.method)
(declaration declarator: (reference_declarator (function_declarator declarator: (identifier) @name))) @definition.function
(alias_declaration name: (type_identifier) @name) @definition.type
(concept_definition name: (identifier) @name) @definition.type
(declaration_list (declaration declarator: (init_declarator declarator: (identifier) @name)) @definition.variable)

(template_declaration) @outer
(attribute_declaration) @attribute

(base_class_clause (type_identifier) @reference.base)
(base_class_clause (qualified_identifier name: (type_identifier) @reference.base))
(base_class_clause (template_type name: (type_identifier) @reference.base))
(base_class_clause (qualified_identifier name: (template_type name: (type_identifier) @reference.base)))
(call_expression function: (qualified_identifier name: (identifier) @reference.call))
(call_expression function: (qualified_identifier name: (qualified_identifier name: (identifier) @reference.call)))
(call_expression function: (template_function name: (identifier) @reference.call))
(call_expression function: (qualified_identifier name: (template_function name: (identifier) @reference.call)))
(call_expression function: (field_expression field: (template_method name: (field_identifier) @reference.call)))
(new_expression type: (type_identifier) @reference.call)
(new_expression type: (template_type name: (type_identifier) @reference.call))
(using_declaration (qualified_identifier name: (identifier) @reference.import))
(using_declaration (identifier) @reference.import)
(qualified_identifier scope: (namespace_identifier) @reference.name)
