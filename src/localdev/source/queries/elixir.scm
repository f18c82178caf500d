(call target: (identifier) @_def (arguments . (alias) @name) (do_block) @body (#eq? @_def "defprotocol")) @definition.trait
(call target: (identifier) @_def (arguments . (alias) @name) (do_block) @body (#eq? @_def "defmodule")) @definition.module
(call target: (identifier) @_def (arguments (alias) (keywords (pair value: (alias) @name))) (do_block) @body (#eq? @_def "defimpl")) @scope
(call target: (identifier) @_def (arguments . (call target: (identifier) @name)) (do_block) @body (#any-of? @_def "def" "defp")) @definition.function
(call target: (identifier) @_def (arguments . (call target: (identifier) @name) (keywords) @body) (#any-of? @_def "def" "defp")) @definition.function
(call target: (identifier) @_def (arguments . (binary_operator left: (call target: (identifier) @name) operator: "when")) (do_block) @body (#any-of? @_def "def" "defp")) @definition.function
(call target: (identifier) @_def (arguments . (binary_operator left: (call target: (identifier) @name) operator: "when") (keywords) @body) (#any-of? @_def "def" "defp")) @definition.function
(call target: (identifier) @_def (arguments . (identifier) @name) (do_block) @body (#any-of? @_def "def" "defp")) @definition.function
(call target: (identifier) @_def (arguments . (identifier) @name (keywords) @body) (#any-of? @_def "def" "defp")) @definition.function
(call target: (identifier) @_def (arguments . (call target: (identifier) @name)) (#any-of? @_def "def" "defp" "defdelegate")) @definition.function
(call target: (identifier) @_def (arguments . (call target: (identifier) @name)) (do_block) @body (#any-of? @_def "defmacro" "defmacrop")) @definition.macro
(call target: (identifier) @_def (arguments . (call target: (identifier) @name)) (#any-of? @_def "defmacro" "defmacrop" "defguard" "defguardp")) @definition.macro
(call target: (identifier) @_def (arguments . (binary_operator left: (call target: (identifier) @name))) (#any-of? @_def "defmacro" "defmacrop" "defguard" "defguardp")) @definition.macro
(call target: (identifier) @_def (arguments . (string) @name) (do_block) @body (#any-of? @_def "test" "property" "feature")) @definition.function
(call target: (identifier) @_def (arguments . (string) @name) (do_block) @body (#eq? @_def "describe")) @definition.namespace
(unary_operator operator: "@" operand: (call target: (identifier) @_def (arguments (binary_operator left: (call target: (identifier) @name)))) (#any-of? @_def "callback" "macrocallback")) @definition.function
(unary_operator operator: "@" operand: (call target: (identifier) @_def (arguments (binary_operator left: (identifier) @name))) (#any-of? @_def "type" "typep" "opaque")) @definition.type
(unary_operator operator: "@" operand: (call target: (identifier) @_def (arguments (binary_operator left: (call target: (identifier) @name)))) (#any-of? @_def "type" "typep" "opaque")) @definition.type
(unary_operator operator: "@" operand: (call target: (identifier) @name (arguments)) (#not-match? @name "^(doc|moduledoc|typedoc|spec|type|typep|opaque|callback|macrocallback|impl|behaviour|derive|enforce_keys|deprecated|since|tag|moduletag|describetag|compile|dialyzer|external_resource|before_compile|after_compile|on_definition|on_load|optional_callbacks|fallback_to_any|doctest)$")) @definition.constant

(comment) @comment
(unary_operator operator: "@" operand: (call target: (identifier) @_doc (arguments (string))) (#any-of? @_doc "doc" "typedoc")) @comment
(unary_operator operator: "@" operand: (call target: (identifier) @_attribute) (#any-of? @_attribute "spec" "impl" "deprecated" "since" "tag")) @attribute
(unary_operator operator: "@" operand: (call target: (identifier) @_attribute (arguments (boolean))) (#any-of? @_attribute "doc" "typedoc")) @attribute
(do_block (unary_operator operator: "@" operand: (call target: (identifier) @_doc (arguments (string) @docstring))) (#eq? @_doc "moduledoc")) @docstring.body

(call target: (identifier) @_import (arguments . (alias) @reference.import) (#any-of? @_import "alias" "import" "require"))
(call target: (identifier) @_import (arguments . (dot right: (tuple (alias) @reference.import))) (#eq? @_import "alias"))
(call target: (identifier) @_use (arguments . (alias) @reference.base) (#any-of? @_use "use" "defimpl"))
(unary_operator operator: "@" operand: (call target: (identifier) @_use (arguments . (alias) @reference.base)) (#eq? @_use "behaviour"))
(call target: (identifier) @reference.call (#not-match? @reference.call "^(def|defp|defmodule|defmacro|defmacrop|defstruct|defimpl|defprotocol|defguard|defguardp|defdelegate|defexception|alias|import|require|use|if|unless|case|cond|with|for|try|receive|quote|unquote|fn|raise|test|describe|assert|doc|moduledoc|typedoc|spec|type|typep|opaque|callback|impl)$"))
(call target: (dot right: (identifier) @reference.call))
(alias) @reference.type
