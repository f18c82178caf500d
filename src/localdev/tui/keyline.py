"""The line of keys below a screen: whole keys only, as many as fit."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_ALL = "All keys"


class KeyLine(Footer):
    """The keys that a screen shows, in their order; where some are left out, at last the help, which lists all."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """Give those that fit."""
        yield from self._fitting([key for key in super().compose() if isinstance(key, FooterKey)])

    def on_resize(self, event: events.Resize) -> None:
        """Fit them anew."""
        self.refresh(recompose=True)

    def _fitting(self, keys: list[FooterKey]) -> Iterator[Widget]:
        """Choose from the left what there is room for."""
        room = self.app.size.width
        if sum(map(_cells, keys)) <= room:
            yield from keys
            return
        more = self._help()
        room -= _cells(more) if more is not None else 0
        for key in keys:
            room -= _cells(key)
            if room < 0:
                break
            yield key
        if more is not None:
            yield more

    def _help(self) -> FooterKey | None:
        """Give the key of the help, where the app has one."""
        bound = (active.binding for active in self.screen.active_bindings.values())
        found = next((binding for binding in bound if binding.id == "help"), None)
        if found is None:
            return None
        key = FooterKey(found.key, self.app.get_key_display(found), _ALL, found.action)
        return key.data_bind(compact=Footer.compact)


def _cells(key: FooterKey) -> int:
    """Give the width of a key with its description and the space behind it."""
    return cell_len(key.key_display) + 1 + cell_len(key.description) + 1
