"""An app that shows one dialog, and what it ends with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from localdev.app.conversation.desk import Desk
from localdev.config.settings import Settings
from localdev.core.folders import find_folders
from localdev.core.ports import JobStarter
from localdev.sessions.store import SessionStore
from localdev.tui.themes import DARK, LIGHT
from tests.tui.drive import drive, settle
from tests.tui.scripted import ScriptedStarter


class DialogHost(App[None]):
    """Opens a dialog over some text and keeps what it ended with."""

    def __init__(self, dialog: Screen[Any] | None = None, *, light: bool = False) -> None:
        super().__init__()
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = (LIGHT if light else DARK).name
        self.dialog = dialog
        self.ended: list[object] = []

    def compose(self) -> ComposeResult:
        """Show what lies beneath."""
        yield Static("\n".join("the conversation beneath " * 8 for _ in range(60)), markup=False)

    def on_mount(self) -> None:
        """Open the dialog."""
        if self.dialog is not None:
            self.push_screen(self.dialog, self.ended.append)


def ended(dialog: Screen[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> list[object]:
    """Open a dialog, press keys, and give what it ended with; empty while it is open.

    A key that is no letter is pressed when the screen rests.
    """
    host = DialogHost(dialog)

    async def body(pilot: Pilot[None]) -> None:
        for key in keys:
            if len(key) > 1:
                await settle(pilot)
            await pilot.press(key)
        await settle(pilot)

    drive(host, body, size=size)
    return host.ended


def desk_of(root: Path, *, editor: str = "", starter: JobStarter | None = None) -> Desk:
    """Give the desk of a folder, with a home of its own beside it."""
    folders = find_folders({"LOCALDEV_HOME": str(root.parent / "home")})
    environ = {"EDITOR": editor} if editor else {}
    store = SessionStore(folders.sessions)
    return Desk(Settings(), folders, root, starter or ScriptedStarter({}), store, environ)
