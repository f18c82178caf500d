"""The composer: the draft with everything around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import TextArea

from localdev.app.conversation.commands import is_command
from localdev.core.neutral import neutral
from localdev.core.talk import Attachment
from localdev.tui.background import in_thread
from localdev.tui.composer.chips import AttachmentChips, Chips, QueueChips, attachment_label, waiting_label
from localdev.tui.composer.choices import ready
from localdev.tui.composer.completing import Completing
from localdev.tui.composer.editor import Editor
from localdev.tui.composer.history import History
from localdev.tui.composer.messages import CommandGiven, QueueRemoved, Submitted
from localdev.tui.composer.popup import Popup
from localdev.tui.composer.searching import Searching
from localdev.tui.rows import Rows

if TYPE_CHECKING:
    from localdev.app.conversation.desk import Names

MOST_LINES = 8
# A paste from here on is something to talk about rather than something to say.
PASTED_LINES, PASTED_CHARACTERS = 8, 1000
# A draft is laid out as a whole at each key.
_LONGEST_DRAFT = 20_000


class Composer(Vertical):
    """Where a question is written, with its history, its completions, what is attached and what waits."""

    HELP: ClassVar[str] = """\
### Your question

- **Enter** sends; **Ctrl+J** begins a new line (**Shift+Enter**, **Alt+Enter** too where the terminal tells them apart)
- **@** completes files and symbols (`@src/app.py:10-40` names lines), **/** commands, **Tab** what stands at the cursor
- **Up** in the first line, **Down** in the last: earlier questions; **Ctrl+R** searches them
- **Ctrl+Z** undo, **Ctrl+Y** redo, **F7** select all, **Ctrl+Left**, **Ctrl+Right** word by word
- A long paste is attached instead; **Shift+Tab** goes to what is attached and what waits
- **Esc** closes a list, then stops the answer
"""
    DEFAULT_CSS = """
    Composer {
        height: auto; border: round $border-blurred; background: $surface;
        &:focus-within { border: heavy $border; }
        & Editor { height: auto; min-height: 1; max-height: 8; background: transparent; padding: 0 1; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._editor = Editor(self, placeholder="Ask about the repository  (/ commands, @ files)")
        self._popup = Popup()
        self._waiting = QueueChips()
        self._given = AttachmentChips()
        self._attachments: tuple[Attachment, ...] = ()
        self._history = History()
        self._completing = Completing(self._editor, self._popup)
        self._searching = Searching(self._editor, self._popup, self._history)

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield self._popup
        yield self._waiting
        yield self._given
        yield self._editor

    # --- what the screen asks and sets

    @property
    def editor(self) -> Editor:
        """The text area itself."""
        return self._editor

    @property
    def text(self) -> str:
        """The draft."""
        return self._editor.text

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes with the draft."""
        return self._attachments

    def focus_editor(self) -> None:
        """Put the cursor into the draft."""
        self._editor.focus()

    def set_draft(self, text: str, attachments: Iterable[Attachment] = ()) -> None:
        """Put a text and its attachments in place of the draft."""
        self._searching.leave()
        self._completing.stop()
        self._editor.set_text(text)
        self._set_attachments(tuple(attachments))

    def insert(self, text: str) -> None:
        """Put text at the cursor."""
        self._searching.leave()
        self._completing.stop()
        self._editor.type_text(text)

    def give_back(self, text: str, attachments: Iterable[Attachment] = ()) -> None:
        """Put what could not be done into the draft again, unless something else was typed meanwhile."""
        if not self.text.strip() and not self._searching.is_on:
            self.set_draft(text, (*attachments, *self._attachments))

    def attach(self, attachment: Attachment) -> None:
        """Give something with the next question."""
        self._set_attachments((*self._attachments, attachment))

    def set_history(self, asked: Sequence[str]) -> None:
        """Set what was asked in the session, oldest first; what was sent from here stays known besides."""
        self._history.reset(asked)

    def set_names(self, names: Names) -> None:
        """Complete these files and symbols from now on; making them ready takes a moment in the background."""
        in_thread(self, lambda: ready(names), self._completing.set_known)

    def set_arguments(self, kind: str, values: Iterable[str | tuple[str, str]]) -> None:
        """Complete these where a command takes a name of this kind (`models`, `adapters`, `sessions`).

        Each is a value, or a value and what it is.
        """
        pairs = tuple((value, "") if isinstance(value, str) else value for value in values)
        self._completing.set_arguments(kind, pairs)

    def close_list(self) -> bool:
        """Close the list that is open, or end the search; False where there is neither."""
        if self._searching.is_on:
            self._searching.leave()
            return True
        is_open = self._completing.is_open
        self._completing.stop()
        return is_open

    def set_queue(self, waiting: Sequence[str]) -> None:
        """Show what waits for the running answer to end, first in line first."""
        self._waiting.set_labels([waiting_label(place, text) for place, text in enumerate(waiting, start=1)])
        self.call_after_refresh(self._popup.follow)

    # --- the draft

    def send(self) -> None:
        """Hand the draft on."""
        if self._searching.is_on:  # sending may have another key than Enter, which the search takes
            self._searching.choose()
            return
        text = self.text.strip()
        if not text:
            if self._attachments:
                self.notify("what is attached needs a question", markup=False)
            return
        self._completing.stop()
        self._history.add(text)
        self._editor.set_text("")
        if is_command(text):
            self.post_message(CommandGiven(text))
            return
        given = self._attachments
        self._set_attachments(())
        self.post_message(Submitted(text, given))

    def take_paste(self, text: str) -> None:
        """Write a paste into the draft, or attach it when it is long."""
        if self._searching.is_on:
            self._editor.type_text(text.partition("\n")[0])
            return
        self._completing.stop()
        if text.count("\n") + 1 < PASTED_LINES and len(text) <= PASTED_CHARACTERS:
            self._editor.type_text(text)
            return
        taken = {each.name for each in self._attachments}
        name = next(name for number in count(1) if (name := f"pasted text {number}") not in taken)
        self.attach(Attachment(name, text))

    @on(TextArea.Changed)
    @on(TextArea.SelectionChanged)
    def _follow(self, event: TextArea.Changed | TextArea.SelectionChanged) -> None:
        """Keep the list in step with the draft."""
        event.stop()
        if self._searching.is_on:
            if isinstance(event, TextArea.Changed):
                self._searching.look()
        else:
            self._completing.look()
        self.call_after_refresh(self._popup.follow)

    def take_key(self, event: events.Key) -> bool:
        """Use a key before the draft does."""
        if self._searching.is_on:
            return self._searching.take_key(event)
        return self._completing.take_key(event)

    # --- earlier inputs

    def show_earlier(self) -> None:
        """Show the input before."""
        self._show(self._history.earlier(self.text))

    def show_later(self) -> None:
        """Show the input after, at last the draft."""
        self._show(self._history.later(self.text))

    def _show(self, text: str | None) -> None:
        """Put an earlier input in place of the draft."""
        if text is not None:
            self._completing.stop()
            self._editor.set_text(text)

    def search_history(self) -> None:
        """Search earlier inputs."""
        self._completing.stop()
        self._searching.start()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        """Take what was clicked in the list, or bring what was attached or waits into the draft."""
        event.stop()
        if event.rows is self._waiting:
            self._edit_waiting(event.rows.cursor)
        elif event.rows is self._given:
            self._write_out(event.rows.cursor)
        elif self._searching.is_on:
            self._searching.end(event.item.insert)
        else:
            self._completing.choose(event.item)
        if event.rows is self._popup:
            self.focus_editor()

    # --- what is attached, what waits

    def _set_attachments(self, attachments: tuple[Attachment, ...]) -> None:
        """Show what goes with the question."""
        self._attachments = attachments
        self._given.set_labels([attachment_label(each) for each in attachments])
        self._leave_empty(self._given)
        self.call_after_refresh(self._popup.follow)

    def _leave_empty(self, chips: Chips) -> None:
        """Go back to the draft when the last chip is gone."""
        if chips.has_focus and not chips.items:
            self.focus_editor()

    @on(Chips.Removed)
    def _removed(self, event: Chips.Removed) -> None:
        """Take away what was attached, or out of the queue."""
        event.stop()
        if event.chips is self._waiting:
            self.post_message(QueueRemoved(event.index))
            return
        kept = [each for at, each in enumerate(self._attachments) if at != event.index]
        self._set_attachments(tuple(kept))

    def _edit_waiting(self, at: int) -> None:
        """Ask for an input back."""
        self._searching.leave()
        if self.text.strip() or self._attachments:
            self.notify("send or clear the draft first, then this one can be changed", markup=False)
            return
        self.post_message(QueueRemoved(at, edit=True))
        self.focus_editor()

    def _write_out(self, at: int) -> None:
        """Put an attached text into the draft."""
        given = self._attachments[at]
        if len(given.text) > _LONGEST_DRAFT:
            self.notify("this is too long for a draft; it stays attached", markup=False)
            return
        self._set_attachments(tuple(each for place, each in enumerate(self._attachments) if place != at))
        self.insert(neutral(given.text))
        self.focus_editor()

    def on_resize(self, event: events.Resize) -> None:
        """Leave most of a low screen to the conversation."""
        self._editor.styles.max_height = max(2, min(MOST_LINES, self.screen.size.height // 3))
        self.call_after_refresh(self._popup.follow)
