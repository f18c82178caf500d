"""The stored side: manifest, lexical index, symbol graph, vector store and its snapshot, incremental refresh."""
