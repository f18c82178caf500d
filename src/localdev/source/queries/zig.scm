; `const std = @import("std")` is an import, no variable.
(variable_declaration . (identifier) @name (builtin_function (builtin_identifier) @_import) (#eq? @_import "@import")) @definition.none
(variable_declaration . (identifier) @name (struct_declaration "{" @body)) @definition.struct
(variable_declaration . (identifier) @name (union_declaration "{" @body)) @definition.struct
(variable_declaration . (identifier) @name (opaque_declaration "{" @body)) @definition.struct
(variable_declaration . (identifier) @name (enum_declaration "{" @body)) @definition.enum
(variable_declaration . (identifier) @name (error_set_declaration "{" @body)) @definition.enum
(function_declaration name: (identifier) @name body: (_) @body) @definition.function
(function_declaration name: (identifier) @name) @definition.function
(test_declaration (string) @name (block) @body) @definition.function
(test_declaration (identifier) @name (block) @body) @definition.function
(source_file (variable_declaration . (identifier) @name) @definition.variable)
(struct_declaration (variable_declaration . (identifier) @name) @definition.variable)
(enum_declaration (variable_declaration . (identifier) @name) @definition.variable)
(union_declaration (variable_declaration . (identifier) @name) @definition.variable)
(enum_declaration (container_field name: (identifier) @name) @definition.constant)
(error_set_declaration (identifier) @name @definition.constant)
(container_field name: (identifier) @name) @definition.field

(comment) @comment

(variable_declaration . (identifier) @reference.import (builtin_function (builtin_identifier) @_import) (#eq? @_import "@import"))
(builtin_function (builtin_identifier) @_import (arguments (string (string_content) @reference.import)) (#eq? @_import "@import"))
(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression member: (identifier) @reference.call))
(struct_initializer . (identifier) @reference.call)
(parameter type: (identifier) @reference.type)
(function_declaration type: (identifier) @reference.type)
(error_union_type ok: (identifier) @reference.type)
(pointer_type (identifier) @reference.type)
(slice_type (identifier) @reference.type)
(nullable_type (identifier) @reference.type)
(container_field type: (identifier) @reference.type)
(field_expression member: (identifier) @reference.name)
(field_expression object: (identifier) @reference.name)
(call_expression (identifier) @reference.name)
