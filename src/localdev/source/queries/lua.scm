; `local json = require("json")` is an import, no variable.
(variable_declaration (assignment_statement (variable_list . name: (identifier) @name) (expression_list . value: (function_call name: (identifier) @_require))) (#eq? @_require "require")) @definition.none
(function_declaration name: (_) @name body: (block) @body) @definition.function
(function_declaration name: (_) @name) @definition.function
(assignment_statement (variable_list . name: (_) @name) (expression_list . value: (function_definition body: (block) @body))) @definition.function
(assignment_statement (variable_list . name: (_) @name) (expression_list . value: (function_definition))) @definition.function
(field name: (identifier) @name value: (function_definition body: (block) @body)) @definition.function
(chunk (variable_declaration (assignment_statement (variable_list . name: (identifier) @name) (expression_list . value: (table_constructor) @body))) @definition.variable)
(chunk (variable_declaration (assignment_statement (variable_list . name: (identifier) @name))) @definition.variable)
(chunk (assignment_statement (variable_list . name: [(identifier) (dot_index_expression)] @name) (expression_list . value: (table_constructor) @body)) @definition.variable)
(chunk (assignment_statement (variable_list . name: [(identifier) (dot_index_expression)] @name)) @definition.variable)

(comment) @comment

(variable_declaration (assignment_statement (variable_list . name: (identifier) @reference.import) (expression_list . value: (function_call name: (identifier) @_require))) (#eq? @_require "require"))
(function_call name: (identifier) @_require arguments: (arguments (string content: (string_content) @reference.import)) (#eq? @_require "require"))
(function_call name: (identifier) @reference.call)
(function_call name: (dot_index_expression field: (identifier) @reference.call))
(function_call name: (method_index_expression method: (identifier) @reference.call))
(arguments (identifier) @reference.name)
(dot_index_expression table: (identifier) @reference.name)
(method_index_expression table: (identifier) @reference.name)
(expression_list value: (identifier) @reference.name)
(field value: (identifier) @reference.name)
