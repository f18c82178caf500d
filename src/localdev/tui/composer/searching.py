"""Searching what was asked before: the draft is the search line while that lasts."""

from __future__ import annotations

from textual import events

from localdev.tui.composer.choices import Choice
from localdev.tui.composer.editor import Editor
from localdev.tui.composer.history import History
from localdev.tui.composer.popup import Popup

_TITLE = "what was asked before: type words of it"
_STEPS = {"up": -1, "down": 1, "ctrl+r": 1}


class Searching:
    """A search of the history; the draft from before comes back when nothing is chosen."""

    def __init__(self, editor: Editor, popup: Popup, history: History) -> None:
        self._editor = editor
        self._popup = popup
        self._history = history
        self._draft: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether a search is under way."""
        return self._draft is not None

    def start(self) -> None:
        """Put the draft aside and begin with everything."""
        if not self.is_on:
            self._draft = self._editor.text
            self._editor.set_text("")
            self.look()

    def look(self) -> None:
        """Show what fits the words now."""
        found = self._history.search(self._editor.text)
        choices = [Choice(text.strip(), "", text) for text in found]
        self._popup.open(choices, title=_TITLE, say="nothing that was asked here holds these words")

    def take_key(self, event: events.Key) -> bool:
        """Use a key for the search; False lets it write."""
        key = event.key
        if key in _STEPS:
            self._popup.action_move(_STEPS[key])
        elif key in ("pageup", "pagedown"):
            self._popup.action_page(-1 if key == "pageup" else 1)
        elif key in ("enter", "tab"):
            self.choose()
        elif key == "escape":
            self.leave()
        else:
            return False
        return True

    def look_again(self) -> None:
        """Follow keys that came before the list has."""
        cursor = self._popup.cursor
        shown = list(self._popup.items)
        self.look()
        if list(self._popup.items) == shown:
            self._popup.cursor = cursor

    def choose(self) -> None:
        """Take the input under the cursor; without one the search goes on."""
        self.look_again()
        if self._popup.current is not None:
            self.end(self._popup.current.insert)

    def leave(self) -> None:
        """Give the draft back, if a search is under way."""
        if self._draft is not None:
            self.end(self._draft)

    def end(self, text: str) -> None:
        """Leave the search with this as the draft."""
        self._draft = None
        self._popup.close()
        self._editor.set_text(text)
