(ERROR) @comment
