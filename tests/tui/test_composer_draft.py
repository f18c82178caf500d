"""Writing, sending and breaking lines in the composer, through real key presses."""

from __future__ import annotations

import pytest

from localdev.app.conversation.commands import is_command
from localdev.tui.keys import read_keys
from tests.tui.composing import Host, burst
from tests.tui.drive import run_async


def test_enter_sends_and_empties_the_draft() -> None:
    """What was typed arrives without blanks around it; an empty draft is never sent."""

    async def body() -> None:
        app = Host()
        async with app.run_test() as pilot:
            await pilot.press("enter", "space", "enter")
            await pilot.press(*"  who calls it? ", "enter")
            await pilot.pause()
            assert app.said == [("question", "who calls it?")]
            assert app.composer.text == ""

    run_async(body())


@pytest.mark.parametrize("key", ["shift+enter", "ctrl+j", "alt+enter", "ctrl+enter"])
def test_new_line_keys(key: str) -> None:
    """Each of the keys for a new line breaks the line and sends nothing."""

    async def body() -> None:
        app = Host()
        async with app.run_test() as pilot:
            await pilot.press("a", key, "b")
            assert (app.composer.text, app.said) == ("a\nb", [])

    run_async(body())


@pytest.mark.parametrize(
    ("text", "command"),
    [("/help", True), ("/", True), ("/gen fix a.py:3", True), ("/usr/bin/env is missing", False), ("a /help", False)],
)
def test_commands_are_told_from_paths(text: str, command: bool) -> None:
    """A command is a slash and one word; a path at the start is part of a question."""
    assert is_command(text) is command


def test_a_command_keeps_to_its_own_message() -> None:
    """A slash command, several lines of it included, does not arrive as a question."""

    async def body() -> None:
        app = Host()
        async with app.run_test() as pilot:
            await pilot.press(*"/gen edit a.py", "ctrl+j", *"shorter", "enter")
            await pilot.pause()
            assert app.said == [("command", "/gen edit a.py\nshorter")]

    run_async(body())


def test_escape_reaches_the_screen() -> None:
    """With nothing open in the composer, Esc is the screen's."""

    async def body() -> None:
        app = Host()
        async with app.run_test() as pilot:
            await pilot.press("a", "escape")
            assert (app.composer.text, app.said) == ("a", [("cancel", "")])

    run_async(body())


@pytest.mark.parametrize(
    ("sent", "said", "left"),
    [
        ("wrong\x15go on\r", ["go on"], ""),
        ("first\rsecond", ["first"], "second"),
        ("one\rtwo\rthree", ["one", "two"], "three"),
        ("a\nb\rc", ["a\nb"], "c"),
        ("ab\x1b[D\x1b[3~c\r", ["ac"], ""),
        ("one\r\x1b[A!\r", ["one", "one!"], ""),
        ("asked\r\x12ask\r?\r", ["asked", "asked?"], ""),
        ("say \x1b[200~it\x1b[201~ now\rnext", ["say it now"], "next"),
        ("one two\x17three\r", ["one three"], ""),
    ],
)
def test_what_comes_at_once_is_done_in_order(sent: str, said: list[str], left: str) -> None:
    """Keys typed ahead: what follows a key that sends or edits comes after what that does."""

    async def body() -> None:
        app = Host()
        async with app.run_test() as pilot:
            await pilot.pause()
            burst(app, sent)
            await pilot.pause(0.1)
            assert ([text for _, text in app.said], app.composer.text) == (said, left)

    run_async(body())


def test_a_key_of_the_users_own_sends_in_order() -> None:
    """Where sending has another key, that one comes before what is typed after it; Enter does nothing."""

    async def body() -> None:
        app = Host()
        async with app.run_test() as pilot:
            app.set_keymap(read_keys(["send=ctrl+g"]))
            await pilot.pause()
            burst(app, "first\r\x07second")
            await pilot.pause(0.1)
            assert (app.said, app.composer.text) == ([("question", "first")], "second")

    run_async(body())
