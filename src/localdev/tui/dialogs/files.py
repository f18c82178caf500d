"""Choosing one of the indexed files."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from localdev.tui.dialogs.picker import Offer, Offers, Picker

if TYPE_CHECKING:
    from localdev.app.conversation.desk import Desk

_GLOB = frozenset("*?[")


class FilePicker(Picker):
    """Ends with the path of a file; a glob (`src/**/*.py`) narrows the list exactly, anything else by its letters."""

    heading = "Files"
    placeholder = "letters of the path, or a glob such as src/*.py"
    empty = "No file is indexed here. `localdev index` says which files are left out, and why."
    no_match = "No indexed file fits. `localdev index status` says what is left out."

    def __init__(self, desk: Desk, query: str = "") -> None:
        super().__init__(query)
        self._desk = desk

    def load(self) -> Sequence[Offer]:
        """Give the paths of the index."""
        return [Offer(path) for path in self._desk.names().paths]

    def fitting(self, offers: Offers, typed: str) -> Sequence[Offer]:
        """Give the paths that match a glob, from the top or from any folder on, or those with the letters."""
        if not _GLOB & set(typed):
            return offers.fitting(typed)
        return [each for each in offers.all if fnmatchcase(each.name, typed) or fnmatchcase(each.name, f"*/{typed}")]
