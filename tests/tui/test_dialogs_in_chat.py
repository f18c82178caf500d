"""The dialogs within the whole chat: opened by their keys, explained by F1, closed by the user's own key."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.app.conversation.commands import COMMANDS
from localdev.tui.app import ChatOptions
from localdev.tui.dialogs.files import FilePicker
from localdev.tui.dialogs.palette import Palette
from localdev.tui.dialogs.pickers import AdapterPicker, ModelPicker
from localdev.tui.dialogs.prompt import PromptScreen
from localdev.tui.dialogs.sessions import SessionBrowser
from localdev.tui.help import HelpScreen
from localdev.tui.sources.preview import PreviewScreen
from tests.tui.composing import burst
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import opened_chat
from tests.tui.picture import screen_text
from tests.tui.scripted import answer_script, conversation_turns


@pytest.mark.parametrize(
    ("key", "screen"),
    [
        ("ctrl+o", SessionBrowser),
        ("alt+m", ModelPicker),
        ("alt+a", AdapterPicker),
        ("f1", HelpScreen),
        ("ctrl+p", Palette),
        ("alt+p", PreviewScreen),
    ],
)
def test_every_dialog_has_its_key(tmp_path: Path, key: str, screen: type) -> None:
    """It opens while the question has the focus, and Escape leads back there."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, screen)
        await pilot.press("escape")
        await settle(pilot)
        assert app.screen is app.main

    drive(app, body, size=(120, 40))


def test_help_and_the_users_keys_in_a_dialog(tmp_path: Path) -> None:
    """F1 explains the dialog that is open; the key that a user gave to cancel closes dialogs, and Escape too."""
    app, _ = opened_chat(tmp_path, {}, options=ChatOptions(keys=("cancel=ctrl+g",)))

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("ctrl+o")
        await shows(pilot, "No sessions here yet")
        await pilot.press("f1")
        await shows(pilot, "Conversations about this repository")
        await pilot.press("escape", "f1")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)
        for _ in range(2):
            await pilot.press("ctrl+g")
            await settle(pilot)
        assert len(app.screen_stack) == 1

    drive(app, body, size=(120, 40))


def test_the_palette_does_what_its_keys_do(tmp_path: Path) -> None:
    """All actions of the chat are in it, and one that is chosen opens its dialog."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await shows(pilot, "Review the changes  alt+r")
        assert "Leave the chat  f10, alt+q" in screen_text(app)
        await pilot.press(*"choose the model")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, ModelPicker)

    drive(app, body, size=(120, 50))


@pytest.mark.parametrize(
    ("words", "opens"),
    [("prompt", PromptScreen), ("files", FilePicker), ("/sess", SessionBrowser), ("keys", HelpScreen)],
)
def test_what_is_typed_at_once_is_what_is_done(tmp_path: Path, words: str, opens: type) -> None:
    """The key, a word and Enter in one go do what the word names; commands are found by their names."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script()]}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        burst(app, f"\x10{words}\r")
        for _ in range(200):
            await pilot.pause(0.02)
            if isinstance(app.screen, opens):
                return
        raise AssertionError(screen_text(app))

    drive(app, body, size=(120, 40))


def test_the_theme_is_found_by_its_name(tmp_path: Path) -> None:
    """Its words are `Dark or light`, its command `/theme`."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        burst(app, "\x10theme\r")
        await settle(pilot)
        assert (app.screen is app.main, app.theme) == (True, "localdev-light")

    drive(app, body)


def test_nothing_is_done_where_nothing_fits(tmp_path: Path) -> None:
    """Enter does not take what stood in the list before."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        burst(app, "\x10qqzzxx\r")
        await shows(pilot, "Nothing that can be done here has these words.")
        assert isinstance(app.screen, Palette)

    drive(app, body)


def test_a_command_that_needs_words_goes_into_the_question(tmp_path: Path) -> None:
    """It is not done without them; a draft that stands there is not overwritten."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        burst(app, "\x10attach\r")
        await settle(pilot)
        assert (app.screen is app.main, app.main.composer.text) == (True, "/attach ")
        burst(app, "\x10/gen\r")
        await shows(pilot, "the question is not empty; the command is: /gen")
        assert app.main.composer.text == "/attach "

    drive(app, body)


def test_every_command_is_in_the_palette(tmp_path: Path) -> None:
    """With its own row, or as the command of an action; each row once."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert isinstance(app.screen, Palette)
        rows = [f"{each.name} {each.detail}" for each in app.screen.load()]
        assert [each.name for each in COMMANDS if not any(f"/{each.name}" in row for row in rows)] == []
        assert len(rows) == len(set(rows))
        assert rows[-1].startswith("Leave the chat")

    drive(app, body)


@pytest.mark.parametrize(("keys", "left"), [(("enter",), "resumed"), (("n",), "new")])
def test_going_on_from_the_browser(tmp_path: Path, keys: tuple[str, ...], left: str) -> None:
    """The session that is chosen is shown with its turns; a new one begins empty."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        before = app.conversation.session.id
        await pilot.press("ctrl+o")
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)
        assert app.screen is app.main
        assert (app.conversation.session.id == before) == (left == "resumed")
        assert ("How is the discount decided?" in screen_text(app)) == (left == "resumed")

    drive(app, body, size=(120, 40))


def test_a_title_changed_in_the_browser_is_shown(tmp_path: Path) -> None:
    """The line above the conversation has it when the browser is closed."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for keys in (("ctrl+o",), ("r",), (*" Indeed!", "enter"), ("escape",)):
            await pilot.press(*keys)
            await settle(pilot)
        assert "decided? Indeed!" in screen_text(app).split("\n")[0]

    drive(app, body, size=(120, 40))


@pytest.mark.parametrize("key", ["alt+p", "f1"])
def test_what_is_selected_in_a_dialog_is_copied_as_elsewhere(tmp_path: Path, key: str) -> None:
    """By a clipboard program too, where there is one: many terminals take nothing from programs; and it is said."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        app.screen.text_select_all()
        await pilot.pause()
        await pilot.press("ctrl+c")
        await shows(pilot, "copied text")

    drive(app, body, size=(120, 40))


def test_the_palette_is_open_once(tmp_path: Path) -> None:
    """Its key does nothing where it lies beneath its own help."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for key in ("ctrl+p", "f1", "ctrl+p"):
            await pilot.press(key)
            await settle(pilot)
        assert type(app.screen_stack[-1]) is HelpScreen
        for _ in range(2):
            await pilot.press("escape")
            await settle(pilot)
        assert app.screen is app.main

    drive(app, body)


def test_enter_in_the_palette_is_harmless(tmp_path: Path) -> None:
    """What stands first is not leaving."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, HelpScreen)

    drive(app, body)
    assert app.return_code is None
