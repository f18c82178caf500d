(class_definition name: (_) @name body: (_) @body) @definition.class
(class_definition name: (_) @name) @definition.class
(object_definition name: (_) @name body: (_) @body) @definition.class
(object_definition name: (_) @name) @definition.class
(trait_definition name: (_) @name body: (_) @body) @definition.trait
(trait_definition name: (_) @name) @definition.trait
(enum_definition name: (_) @name body: (_) @body) @definition.enum
(package_object name: (_) @name body: (_) @body) @definition.module
(extension_definition parameters: (parameters (parameter type: (type_identifier) @name)) body: (_) @body) @scope
(extension_definition parameters: (parameters (parameter type: (generic_type type: (type_identifier) @name))) body: (_) @body) @scope
(given_definition name: (_) @name body: (_) @body) @definition.constant
(function_definition name: (_) @name body: (_) @body) @definition.function
(function_declaration name: (_) @name) @definition.method
(template_body (val_definition pattern: (identifier) @name) @definition.variable)
(template_body (var_definition pattern: (identifier) @name) @definition.variable)
(template_body (val_declaration name: (identifier) @name) @definition.variable)
(compilation_unit (val_definition pattern: (identifier) @name) @definition.variable)
(compilation_unit (var_definition pattern: (identifier) @name) @definition.variable)
(class_definition "case" class_parameters: (class_parameters (class_parameter name: (identifier) @name) @definition.property))
(class_parameter ["val" "var"] name: (identifier) @name) @definition.property
(simple_enum_case name: (_) @name) @definition.constant
(full_enum_case name: (_) @name) @definition.constant
(type_definition name: (_) @name) @definition.type

(comment) @comment
(block_comment) @comment
(annotation) @attribute

(import_declaration path: (identifier) @reference.import .)
(namespace_selectors (identifier) @reference.import)
(arrow_renamed_identifier name: (identifier) @reference.import)
(extends_clause (type_identifier) @reference.base)
(extends_clause (generic_type type: (type_identifier) @reference.base))
(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression field: (identifier) @reference.call))
(call_expression function: (generic_function function: (identifier) @reference.call))
(instance_expression (type_identifier) @reference.call)
(infix_expression operator: (identifier) @reference.call)
(type_identifier) @reference.type
(field_expression field: (identifier) @reference.name)
(field_expression value: (identifier) @reference.name)
(arguments (identifier) @reference.name)
