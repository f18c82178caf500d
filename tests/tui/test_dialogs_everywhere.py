"""What holds for every dialog: each thing one can focus has help, and no screen is too small to open and close it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from localdev.app.conversation.conversation import open_conversation
from localdev.app.conversation.desk import Desk
from localdev.config.settings import Settings
from localdev.core.chat import Message
from localdev.core.events import Citation, PromptShown, Result
from localdev.tui.dialogs.ask_text import AskText
from localdev.tui.dialogs.confirm import Confirm
from localdev.tui.dialogs.files import FilePicker
from localdev.tui.dialogs.pickers import AdapterPicker, ModelPicker
from localdev.tui.dialogs.prompt import PromptScreen
from localdev.tui.dialogs.sessions import SessionBrowser
from localdev.tui.help import HelpScreen, help_of
from localdev.tui.keys import read_keys
from localdev.tui.sources.panel import SourcesPanel
from localdev.tui.sources.preview import PreviewScreen
from tests.tui.dialogs import DialogHost, desk_of
from tests.tui.drive import Snapshots, drive, settle
from tests.tui.scripted import ScriptedRun, ScriptedStarter, conversation_turns, store_with_sessions

NAMES = Result({"paths": ["shop/cart.py", "README.md"], "symbols": []})
PROMPT = PromptShown((Message("system", "Answer."), Message("user", "漢字 " * 40)), 90)


def browser(desk: Desk) -> SessionBrowser:
    """Open the browser in a conversation that is not stored yet."""
    return SessionBrowser(open_conversation(desk.store, desk.root, Settings(), desk.starter), desk)


DIALOGS: dict[str, Callable[[Desk], Screen[Any]]] = {
    "ask": lambda _: AskText("Rename", "The title of this conversation:", "Vouchers"),
    "confirm": lambda _: Confirm("Delete it?", detail="3 turns.", yes="Delete", no="Keep"),
    "files": lambda desk: FilePicker(desk),
    "adapters": lambda desk: AdapterPicker(desk),
    "models": lambda desk: ModelPicker(desk),
    "prompt": lambda _: PromptScreen(lambda: ScriptedRun([PROMPT])),
    "sessions": browser,
    "preview": lambda desk: PreviewScreen(Citation(1, "cart.py", 2, 3, "add"), desk),
    "help": lambda _: HelpScreen(SourcesPanel.HELP, read_keys()),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A repository with a file, an index and a session."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "cart.py").write_text("def add():\n    return 1\n" * 30)
    desk = desk_of(root, starter=ScriptedStarter({"names": [[NAMES]]}))
    store_with_sessions(desk.folders.sessions, {"aaaa1111": (root, "Discounts", conversation_turns())})
    return desk


@pytest.mark.parametrize("name", sorted(set(DIALOGS) - {"help"}))
def test_all_that_has_the_focus_has_help(desk: Desk, name: str) -> None:
    """F1 says something about this very dialog, wherever in it one is; its help fits a small screen."""

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        screen = pilot.app.screen
        for widget in (None, *screen.focus_chain):
            screen.set_focus(widget)
            text = help_of(screen)
            assert not text.startswith("## localdev chat")
            assert len(text.strip().split("\n")) <= 12

    drive(DialogHost(DIALOGS[name](desk)), body)


@pytest.mark.parametrize("name", sorted(DIALOGS))
@pytest.mark.parametrize("size", [(20, 5), (7, 3)])
def test_no_screen_is_too_small(desk: Desk, name: str, size: tuple[int, int]) -> None:
    """Far below the smallest screen that is of use, a dialog opens, takes keys, grows and closes."""
    host = DialogHost(DIALOGS[name](desk))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("down", "up", "end", "pageup", "tab")
        await pilot.resize_terminal(90, 30)
        await settle(pilot)
        await pilot.resize_terminal(*size)
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)

    drive(host, body, size=size)
    assert host.ended in ([None], [False])


def test_asking_for_a_text(snap: Snapshots, desk: Desk) -> None:
    """The field holds what is there now."""
    snap(DialogHost(DIALOGS["ask"](desk)), "dialog-ask")


def test_without_colour(snap: Snapshots, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the cursor, the row in use and the marked lines are told by signs."""
    monkeypatch.setenv("NO_COLOR", "1")
    snap(DialogHost(DIALOGS["preview"](desk)), "preview-no-colour", size=(60, 15))
    monkeypatch.setenv("NO_COLOR", "1")
    snap(DialogHost(DIALOGS["models"](desk)), "dialog-models-no-colour", size=(60, 15))
