(module name: (_) @name body: (_) @body) @definition.module
(module name: (_) @name) @definition.module
(class name: (_) @name body: (_) @body) @definition.class
(class name: (_) @name) @definition.class
(method name: (_) @name body: (_) @body) @definition.method
(method name: (_) @name) @definition.method
(singleton_method name: (_) @name body: (_) @body) @definition.method
(singleton_method name: (_) @name) @definition.method
(alias name: (_) @name) @definition.method
(assignment left: (constant) @name right: (call receiver: (constant) method: (identifier) @_new block: (_) @body) (#any-of? @_new "new" "define")) @definition.class
(assignment left: (constant) @name) @definition.constant
(call method: (identifier) @_attr arguments: (argument_list (simple_symbol) @name) (#any-of? @_attr "attr_reader" "attr_writer" "attr_accessor" "cattr_accessor" "mattr_accessor" "class_attribute")) @definition.property
(call method: (identifier) @_define arguments: (argument_list . (simple_symbol) @name) (#any-of? @_define "define_method" "alias_method" "scope" "delegate")) @definition.method

(comment) @comment

(superclass (constant) @reference.base)
(superclass (scope_resolution name: (constant) @reference.base))
(call method: (identifier) @_mix arguments: (argument_list (constant) @reference.base) (#any-of? @_mix "include" "extend" "prepend"))
(call method: (identifier) @_mix arguments: (argument_list (scope_resolution name: (constant) @reference.base)) (#any-of? @_mix "include" "extend" "prepend"))
(call method: (identifier) @_require arguments: (argument_list (string (string_content) @reference.import)) (#any-of? @_require "require" "require_relative" "load" "autoload"))
(call method: (identifier) @reference.call)
(call method: (constant) @reference.call)
(constant) @reference.type
(argument_list (identifier) @reference.name)
(body_statement (identifier) @reference.name)
(then (identifier) @reference.name)
(call receiver: (identifier) @reference.name)
(block_argument (simple_symbol) @reference.name)
(assignment right: (identifier) @reference.name)
