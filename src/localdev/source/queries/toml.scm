; Tables, their keys, and the keys above all tables.
(table (dotted_key (_) @parent . (_) @name .) . "]" . (pair) @body) @definition.table
(table (dotted_key (_) @parent . (_) @name .) . "]" . (comment) @body) @definition.table
(table (dotted_key (_) @parent . (_) @name .)) @definition.table
(table [(bare_key) (quoted_key)] @name . "]" . (pair) @body) @definition.table
(table [(bare_key) (quoted_key)] @name . "]" . (comment) @body) @definition.table
(table [(bare_key) (quoted_key)] @name) @definition.table
(table_array_element (dotted_key (_) @parent . (_) @name .) . "]]" . (pair) @body) @definition.table
(table_array_element (dotted_key (_) @parent . (_) @name .) . "]]" . (comment) @body) @definition.table
(table_array_element (dotted_key (_) @parent . (_) @name .)) @definition.table
(table_array_element [(bare_key) (quoted_key)] @name . "]]" . (pair) @body) @definition.table
(table_array_element [(bare_key) (quoted_key)] @name . "]]" . (comment) @body) @definition.table
(table_array_element [(bare_key) (quoted_key)] @name) @definition.table
(document (pair . (dotted_key (_) @parent . (_) @name .)) @definition.key)
(document (pair . [(bare_key) (quoted_key)] @name) @definition.key)
(table (pair . (dotted_key (_) @parent . (_) @name .)) @definition.key)
(table (pair . [(bare_key) (quoted_key)] @name) @definition.key)
(table_array_element (pair . (dotted_key (_) @parent . (_) @name .)) @definition.key)
(table_array_element (pair . [(bare_key) (quoted_key)] @name) @definition.key)

(comment) @comment
