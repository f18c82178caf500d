"""The text area in which a draft is written."""

from __future__ import annotations

from typing import ClassVar, Protocol

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.document._document import Location
from textual.widgets import TextArea

from localdev.core.neutral import neutral
from localdev.tui.clipboard import copy
from localdev.tui.keys import bind

# What Textual makes of Enter with a modifier from terminals that use xterm's modifyOtherKeys, such as tmux with
# `extended-keys`. Older terminals send the byte of Enter itself; only Ctrl+J is a byte of its own everywhere.
_NEW_LINE_ALIASES = {"shift+\r", "alt+\r", "ctrl+\r", "ctrl+enter"}


class Surroundings(Protocol):
    """What an editor leaves to the composer around it.

    It is called and not told by messages: those would come after keys that wait already, and with typing ahead the
    next letters would be written into what is being sent.
    """

    def take_key(self, event: events.Key) -> bool:
        """Use a key before the draft does; False leaves it to the draft."""
        ...

    def send(self) -> None:
        """Hand the draft on."""
        ...

    def take_paste(self, text: str) -> None:
        """Take what came from the clipboard; control characters in it are harmless already."""
        ...

    def show_earlier(self) -> None:
        """Go back in the history: Up was pressed on the first line."""
        ...

    def show_later(self) -> None:
        """Go on in the history: Down was pressed on the last line."""
        ...

    def search_history(self) -> None:
        """Search what was asked before."""
        ...


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

    def __init__(self, around: Surroundings, *, placeholder: str = "") -> None:
        """Make an editor; `around` is asked first about each key."""
        super().__init__(highlight_cursor_line=False, compact=True, placeholder=placeholder)
        self._around = around
        # Looking for the other bracket reads the whole draft at each step of the cursor.
        self.match_cursor_bracket = False

    async def _on_key(self, event: events.Key) -> None:
        """Let the popup have its keys, then keep what is not text from being typed."""
        if self._around.take_key(event) or await self._done_now(event):
            event.stop()
            event.prevent_default()
        elif event.key in _NEW_LINE_ALIASES:
            event.stop()
            event.prevent_default()
            self.action_new_line()
        elif event.key == "enter" or event.key.startswith(("alt+", "super+")):
            event.prevent_default()

    async def _done_now(self, event: events.Key) -> bool:
        """Do what a key of this editor is bound to.

        The library does that when the key has passed all widgets, after keys that were typed later.
        """
        if event.is_printable:
            return False
        active = self.screen.active_bindings.get(event.key)
        return active is not None and active.node is self and await self.app.run_action(active.binding.action, self)

    async def _on_paste(self, event: events.Paste) -> None:
        """Hand a paste on with one kind of line end and nothing that could drive a terminal."""
        event.stop()
        event.prevent_default()
        self._around.take_paste(neutral(event.text.replace("\r\n", "\n").replace("\r", "\n")))

    def action_send(self) -> None:
        """Send the draft."""
        self._around.send()

    def action_search_history(self) -> None:
        """Search what was asked before."""
        self._around.search_history()

    def action_new_line(self) -> None:
        """Begin a new line at the cursor."""
        self.type_text("\n")

    def action_paste(self) -> None:
        """Paste what was copied in this program."""
        if self.app.clipboard:
            self._around.take_paste(neutral(self.app.clipboard))

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
            self._around.show_earlier()
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Go down one line, or to a later question from the last one."""
        if not select and self._row() == self.wrapped_document.height - 1:
            self._around.show_later()
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
