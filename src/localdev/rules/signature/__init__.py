"""Signatures that a change makes stricter, and callers that no longer fit."""
