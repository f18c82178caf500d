; Shared by JavaScript, TypeScript and TSX.

; `const x = require("x")` brings a name in, it defines none.
(variable_declarator name: (identifier) @name value: (call_expression function: (identifier) @_require) (#eq? @_require "require")) @definition.none

(variable_declarator name: (identifier) @name value: (call_expression function: (call_expression function: (identifier) @_require)) (#eq? @_require "require")) @definition.none
(variable_declarator name: (identifier) @name value: (member_expression object: (call_expression function: (identifier) @_require)) (#eq? @_require "require")) @definition.none

(function_declaration name: (identifier) @name body: (_) @body) @definition.function
(generator_function_declaration name: (identifier) @name body: (_) @body) @definition.function
(class_declaration name: (_) @name body: (_) @body) @definition.class
(method_definition name: (_) @name body: (_) @body) @definition.method

(variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body)) @definition.function
(variable_declarator name: (identifier) @name value: (function_expression body: (_) @body)) @definition.function
(variable_declarator name: (identifier) @name value: (generator_function body: (_) @body)) @definition.function
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @definition.class

; `exports.x = function`, `Type.prototype.run = () =>`, `module.exports = class A {}`
(assignment_expression left: (_) @_left right: (function_expression name: (identifier) @name body: (_) @body) (#eq? @_left "module.exports")) @definition.function
(assignment_expression left: (_) @_left right: (class name: (_) @name body: (_) @body) (#eq? @_left "module.exports")) @definition.class
(assignment_expression left: (member_expression) @name right: (function_expression body: (_) @body)) @definition.function
(assignment_expression left: (member_expression) @name right: (arrow_function body: (_) @body)) @definition.function
(assignment_expression left: (member_expression) @name right: (generator_function body: (_) @body)) @definition.function
(assignment_expression left: (member_expression) @name right: (class body: (_) @body)) @definition.class
(export_statement "default" @name value: (function_expression body: (_) @body)) @definition.function
(export_statement "default" @name value: (arrow_function body: (_) @body)) @definition.function
(export_statement "default" @name value: (class body: (_) @body)) @definition.class

; Members of an object that is itself a value of the file
(program (lexical_declaration (variable_declarator value: (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))))
(program (variable_declaration (variable_declarator value: (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))))
(program (export_statement declaration: (lexical_declaration (variable_declarator value: (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method)))))
(program (export_statement value: (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method)))
(program (expression_statement (assignment_expression right: (object (pair key: (property_identifier) @name value: (_ body: (_) @body)) @definition.method))))

; Values of the file; one that is an object holds what is inside
(program (lexical_declaration (variable_declarator name: (identifier) @name value: (object) @body) @definition.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name value: (object) @body) @definition.variable))
(program (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name value: (object) @body) @definition.variable)))
(program (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(program (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable)))
(program (export_statement declaration: (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable)))
(program (expression_statement (assignment_expression left: (member_expression object: (identifier) @_exports) @name right: (_) @_value (#eq? @_exports "exports")) @definition.variable))

(comment) @comment
(decorator) @attribute
(export_statement) @outer

(import_statement source: (string (string_fragment) @reference.import))
(import_clause (identifier) @reference.import)
(import_specifier name: (identifier) @reference.import)
(namespace_import (identifier) @reference.import)
(export_statement source: (string (string_fragment) @reference.import))
(call_expression function: (identifier) @_require arguments: (arguments (string (string_fragment) @reference.import)) (#eq? @_require "require"))
(call_expression function: (import) arguments: (arguments (string (string_fragment) @reference.import)))
(variable_declarator name: (identifier) @reference.import value: (call_expression function: (identifier) @_require) (#eq? @_require "require"))
(variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @reference.import) value: (call_expression function: (identifier) @_require) (#eq? @_require "require"))

(call_expression function: (identifier) @reference.call)
(call_expression function: (member_expression property: (property_identifier) @reference.call))
(new_expression constructor: (identifier) @reference.call)
(new_expression constructor: (member_expression property: (property_identifier) @reference.call))
(decorator (identifier) @reference.call)

(arguments (identifier) @reference.name)
(member_expression object: (identifier) @reference.name)
(pair value: (identifier) @reference.name)
(object (shorthand_property_identifier) @reference.name)
(array (identifier) @reference.name)
(assignment_expression right: (identifier) @reference.name)
(variable_declarator value: (identifier) @reference.name)
(return_statement (identifier) @reference.name)
(export_specifier name: (identifier) @reference.name)
(export_statement value: (identifier) @reference.name)
(binary_expression right: (identifier) @reference.name)
(template_substitution (identifier) @reference.name)
(arrow_function body: (identifier) @reference.name)
