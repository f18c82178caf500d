"""What a model would be sent for a question, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from localdev.app.conversation.wording import in_chat
from localdev.core.errors import LocaldevError
from localdev.core.events import PromptShown
from localdev.core.neutral import neutral
from localdev.core.ports import JobRun
from localdev.core.sizes import counted
from localdev.tui.background import in_thread
from localdev.tui.dialogs.base import Dialog
from localdev.tui.patch.lines import shown
from localdev.tui.sources.code import CodeView
from localdev.tui.transcript.rows import Span, fold


class PromptScreen(Dialog[None]):
    """Runs a job that yields `PromptShown`, and shows its messages."""

    HELP: ClassVar[str] = """\
## The prompt

Every message the model would be sent, exactly, with its role above it. Nothing is sent by looking.

- **Up**, **Down**, **Page Up**, **Page Down**, **Home**, **End**: scroll
- **c**: copy all of it
- **Escape** or **q**: close
"""
    heading = "Prompt"
    hint = "c copies all · Esc closes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(self, start: Callable[[], JobRun]) -> None:
        super().__init__()
        self._start = start
        self._run: JobRun | None = None
        self._shown: PromptShown | None = None

    def body(self) -> ComposeResult:
        """Show the text."""
        yield CodeView(say="putting the prompt together …", numbers=False)

    def on_mount(self) -> None:
        """Run the job in the background."""
        in_thread(self, self._read, self._show)

    def on_resize(self) -> None:
        """Fold anew."""
        if self._shown is not None:
            self.call_after_refresh(self._fold, self._shown)

    def on_unmount(self) -> None:
        """End the job when nobody waits for it any more."""
        if self._run is not None:
            self._run.cancel()

    def _read(self) -> PromptShown | LocaldevError | None:
        try:
            self._run = self._start()
            return next((event for event in self._run.events() if isinstance(event, PromptShown)), None)
        except LocaldevError as error:
            return error

    def _show(self, got: PromptShown | LocaldevError | None) -> None:
        view = self.query_one(CodeView)
        if isinstance(got, LocaldevError):
            view.say(neutral(in_chat(f"{got}\n\nhint: {got.hint}" if got.hint else str(got))))
        elif got is None:
            view.say("Without a model nothing is sent: the answer is the places themselves. /model chooses one.")
        else:
            self._shown = got
            tokens = f"{got.prompt_tokens:,} tokens, " if got.prompt_tokens else ""
            self.query_one("#frame").border_subtitle = Content(tokens + counted(len(got.messages), "message"))
            self._fold(got)

    def _fold(self, prompt: PromptShown) -> None:
        """Lay the messages out in the width there is."""
        view = self.query_one(CodeView)
        width = max(10, view.scrollable_content_region.width - 1)
        rows: list[list[Span]] = []
        for message in prompt.messages:
            rows += [*([[]] if rows else []), [Span(f"== {message.role} ==", ("keyword",))]]
            for line in message.content.split("\n"):
                text = shown(line)
                rows += [[Span(text[start:end])] for start, end, _ in fold(text, width)]
        view.show(rows)

    def action_copy(self) -> None:
        """Copy all messages as they are."""
        if self._shown is not None:
            from localdev.tui.clipboard import copy

            copy(self, "\n\n".join(f"== {each.role} ==\n{each.content}" for each in self._shown.messages))
