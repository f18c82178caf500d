(field_definition property: (_) @name value: (arrow_function body: (_) @body)) @definition.method
(field_definition property: (_) @name value: (function_expression body: (_) @body)) @definition.method
(field_definition property: (_) @name) @definition.variable
(class_heritage (identifier) @reference.base)
(class_heritage (member_expression property: (property_identifier) @reference.base))
(class_heritage (call_expression arguments: (arguments (identifier) @reference.base)))
