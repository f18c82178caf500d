"""Secrets that travel in the header of a request."""

from __future__ import annotations

from localdev.core.errors import ConfigError


def checked_secret(secret: str, *, variable: str, what: str) -> str:
    """Give a secret without the spaces and newlines around it; an error never shows it.

    `variable` is where it was set, `what` names it.

    Raises:
        ConfigError: no header may hold it.
    """
    secret = secret.strip()
    if not (secret.isascii() and secret.isprintable()):
        raise ConfigError(
            f"{variable} holds characters no header may",
            f"set it to {what} alone: one line of letters, digits and signs of ASCII",
        )
    return secret
