; Elements with an id, headings, and the blocks of scripts and styles.
(element (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)) ">" @body (#eq? @_id "id"))) @definition.section
(element (start_tag (attribute (attribute_name) @_id (attribute_value) @name) ">" @body (#eq? @_id "id"))) @definition.section
(element (start_tag (tag_name) @_heading) . (text) @name (#match? @_heading "^[hH][1-6]$")) @definition.key
(element (start_tag (tag_name) @_title) . (text) @name (#eq? @_title "title")) @definition.key
(script_element (start_tag (tag_name) @name ">" @body)) @definition.section
(style_element (start_tag (tag_name) @name ">" @body)) @definition.section

(comment) @comment

(start_tag (attribute (attribute_name) @_source (quoted_attribute_value (attribute_value) @reference.import)) (#eq? @_source "src"))
(start_tag (tag_name) @_link (attribute (attribute_name) @_source (quoted_attribute_value (attribute_value) @reference.import)) (#eq? @_link "link") (#eq? @_source "href"))
