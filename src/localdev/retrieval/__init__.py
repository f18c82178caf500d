"""The asking side: read the query, weigh what the lists say, rank, pack. Pure functions over the repository port."""
