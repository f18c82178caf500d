"""Calls that open a door: to be looked at by their arguments, not by their names."""
