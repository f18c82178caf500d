"""Typer commands, terminal rendering, the error boundary."""
