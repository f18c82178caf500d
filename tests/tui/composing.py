"""A screen with nothing but a composer, for its tests."""

from __future__ import annotations

from typing import ClassVar

from textual._xterm_parser import XTermParser
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from localdev.core.talk import Attachment
from localdev.tui.composer import CommandGiven, Composer, QueueRemoved, Submitted


class Host(App[None]):
    """Holds a composer at its foot and keeps what that says, in order: (what, text or number)."""

    CSS = "Container { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "Cancel")]

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str | int]] = []
        self.given: tuple[Attachment, ...] = ()
        self.history: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out a conversation's room and the composer below it."""
        yield Container()
        yield Composer()

    def on_mount(self) -> None:
        """Begin in the draft."""
        self.composer.set_history(self.history)
        self.composer.focus_editor()

    @property
    def composer(self) -> Composer:
        """The composer."""
        return self.query_one(Composer)

    def on_submitted(self, event: Submitted) -> None:
        """Keep a question."""
        self.said.append(("question", event.text))
        self.given = event.attachments

    def on_command_given(self, event: CommandGiven) -> None:
        """Keep a command."""
        self.said.append(("command", event.text))

    def on_queue_removed(self, event: QueueRemoved) -> None:
        """Keep what was taken out of the queue."""
        self.said.append(("edit" if event.edit else "removed", event.index))

    def action_cancel(self) -> None:
        """Keep an Esc that nothing in the composer used."""
        self.said.append(("cancel", ""))


def burst(app: App[None] | App[int], text: str) -> None:
    """Give an app what a terminal sends, all of it at once, as typing ahead over a slow line arrives."""
    for event in XTermParser().feed(text):
        app.post_message(event)
