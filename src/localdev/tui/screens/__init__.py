"""The main screen, and what it is put together from."""
