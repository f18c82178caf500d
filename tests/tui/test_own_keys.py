"""The user's own keys where others are: hints name them, Escape stays a way out, the help lists what works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from localdev.tui.app import ChatOptions
from localdev.tui.composer.popup import Popup
from localdev.tui.dialogs.confirm import Confirm
from localdev.tui.help import HelpScreen
from localdev.tui.keys import keymap, read_keys, worded
from localdev.tui.patch.screen import PatchScreen
from localdev.tui.review.findings import FindingsScreen
from localdev.tui.screens.main import MainScreen
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import opened_chat
from tests.tui.patching import desk_on, payload_of, project
from tests.tui.picture import screen_text
from tests.tui.scripted import conversation_turns

OWN = ChatOptions(keys=("cancel=ctrl+g", "help=f9"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y yes · n or Esc no", "y yes · n or Ctrl+G no"),
        ("- **Escape** or **q**: close; `escape` too", "- **Ctrl+G** or **q**: close; `Ctrl+G` too"),
        ("Enter sends; F1 helps, F10 leaves, Ctrl+R escapes", "Enter sends; F9 helps, F10 leaves, Ctrl+R escapes"),
    ],
)
def test_texts_name_the_keys_that_are_set(text: str, said: str) -> None:
    """Default keys in hints and helps give way; other words that begin alike stay, and Enter is for lists too."""
    assert worded(text, read_keys(["cancel=ctrl+g", "help=f9", "send=f8"])) == said
    assert worded(text, read_keys()) == text


def test_escape_is_never_lost() -> None:
    """What closes dialogs has the user's key first and Escape besides."""
    assert keymap(read_keys(["cancel=ctrl+g"]))["close"] == "ctrl+g,escape"
    assert keymap(read_keys())["close"] == "escape"


@pytest.mark.parametrize("key", ["escape", "ctrl+g"])
def test_dialogs_close_by_both_keys(tmp_path: Path, key: str) -> None:
    """With another key for `cancel` the hint names that one."""
    app, _ = opened_chat(tmp_path, {}, options=OWN)

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+o")
        await shows(pilot, "Sessions")
        app.push_screen(Confirm("Sure?"))
        await shows(pilot, "y yes · n or Ctrl+G no")
        await pilot.press(key)
        await settle(pilot)
        assert not isinstance(app.screen, Confirm)
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)

    drive(app, body)


@pytest.mark.parametrize("key", ["escape", "ctrl+g"])
def test_whole_screens_close_by_both_keys(tmp_path: Path, key: str) -> None:
    """A patch, as a dialog."""
    app, _ = opened_chat(tmp_path, {}, options=OWN)

    async def body(pilot: Pilot[int]) -> None:
        app.push_screen(PatchScreen(payload_of(), desk_on(project(tmp_path / "other"))))
        await shows(pilot, "gen doc")
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)

    drive(app, body)


def test_the_help_of_a_screen_lists_what_works_there(tmp_path: Path) -> None:
    """Over a review no key of the conversation is named; over the conversation its keys are."""
    app, _ = opened_chat(tmp_path, {}, options=OWN)

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("f9")
        await shows(pilot, "Keys of the chat that work here")
        await pilot.press("end")
        await shows(pilot, "Ask again")
        await pilot.press("escape")
        app.push_screen(FindingsScreen({"findings": [], "files": 1}, app.desk))
        await settle(pilot)
        await pilot.press("f9")
        await shows(pilot, "Keys of the chat that work here")
        text = screen_text(pilot.app)
        assert "Leave the chat" in text
        assert "Stop the answer, or close" in text
        assert "Ask again" not in text
        assert "Show or hide the sources" not in text

    drive(app, body, size=(100, 48))


def test_the_key_of_the_help_closes_it(tmp_path: Path) -> None:
    """Also that of `/help`."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        app.main.slash.run("/help")
        await shows(pilot, "Esc or F1 closes")
        await pilot.press("f1")
        await settle(pilot)
        assert not isinstance(app.screen, HelpScreen)

    drive(app, body)


@pytest.mark.parametrize("keys", [["f10"], ["ctrl+c", "ctrl+c"], ["ctrl+q"]])
def test_leaving_the_chat_from_a_patch_asks(tmp_path: Path, keys: list[str]) -> None:
    """Accepted hunks that are not applied would be lost: the question is that of Escape, whatever key leaves."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[Any]) -> None:
        app.push_screen(PatchScreen(payload_of(), desk_on(project(tmp_path / "other"))))
        await shows(pilot, "not decided")
        await settle(pilot)
        await pilot.press("a", *keys)
        await shows(pilot, "1 accepted hunk not applied. Leave?")
        await pilot.press("n")
        await settle(pilot)
        assert isinstance(app.screen, PatchScreen)
        assert app.return_value is None
        await pilot.press(*keys, "y")
        await settle(pilot)

    drive(app, body)
    assert app.return_value == 0


@pytest.mark.parametrize("key", ["escape", "ctrl+g"])
def test_lists_close_by_both_keys(tmp_path: Path, key: str) -> None:
    """The list of commands, the search of what was asked, and the mark of a turn; the list names the user's key."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns(), options=OWN)

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        popup = app.main.composer.query_one(Popup)
        for opening in ("slash", "ctrl+r"):
            await pilot.press(opening)
            await settle(pilot)
            assert popup.display
            await pilot.press(key)
            await settle(pilot)
            assert not popup.display
        await pilot.press("f3", "left_square_bracket")
        await settle(pilot)
        assert app.main.transcript.marked
        await pilot.press(key)
        await settle(pilot)
        assert not app.main.transcript.marked

    drive(app, body)


def test_an_open_list_names_the_users_key(tmp_path: Path) -> None:
    """In its border."""
    app, _ = opened_chat(tmp_path, {}, options=OWN)

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("at")
        await shows(pilot, "Ctrl+G closes")

    drive(app, body)
