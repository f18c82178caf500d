"""The chat on the screen: the Textual app, and the one function that opens it."""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.worker import WorkerFailed

from localdev.tui.background import finish
from localdev.tui.driver import driver_class
from localdev.tui.keys import bind, key_name, keymap, read_keys
from localdev.tui.screens.main import MainScreen
from localdev.tui.themes import THEMES

if TYPE_CHECKING:
    from localdev.app.conversation.conversation import Conversation
    from localdev.app.conversation.desk import Desk


# Two Ctrl+C within so many seconds mean to leave.
_TWICE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How the chat looks, and what it begins with.

    `theme` is `dark` or `light`, `keys` are changes of the keymap (`ACTION=KEY`), `first_question` is asked at once.
    """

    theme: str = "dark"
    keys: tuple[str, ...] = ()
    first_question: str = ""
    color: bool = True


class ChatApp(App[int]):
    """One conversation on the screen."""

    TITLE = "localdev"
    ENABLE_COMMAND_PALETTE = False  # there is one of our own, in which Enter does what was typed
    NOTIFICATION_TIMEOUT: ClassVar[float] = 6
    # Below, where the library puts them, they would cover the question.
    CSS = """
    ToastRack { dock: top; align: right top; margin: 1 0 0 0; }
    Toast { max-width: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("quit", "leave", priority=True),
        bind("help", "explain", priority=True),
        bind("palette", "palette", priority=True),
    ]

    def __init__(self, conversation: Conversation, desk: Desk, options: ChatOptions) -> None:
        """Take what is shown; nothing is read or opened yet."""
        super().__init__(driver_class=driver_class())
        self.conversation = conversation
        self.desk = desk
        self.options = options
        self.keys = read_keys(options.keys)
        self.bug: BaseException | None = None
        self._interrupted_at = float("-inf")
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEMES[options.theme].name

    def get_default_screen(self) -> MainScreen:
        """Show the conversation first."""
        return MainScreen(self.conversation, self.desk, first_question=self.options.first_question)

    def on_mount(self) -> None:
        """Set the user's keys."""
        self.set_keymap(keymap(self.keys))

    @property
    def main(self) -> MainScreen:
        """The screen below all others."""
        screen = self.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    def action_leave(self) -> None:
        """Leave; what is being answered is saved first. A screen on which something would be lost asks before."""
        from localdev.tui.dialogs.confirm import Confirm

        question = next((asked for screen in self.screen_stack if (asked := getattr(screen, "unsaved", ""))), "")
        if not question:
            self.main.leave()
        elif not isinstance(self.screen, Confirm):
            ask = Confirm(question, yes="Leave the chat", no="Stay")
            self.push_screen(ask, lambda sure: self.main.leave() if sure else None)

    async def action_quit(self) -> None:
        """Leave as by our own key."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl+C: stop the answer, as in a shell; where there is none, twice within a moment leaves."""
        if self.main.turns.cancel():
            return
        now = time.monotonic()
        if now - self._interrupted_at < _TWICE_SECONDS:
            self.action_leave()
        self._interrupted_at = now
        key = key_name(self.keys["quit"].partition(",")[0])
        self.notify(f"Ctrl+C again leaves, and so do {key} and /quit", markup=False, timeout=_TWICE_SECONDS)

    def action_explain(self) -> None:
        """Explain what has the focus; the same key closes that again."""
        from localdev.tui.help import HelpScreen, help_of, working_on

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        else:
            self.push_screen(HelpScreen(help_of(self.screen), self.keys, working=working_on(self.screen)))

    async def action_palette(self) -> None:
        """List what can be done; one list at a time, also where its help lies over it."""
        from localdev.tui.dialogs.palette import Palette, open_palette

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            await open_palette(self, self.main.slash.give if self.screen is self.main else None)

    def action_switch_theme(self, name: str = "") -> None:
        """Change between dark and light, or to one of them."""
        other = "dark" if self.theme == THEMES["light"].name else "light"
        self.theme = THEMES[name or other].name

    def _handle_exception(self, error: Exception) -> None:
        """Keep a bug for whoever opened the screen: a traceback across the terminal helps nobody."""
        if isinstance(error, WorkerFailed):  # its traceback is not that of the bug
            error = error.error if isinstance(error.error, Exception) else error
        self.bug = self.bug or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End at once; the error is raised again by `run_chat`."""
        self._close_messages_no_wait()


def run_chat(conversation: Conversation, desk: Desk, options: ChatOptions) -> int:
    """Show the conversation until the user leaves, and give the exit code.

    Raises:
        ConfigError: the keys in the settings are wrong.
        BaseException: a bug of the screen, after the terminal is as it was.
    """
    if not options.color:
        os.environ["NO_COLOR"] = "1"  # the one way to tell the library
    app = ChatApp(conversation, desk, options)
    gc.freeze()  # what was imported stays until the end: going through it again and again would hold up keys
    code = app.run()
    finish()
    if app.bug is not None:
        raise app.bug
    return code or 0
