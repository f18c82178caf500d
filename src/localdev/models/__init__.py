"""Model files: reading GGUF headers, and the store of models that were added. Opens no engine."""
