"""Writing, sending and breaking lines in the composer, through real key presses."""

from __future__ import annotations

import pytest

from localdev.app.conversation.commands import is_command
from tests.tui.composing import Host
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
