"""What the composer tells the screen around it."""

from __future__ import annotations

from textual.message import Message

from localdev.core.talk import Attachment


class Submitted(Message):
    """The user sent a question; the draft is empty again."""

    def __init__(self, text: str, attachments: tuple[Attachment, ...] = ()) -> None:
        self.text = text
        self.attachments = attachments
        super().__init__()


class CommandGiven(Message):
    """The user gave a slash command, as typed; attachments stay with the draft."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__()


class QueueRemoved(Message):
    """The user took a waiting input out of the queue; `index` counts from 0, as in `set_queue`.

    `edit`: it is to come back into the draft, which is empty, with what was attached to it.
    """

    def __init__(self, index: int, *, edit: bool = False) -> None:
        self.index = index
        self.edit = edit
        super().__init__()
