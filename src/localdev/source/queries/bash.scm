(function_definition name: (word) @name body: (_) @body) @definition.function
(program (variable_assignment name: (variable_name) @name) @definition.variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @definition.variable)

(comment) @comment

(command name: (command_name (word) @_source) . argument: (_) @reference.import (#any-of? @_source "source" "."))
(command name: (command_name (word) @reference.call) (#not-match? @reference.call "^(echo|printf|cd|exit|return|set|shift|test|\\[|\\[\\[|:|\\.|source|read|eval|exec|trap|true|false|local|export|unset|rm|mkdir|cat|cp|mv|grep|sed|awk)$"))
