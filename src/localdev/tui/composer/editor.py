"""The text area in which a draft is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.document._document import Location
from textual.message import Message
from textual.widgets import TextArea

from localdev.core.neutral import neutral
from localdev.tui.clipboard import copy
from localdev.tui.keys import bind

# What Textual makes of Enter with a modifier from terminals that use xterm's modifyOtherKeys, such as tmux with
# `extended-keys`. Older terminals send the byte of Enter itself; only Ctrl+J is a byte of its own everywhere.
_NEW_LINE_ALIASES = {"shift+\r", "alt+\r", "ctrl+\r", "ctrl+enter"}


class Editor(TextArea):
    """A text area in which Enter sends; history, completion and pastes are left to the composer around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("send", "send"),
        bind("newline", "new_line"),
        bind("search_history", "search_history"),
        Binding("alt+left,alt+b", "cursor_word_left", "Word left", show=False),
        Binding("alt+right,alt+f", "cursor_word_right", "Word right", show=False),
        Binding("ctrl+shift+a,super+a", "select_all", "Select all", show=False),
        Binding("ctrl+shift+z,super+shift+z", "redo", "Redo", show=False),
    ]

    class Send(Message):
        """Enter was pressed."""

    class Pasted(Message):
        """Text came from the clipboard; control characters in it are harmless already."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Earlier(Message):
        """Up was pressed on the first line."""

    class Later(Message):
        """Down was pressed on the last line."""

    class SearchWanted(Message):
        """The key to search what was asked before was pressed."""

    def __init__(self, take_key: Callable[[events.Key], bool], *, placeholder: str = "") -> None:
        """Make an editor; `take_key` is asked first about each key and returns True when it used it."""
        super().__init__(highlight_cursor_line=False, compact=True, placeholder=placeholder)
        self._take_key = take_key
        # Looking for the other bracket reads the whole draft at each step of the cursor.
        self.match_cursor_bracket = False

    async def _on_key(self, event: events.Key) -> None:
        """Let the popup have its keys, then keep what is not text from being typed."""
        if self._take_key(event):
            event.stop()
            event.prevent_default()
        elif event.key in _NEW_LINE_ALIASES:
            event.stop()
            event.prevent_default()
            self.action_new_line()
        elif event.key == "enter" or event.key.startswith(("alt+", "super+")):
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        """Hand a paste on with one kind of line end and nothing that could drive a terminal."""
        event.stop()
        event.prevent_default()
        self.post_message(self.Pasted(neutral(event.text.replace("\r\n", "\n").replace("\r", "\n"))))

    def action_send(self) -> None:
        """Say that the draft is to be sent."""
        self.post_message(self.Send())

    def action_search_history(self) -> None:
        """Say that what was asked before is to be searched."""
        self.post_message(self.SearchWanted())

    def action_new_line(self) -> None:
        """Begin a new line at the cursor."""
        self.type_text("\n")

    def action_paste(self) -> None:
        """Paste what was copied in this program."""
        if self.app.clipboard:
            self.post_message(self.Pasted(neutral(self.app.clipboard)))

    def action_copy(self) -> None:
        """Copy what is selected; with nothing selected the key is another's."""
        if not self.selected_text:
            raise SkipAction
        copy(self, self.selected_text, "selection")

    def action_cut(self) -> None:
        """Copy what is selected, and delete it."""
        if self.selected_text:
            copy(self, self.selected_text, "selection")
            self.replace_range("", *self.selection)

    def action_cursor_up(self, select: bool = False) -> None:
        """Go up one line, or to an earlier question from the first one."""
        if not select and self._row() == 0:
            self.post_message(self.Earlier())
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Go down one line, or to a later question from the last one."""
        if not select and self._row() == self.wrapped_document.height - 1:
            self.post_message(self.Later())
        else:
            super().action_cursor_down(select)

    def type_text(self, text: str) -> None:
        """Put text in place of the selection, or at the cursor; one step for undo."""
        self.replace_range(text, *self.selection)

    def set_text(self, text: str) -> None:
        """Put a whole text in place of the draft, the cursor at its end; one step for undo."""
        if text != self.text:
            self.replace_range(text, (0, 0), self.document.end)

    def replace_range(self, text: str, start: Location, end: Location) -> None:
        """Put text in place of a part of the draft, the cursor behind it; one step for undo."""
        result = self.replace(neutral(text), start, end, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def _row(self) -> int:
        """Give the row of the cursor as wrapped on screen, from 0."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y
