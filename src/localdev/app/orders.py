"""Remembers the orders of a repository's prompts in a small file beside its index."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from localdev.core.errors import StorageError
from localdev.core.files import write_atomic

_NAME = "prompts.json"
_VERSION = 1
# Kept states of older prompts have mostly made room for newer ones.
_MOST_ORDERS = 50


class FileOrders:
    """The orders in one file; digests of passages alone, none of their text. A damaged file counts as empty."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def earlier(self) -> list[list[str]]:
        """Give the orders, the most recent one first."""
        try:
            stored = json.loads(self._path.read_bytes())
            orders = stored["orders"] if stored["version"] == _VERSION else []
            return [[str(each) for each in order] for order in orders]
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            return []

    def remember(self, order: Sequence[str]) -> None:
        """Put an order in front; one that another process writes at the same moment may be lost."""
        orders = self.earlier()
        if not order or orders[:1] == [list(order)]:
            return
        orders = [list(order), *(each for each in orders if each != list(order))][:_MOST_ORDERS]
        with contextlib.suppress(StorageError):
            write_atomic(self._path, json.dumps({"version": _VERSION, "orders": orders}).encode())
