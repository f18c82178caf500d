"""What stands above the draft: texts given with it, and inputs that wait for the running answer to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from localdev.core.neutral import one_line
from localdev.core.sizes import counted, sized
from localdev.core.talk import Attachment
from localdev.tui.rows import Rows

MOST_ROWS = 3
_CROSS = " ×"


class Chips(Rows[str]):
    """A few lines that can be taken away or opened; out of sight when there are none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,backspace,x", "remove", "Take away", show=False)]
    DEFAULT_CSS = """
    Chips {
        height: auto; display: none; background: transparent; padding: 0 0;
        & > .rows--row { background: transparent; color: $text-muted; }
    }
    """

    class Removed(Message):
        """One is to go; `index` counts from 0."""

        def __init__(self, chips: Chips, index: int) -> None:
            self.chips = chips
            self.index = index
            super().__init__()

        @property
        def control(self) -> Chips:
            """The chips it is one of."""
            return self.chips

    def set_labels(self, labels: Sequence[str]) -> None:
        """Show other lines; the cursor stays where it can."""
        self.styles.height = min(len(labels), MOST_ROWS)
        self.display = bool(labels)
        self.show(list(labels), cursor=self.cursor)
        if not self.has_focus:
            self.cursor = -1

    def draw(self, item: str, line: int, width: int) -> Text:
        """Give the line with a cross at its end for the mouse."""
        text = Text(one_line(item))
        text.truncate(max(1, width - len(_CROSS)), overflow="ellipsis", pad=True)
        return text.append(_CROSS)

    def on_focus(self) -> None:
        """Begin at the line next to the draft."""
        self.cursor = len(self.items) - 1

    def on_blur(self) -> None:
        """Without the focus no line is marked."""
        self.cursor = -1

    def on_click(self, event: events.Click) -> None:
        """Take a line away by its cross; elsewhere a click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x < self.scrollable_content_region.width - len(_CROSS):
            super().on_click(event)
            return
        event.stop()
        event.prevent_default()
        index = offset.y + self.scroll_offset.y
        if index < len(self.items):
            self.post_message(self.Removed(self, index))

    def action_remove(self) -> None:
        """Take the line under the cursor away."""
        if 0 <= self.cursor < len(self.items):
            self.post_message(self.Removed(self, self.cursor))


class AttachmentChips(Chips):
    """The texts that go with the question."""

    HELP: ClassVar[str] = """\
### What goes with the question

Pasted texts and files. The model is given them as they are.

- **Up**, **Down** choose one, **Delete** takes it away
- **Enter** puts a short one into the draft instead
- **Tab** goes back to the draft
"""


class QueueChips(Chips):
    """Inputs that wait until those before them are answered."""

    HELP: ClassVar[str] = """\
### What waits

Questions and commands that you sent while an answer was being written. They are done in this order.

- **Up**, **Down** choose one, **Delete** takes it away
- **Enter** takes it back into the draft, to change it
- **Tab** goes on to the draft
"""


def attachment_label(attachment: Attachment) -> str:
    """Say what an attachment is and how much: `+ pasted text 1 (120 lines, 4 kB)`."""
    lines = attachment.text.count("\n") + (not attachment.text.endswith("\n"))
    return f"+ {attachment.name} ({counted(lines, 'line')}, {sized(len(attachment.text.encode(errors='replace')))})"


def waiting_label(place: int, text: str) -> str:
    """Say what waits: its place, its first line, and how many lines follow."""
    first, _, rest = text.strip().partition("\n")
    more = f" (+{counted(rest.count(chr(10)) + 1, 'line')})" if rest else ""
    return f"waits, {place}: {first[:200]}{more}"
