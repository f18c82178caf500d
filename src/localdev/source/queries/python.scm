; Definitions
(function_definition name: (identifier) @name body: (block) @body) @definition.function
(class_definition name: (identifier) @name body: (block) @body) @definition.class
(module (expression_statement (assignment left: (identifier) @name) @definition.variable))
(module (expression_statement (assignment left: (pattern_list (identifier) @name)) @definition.variable))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @definition.variable)))
(type_alias_statement left: (type (identifier) @name)) @definition.type
(type_alias_statement left: (type (generic_type . (identifier) @name))) @definition.type
(module (if_statement consequence: (block (expression_statement (assignment left: (identifier) @name) @definition.variable))))
(module (try_statement body: (block (expression_statement (assignment left: (identifier) @name) @definition.variable))))

(decorated_definition) @outer
(decorator) @attribute
(comment) @comment
(module (expression_statement (string) @docstring))
(function_definition body: (block . (expression_statement (string) @docstring)))
(class_definition body: (block . (expression_statement (string) @docstring)))

; References
(import_statement name: (dotted_name) @reference.import)
(import_statement name: (aliased_import name: (dotted_name) @reference.import))
(import_from_statement module_name: (dotted_name) @reference.import)
(import_from_statement module_name: (relative_import) @reference.import)
(import_from_statement name: (dotted_name) @reference.import)
(import_from_statement name: (aliased_import name: (dotted_name) @reference.import))
(class_definition superclasses: (argument_list (identifier) @reference.base))
(class_definition superclasses: (argument_list (attribute attribute: (identifier) @reference.base)))
(class_definition superclasses: (argument_list (subscript value: (identifier) @reference.base)))
(class_definition superclasses: (argument_list (subscript value: (attribute attribute: (identifier) @reference.base))))
(call function: (identifier) @reference.call)
(call function: (attribute attribute: (identifier) @reference.call))
(decorator (identifier) @reference.call)
(decorator (attribute attribute: (identifier) @reference.call))
(type (identifier) @reference.type)
(type (attribute attribute: (identifier) @reference.type))
(type (subscript (identifier) @reference.type))
(generic_type (identifier) @reference.type)
(type (binary_operator (identifier) @reference.type))
(binary_operator (binary_operator (identifier) @reference.name))
(union_type (type (identifier) @reference.type))
(except_clause (identifier) @reference.type)
(except_clause (tuple (identifier) @reference.type))
(raise_statement (identifier) @reference.type)
(argument_list (identifier) @reference.name)
(keyword_argument value: (identifier) @reference.name)
(assignment right: (identifier) @reference.name)
(return_statement (identifier) @reference.name)
(list (identifier) @reference.name)
(tuple (identifier) @reference.name)
(pair value: (identifier) @reference.name)
(attribute object: (identifier) @reference.name)
(subscript value: (identifier) @reference.name)
(assignment left: (identifier) @_all right: (list (string (string_content) @reference.name)) (#eq? @_all "__all__"))
(assignment left: (identifier) @_all right: (tuple (string (string_content) @reference.name)) (#eq? @_all "__all__"))
