"""Code on disk: walking, ignore rules, languages, chunking, symbols, and git."""
