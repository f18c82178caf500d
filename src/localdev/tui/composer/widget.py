"""The composer: the draft with everything around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical

from localdev.core.talk import Attachment
from localdev.tui.composer.editor import Editor
from localdev.tui.composer.messages import CommandGiven, Submitted

MOST_LINES = 8
# `/usr/bin/env is missing` is a question: a command is one word of letters.
_COMMAND = re.compile(r"/(?:[A-Za-z-]+)?(?:\s|\Z)")


def is_command(text: str) -> bool:
    """Tell whether what was typed is a slash command rather than a question that begins with a path."""
    return bool(_COMMAND.match(text.lstrip()))


class Composer(Vertical):
    """Where a question is written."""

    HELP: ClassVar[str] = """\
### Your question

Enter sends, Ctrl+J (Shift+Enter, Alt+Enter where the terminal tells them apart) begins a new line.
"""
    DEFAULT_CSS = """
    Composer { height: auto; border: round $border-blurred; }
    Composer:focus-within { border: round $border; }
    Composer Editor { height: auto; min-height: 1; max-height: 8; background: transparent; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._attachments: tuple[Attachment, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Editor(self._take_key, placeholder="Ask about the repository")

    @property
    def editor(self) -> Editor:
        """The text area itself."""
        return self.query_one(Editor)

    @property
    def text(self) -> str:
        """The draft."""
        return self.editor.text

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes with the draft."""
        return self._attachments

    def set_draft(self, text: str, attachments: Iterable[Attachment] = ()) -> None:
        """Put a text and its attachments in place of the draft."""
        self.editor.set_text(text)
        self._attachments = tuple(attachments)

    def insert(self, text: str) -> None:
        """Put text at the cursor."""
        self.editor.type_text(text)

    def attach(self, attachment: Attachment) -> None:
        """Give something with the next question."""
        self._attachments += (attachment,)

    def set_history(self, asked: Sequence[str]) -> None:
        """Set what was asked before, oldest first."""

    def set_queue(self, waiting: Sequence[str]) -> None:
        """Show what waits for the running answer to end, first in line first."""

    def focus_editor(self) -> None:
        """Put the cursor into the draft."""
        self.editor.focus()

    @on(Editor.Send)
    def _send(self, event: Editor.Send) -> None:
        """Hand the draft on."""
        event.stop()
        text = self.text.strip()
        if not text:
            return
        self.editor.set_text("")
        if is_command(text):
            self.post_message(CommandGiven(text))
            return
        given, self._attachments = self._attachments, ()
        self.post_message(Submitted(text, given))

    @on(Editor.Pasted)
    def _pasted(self, event: Editor.Pasted) -> None:
        event.stop()
        self.editor.type_text(event.text)

    def on_resize(self, event: events.Resize) -> None:
        """Leave most of a low screen to the conversation."""
        self.editor.styles.max_height = max(2, min(MOST_LINES, self.screen.size.height // 3))

    def _take_key(self, key: str) -> bool:
        """Use a key before the draft does."""
        return False
