(class_declaration "interface" name: (identifier) @name (_ "{" @body)) @definition.interface
(class_declaration "interface" name: (identifier) @name) @definition.interface
(class_declaration name: (identifier) @name (enum_class_body) @body) @definition.enum
(class_declaration name: (identifier) @name (class_body) @body) @definition.class
(class_declaration name: (identifier) @name) @definition.class
(object_declaration name: (identifier) @name (class_body) @body) @definition.class
(object_declaration name: (identifier) @name) @definition.class
(function_declaration (user_type (identifier) @parent) . "." . name: (identifier) @name (function_body) @body) @definition.method
(function_declaration name: (identifier) @name (function_body) @body) @definition.function
(function_declaration name: (identifier) @name) @definition.function
(secondary_constructor "constructor" @name (block) @body) @definition.constructor
(secondary_constructor "constructor" @name) @definition.constructor
(class_parameter ["val" "var"] (identifier) @name) @definition.property
(property_declaration (modifiers (property_modifier)) (variable_declaration . (identifier) @name)) @definition.constant
(class_body (property_declaration (variable_declaration . (identifier) @name)) @definition.property)
(enum_class_body (property_declaration (variable_declaration . (identifier) @name)) @definition.property)
(source_file (property_declaration (variable_declaration . (identifier) @name)) @definition.variable)
(enum_entry . (identifier) @name) @definition.constant
(type_alias type: (identifier) @name) @definition.type

(line_comment) @comment
(block_comment) @comment
(annotation) @attribute

(import (qualified_identifier (identifier) @reference.import .))
(delegation_specifier (user_type (identifier) @reference.base))
(delegation_specifier (constructor_invocation (user_type (identifier) @reference.base)))
(call_expression . (identifier) @reference.call)
(call_expression . (navigation_expression (identifier) @reference.call .))
(callable_reference (identifier) @reference.name .)
(user_type (identifier) @reference.type)
(value_argument (identifier) @reference.name .)
(navigation_expression . (identifier) @reference.name)
