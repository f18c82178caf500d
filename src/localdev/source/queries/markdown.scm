; A heading reaches to the next one of its level or above; headings in quotes and lists are not the document's.
(section (atx_heading (atx_h1_marker) @level.1 (inline) @name) @definition.section)
(section (atx_heading (atx_h2_marker) @level.2 (inline) @name) @definition.section)
(section (atx_heading (atx_h3_marker) @level.3 (inline) @name) @definition.section)
(section (atx_heading (atx_h4_marker) @level.4 (inline) @name) @definition.section)
(section (atx_heading (atx_h5_marker) @level.5 (inline) @name) @definition.section)
(section (atx_heading (atx_h6_marker) @level.6 (inline) @name) @definition.section)
(section (setext_heading (paragraph) @name (setext_h1_underline) @level.1 @body) @definition.section)
(section (setext_heading (paragraph) @name (setext_h2_underline) @level.2 @body) @definition.section)
