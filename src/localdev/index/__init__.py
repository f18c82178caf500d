"""The stored side of a repository: manifest, lexical index, symbol graph, vectors, refresh."""
