"""The asking side: read the query, fuse the lists, rank, pack. Pure functions over the repository port."""
