"""Asking before something is lost."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from localdev.core.neutral import neutral
from localdev.tui.dialogs.base import Dialog

# Two such texts fit on the smallest screen (60x15) with all else.
_MOST_CHARACTERS = 240


class Confirm(Dialog[bool]):
    """A question with two answers; ends with True only for the one that does it, which never has the focus first."""

    HELP: ClassVar[str] = """\
## Are you sure?

- **Tab**, **Left**, **Right**: to the other button
- **Enter**: press the button
- **y** does it; **n** or **Escape** leaves everything as it is
"""
    hint = "y yes · n or Esc no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n", "answer(False)", "No", show=False),
        Binding("left,right", "other", "Other button", show=False),
    ]
    DEFAULT_CSS = """
    Confirm Horizontal { height: auto; align-horizontal: right; margin: 1 0 0 0; }
    Confirm Button { margin: 0 0 0 2; }
    """

    def __init__(self, question: str, *, detail: str = "", yes: str = "Yes", no: str = "No") -> None:
        super().__init__(classes="small")
        self._question = _cut(question)
        self._detail = _cut(detail)
        self._yes = yes
        self._no = no

    def body(self) -> ComposeResult:
        """Show the question and the buttons, the harmless one first."""
        yield Static(Content.styled(self._question, "bold"))
        if self._detail:
            yield Static(Content(self._detail), classes="quiet")
        with Horizontal():
            yield Button(Content(self._no), id="no", compact=True)
            yield Button(Content(self._yes), id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        """Begin on the harmless button."""
        self.query_one("#no").focus()

    def action_close(self) -> None:
        """Escape is a no."""
        self.dismiss(False)

    def action_answer(self, yes: bool) -> None:
        """End with the answer."""
        self.dismiss(yes)

    def action_other(self) -> None:
        """Go to the other button."""
        self.focus_next(Button)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def _cut(text: str) -> str:
    """Make text harmless and short enough for a dialog."""
    whole = neutral(text)
    return whole if len(whole) <= _MOST_CHARACTERS else whole[: _MOST_CHARACTERS - 2] + " …"
