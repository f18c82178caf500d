"""One file per job; each takes values and ports and yields events."""
