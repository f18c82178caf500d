"""Asking before something that cannot be undone or that leaves the machine."""

from __future__ import annotations

import sys

from localdev.core.errors import UsageError


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask on stderr and read the answer; `yes` answers at once.

    Raises:
        UsageError: there is nobody to ask.
    """
    if yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("this needs a confirmation, and there is no terminal to ask on", "give --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
