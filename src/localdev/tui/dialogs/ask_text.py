"""Asking for one line of text."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from localdev.core.neutral import one_line
from localdev.tui.dialogs.base import Dialog


class AskText(Dialog[str]):
    """One field; ends with what stands in it, or with None by Escape."""

    HELP: ClassVar[str] = """\
## A line of text

- **Enter**: take it
- **Escape**: leave everything as it is
"""
    hint = "Enter takes it · Esc leaves it as it is"

    def __init__(self, title: str, label: str, value: str = "") -> None:
        super().__init__(classes="small")
        self._title = title
        self._label = label
        self._value = one_line(value)

    def body(self) -> ComposeResult:
        """Show what is asked, and the field."""
        yield Static(Content(self._label), classes="quiet")
        yield Input(self._value, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Begin in the field, behind what stands there."""
        self.retitle(self._title)
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())
