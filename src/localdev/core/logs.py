"""Warnings of what happens where nobody waits for an answer."""

from __future__ import annotations


def log_warning(text: str) -> None:
    """Say a warning: to whoever listens to the logger `localdev`, else on stderr, which is the service's log there."""
    import logging  # 5 ms, mostly for nothing

    logging.getLogger("localdev").warning(text)
