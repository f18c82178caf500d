"""Versioned prompts: loading, counting, fitting to the window, building messages."""
