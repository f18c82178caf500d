(header module: (module) @name) @definition.module
(data_type name: (_) @name "=" @body) @definition.struct
(data_type name: (_) @name) @definition.struct
(newtype name: (_) @name constructor: (_) @body) @definition.struct
(type_synonym name: (_) @name) @definition.type
(type_family name: (_) @name) @definition.type
(data_family name: (_) @name) @definition.type
(class name: (_) @name declarations: (_) @body) @definition.trait
(class name: (_) @name) @definition.trait
(instance patterns: (type_patterns . (_) @name) declarations: (_) @body) @scope
(declarations (signature name: (variable) @name) @definition.function)
(declarations (signature name: (prefix_id (operator) @name)) @definition.function)
(declarations (function name: (variable) @name match: (_) @body) @definition.function)
(declarations (function (infix operator: (_) @name) match: (_) @body) @definition.function)
(declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(class_declarations (signature name: (variable) @name) @definition.function)
(class_declarations (signature name: (prefix_id (operator) @name)) @definition.function)
(class_declarations (function name: (variable) @name match: (_) @body) @definition.function)
(class_declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(instance_declarations (function name: (variable) @name match: (_) @body) @definition.function)
(instance_declarations (function (infix operator: (_) @name) match: (_) @body) @definition.function)
(instance_declarations (bind name: (variable) @name match: (_) @body) @definition.function)
(data_constructor (prefix . (constructor) @name)) @definition.constant
(data_constructor (record . (constructor) @name)) @definition.constant
(field name: (field_name (variable) @name)) @definition.field

(comment) @comment
(haddock) @comment

(import module: (module) @reference.import)
(import_name (variable) @reference.import)
(import_name (name) @reference.import)
(deriving classes: (tuple (name) @reference.base))
(deriving classes: (name) @reference.base)
(instance name: (name) @reference.base)
(apply function: (variable) @reference.call)
(apply function: (qualified id: (variable) @reference.call))
(apply function: (constructor) @reference.call)
(infix operator: (infix_id (variable) @reference.call))
(name) @reference.type
(constructor) @reference.name
(variable) @reference.name
