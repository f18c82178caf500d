(create_table (object_reference schema: (identifier) @parent name: (identifier) @name) . (column_definitions) @body) @definition.table
(create_table (object_reference name: (identifier) @name) . (column_definitions) @body) @definition.table
(create_table (object_reference name: (identifier) @name) . (keyword_as)) @definition.table
(create_view (object_reference name: (identifier) @name) (create_query) @body) @definition.table
(create_materialized_view (object_reference name: (identifier) @name) (create_query) @body) @definition.table
(create_function . (_) (object_reference name: (identifier) @name) . (function_arguments) (function_body) @body) @definition.function
(create_function (object_reference name: (identifier) @name) . (function_arguments)) @definition.function
(create_procedure (object_reference name: (identifier) @name) (procedure_body) @body) @definition.function
(create_trigger (keyword_trigger) . (object_reference name: (identifier) @name)) @definition.function
(create_type (object_reference name: (identifier) @name)) @definition.type
(create_index column: (identifier) @name) @definition.key
(create_sequence (object_reference name: (identifier) @name)) @definition.key
(create_table (column_definitions (column_definition name: (identifier) @name) @definition.field))

(comment) @comment
(marginalia) @comment

(relation (object_reference name: (identifier) @reference.type))
(insert (object_reference name: (identifier) @reference.type))
(alter_table (object_reference name: (identifier) @reference.type))
(create_index (object_reference name: (identifier) @reference.type))
(create_trigger (object_reference name: (identifier) @reference.type))
(column_definition (keyword_references) . (object_reference name: (identifier) @reference.type))
(constraint (object_reference name: (identifier) @reference.type))
(invocation (object_reference name: (identifier) @reference.call))
