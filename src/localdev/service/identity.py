"""Which program this is: client and service work together only when both were started from the same files."""

from __future__ import annotations

import os
import sys

import localdev


def identity() -> str:
    """Name the version, where it is installed, the Python that runs it, and when its newest file was changed.

    About 2 ms. An edited checkout or an update is another program, so the next command starts another service.
    """
    package = os.path.dirname(os.path.abspath(localdev.__file__))
    return f"{localdev.__version__} {sys.prefix} {package} {_newest(package)}"


def _newest(folder: str) -> int:
    """Give the latest time of change of the Python files below a folder, in nanoseconds."""
    newest = 0
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    newest = max(newest, entry.stat().st_mtime_ns)
                elif "." not in entry.name and entry.name not in ("__pycache__", "data") and entry.is_dir():
                    waiting.append(entry.path)
    return newest
