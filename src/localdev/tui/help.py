"""F1: what has the focus and what its keys are, and the keys of the chat as they are set."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Markdown, Static

from localdev.tui.dialogs.base import Dialog
from localdev.tui.keys import CLOSE, overview, worded

_GENERAL = """\
## localdev chat

Ask about this repository. Type a question and press Enter; `/` lists commands, `@` names a file or a symbol.
"""


def help_of(screen: Screen[Any]) -> str:
    """Give the help, as Markdown, of what has the focus on a screen; its surroundings' where it has none itself."""
    node: DOMNode | None = screen.focused or screen
    while node is not None:
        text = getattr(node, "HELP", None)
        # Textual's own screens have a HELP too, which may be None.
        if isinstance(text, str) and text.strip():
            return text
        node = node.parent
    return _GENERAL


class HelpScreen(Dialog[None]):
    """The help of one widget, and below it the keys as they are set: all, or those that work where it was opened."""

    heading = "Help"
    hint = "Up, Down, Page Down scroll · Esc or F1 closes"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "close", "Close", show=False)]
    DEFAULT_CSS = """
    HelpScreen {
        & VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
        & Markdown { margin: 0; padding: 0; background: $surface; }
        & MarkdownH2 { margin: 0 0 1 0; }
        & #keys { margin: 0 0 1 0; }
    }
    """

    def __init__(self, text: str, keys: Mapping[str, str], *, working: Collection[str] | None = None) -> None:
        """Take a help text, all keys, and the ids of the actions to be listed (None: all)."""
        super().__init__()
        self._text = worded(text, keys)
        self._keys = keys
        self._working = working

    def body(self) -> ComposeResult:
        """Show both."""
        with VerticalScroll():
            yield Markdown(self._text, open_links=False)
            heading = "Keys of the chat" if self._working is None else "Keys of the chat that work here"
            yield Static(Content.assemble((heading, "bold"), "\n", _table(self._keys, self._working)), id="keys")


def working_on(screen: Screen[Any]) -> set[str]:
    """Name the actions of the table whose keys work on a screen as it is now."""
    bound = {active.binding.id for active in screen.active_bindings.values() if active.enabled}
    # A dialog hides what the app binds, but for what comes before all screens.
    bound |= {binding.id for binding in Binding.make_bindings(screen.app.BINDINGS) if binding.priority}
    return {"cancel" if name == CLOSE else name for name in bound if name}


def _table(keys: Mapping[str, str], working: Collection[str] | None) -> str:
    """Give the keys in two columns."""
    rows = overview(keys, working)
    width = max((cell_len(names) for names, _ in rows), default=0)
    return "\n".join(f"{names:<{width}}  {does}" for names, does in rows)
