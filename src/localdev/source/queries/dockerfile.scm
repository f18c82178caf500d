; A stage reaches to the next FROM; it is named by its alias, else by its image.
(source_file (from_instruction as: (image_alias) @name @level.1) @definition.section)
(source_file (from_instruction !as (image_spec name: (image_name) @name @level.1)) @definition.section)

(comment) @comment

(from_instruction (image_spec name: (image_name) @reference.base))
