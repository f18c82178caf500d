; Blocks are named by their type and labels: resource.aws_s3_bucket.logs.
(config_file (body (block . (identifier) @parent . [(string_lit) (identifier)] @parent . [(string_lit) (identifier)] @name . (block_start) @body) @definition.section))
(config_file (body (block . (identifier) @parent . [(string_lit) (identifier)] @name . (block_start) @body) @definition.section))
(config_file (body (block . (identifier) @name . (block_start) @body) @definition.section))
(config_file (body (attribute . (identifier) @name) @definition.key))
(config_file (body (block . (identifier) @_locals (body (attribute . (identifier) @name) @definition.key)) (#eq? @_locals "locals")))

(comment) @comment

(attribute (identifier) @_source (expression (literal_value (string_lit (template_literal) @reference.import))) (#eq? @_source "source"))
(function_call . (identifier) @reference.call)
(get_attr (identifier) @reference.name)
