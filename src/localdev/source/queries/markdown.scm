; Headings in quotes and lists are not the document's.
(block_quote (section (atx_heading (inline) @name))) @definition.none
(list_item (section (atx_heading (inline) @name))) @definition.none
(block_quote (section (section (atx_heading (inline) @name)))) @definition.none
(list_item (section (section (atx_heading (inline) @name)))) @definition.none
(block_quote (section (setext_heading (paragraph) @name))) @definition.none
(list_item (section (setext_heading (paragraph) @name))) @definition.none

; A heading reaches to the next one of its level or above.
(section (atx_heading (atx_h1_marker) @level.1 (inline) @name) @definition.section)
(section (atx_heading (atx_h2_marker) @level.2 (inline) @name) @definition.section)
(section (atx_heading (atx_h3_marker) @level.3 (inline) @name) @definition.section)
(section (atx_heading (atx_h4_marker) @level.4 (inline) @name) @definition.section)
(section (atx_heading (atx_h5_marker) @level.5 (inline) @name) @definition.section)
(section (atx_heading (atx_h6_marker) @level.6 (inline) @name) @definition.section)
(section (setext_heading (paragraph) @name (setext_h1_underline) @level.1 @body) @definition.section)
(section (setext_heading (paragraph) @name (setext_h2_underline) @level.2 @body) @definition.section)
