"""What all dialogs share: a frame with a title and a line of keys, and Escape closes it."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from localdev.core.neutral import one_line
from localdev.tui.keys import bind_close, worded

Value = TypeVar("Value")


class Dialog(ModalScreen[Value]):
    """A frame over the conversation; ends with a value, or with None by Escape.

    A subclass gives `heading`, `hint` (its keys, in words: the default ones) and the widgets of `body`. With the
    class `small` the frame is as high as its text.
    """

    heading: ClassVar[str] = ""
    hint: ClassVar[str] = "Esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [bind_close()]
    DEFAULT_CSS = """
    Dialog {
        align: center middle; overflow: hidden;
        & > #frame {
            width: 94%; max-width: 110; height: 92%; max-height: 44; padding: 0 1;
            background: $surface; border: round $primary; border-title-color: $primary; border-title-style: bold;
        }
        &.small > #frame {
            height: auto; max-width: 76; max-height: 100%;
            overflow-x: hidden; overflow-y: auto; scrollbar-size: 0 1; scrollbar-gutter: stable;
        }
        & Input { background: $panel; margin: 0 0 1 0; }
        & #hint { height: auto; color: $text-muted; }
        & .error { color: $error; }
        & .quiet { color: $text-muted; }
    }
    """

    def compose(self) -> ComposeResult:
        """Put title, body and keys into the frame."""
        with Vertical(id="frame") as frame:
            frame.border_title = Content(self.heading)
            yield from self.body()
            yield Static(Content(worded(self.hint, getattr(self.app, "keys", {}))), id="hint")

    def body(self) -> ComposeResult:
        """Give the widgets of the dialog."""
        raise NotImplementedError

    def retitle(self, title: str) -> None:
        """Set another title; text from outside is made harmless."""
        self.query_one("#frame").border_title = Content(one_line(title))

    def action_copy_text(self) -> None:
        """Copy what the mouse has selected."""
        from localdev.tui.clipboard import copy_selected

        copy_selected(self)

    def action_close(self) -> None:
        """End without a value."""
        self.dismiss(None)
