"""The asking side, pure functions: read the query, fuse, rank, pack."""
