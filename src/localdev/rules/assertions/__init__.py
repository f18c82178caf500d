"""Assertions of tests that a change takes away or makes say less."""
