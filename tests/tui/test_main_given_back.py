"""What could not be done stays in the question, to be mended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.core.talk import Attachment
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import opened_chat
from tests.tui.picture import screen_text
from tests.tui.scripted import answer_script, conversation_turns

GIVEN = Attachment("log", "disk busy")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/attach /nonexistent", "hint:"),
        ("/export README.md", "is there already"),
        ("/resume zzz", "hint:"),
        ("/copy 99", "there is no answer 99"),
        ("/copy code", "there is no answer yet"),
        ("/model absent.gguf", "hint:"),
        ("/undo", "hint:"),
        ("/retry", "nothing was asked yet"),
        ("/foo", "there is no command"),
        ("\n".join(["x" * 999] * 201), "the question is longer than"),
    ],
)
def test_what_fails_stays_in_the_question(tmp_path: Path, command: str, said: str) -> None:
    """Whatever it is, and with what was attached to it."""
    turns = conversation_turns()[4:] if command.startswith("/export") else ()
    app, _ = opened_chat(tmp_path, {"chat": [answer_script()]}, turns=turns)

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        composer = app.main.composer
        composer.set_draft(command, [GIVEN])
        await pilot.press("enter")
        await shows(pilot, said)
        await pilot.pause()
        assert (composer.text, composer.attachments) == (command, (GIVEN,))

    drive(app, body, size=(120, 40))


def test_what_was_typed_meanwhile_is_not_touched(tmp_path: Path) -> None:
    """An error that comes late does not overwrite the next draft."""
    app, _ = opened_chat(tmp_path, {})
    read = threading.Event()

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        resume = app.conversation.resume
        app.conversation.resume = lambda text: (read.wait(5), resume(text))[1]  # type: ignore[method-assign]  # a slow disk
        app.main.composer.set_draft("/resume zzz")
        await pilot.press("enter", "n", "e", "x", "t")
        read.set()
        await shows(pilot, "hint:")
        await settle(pilot)
        assert app.main.composer.text == "next"

    drive(app, body, size=(120, 40))


@pytest.mark.parametrize(("key", "said"), [("alt+u", "hint:"), ("f5", "nothing was asked yet")])
def test_a_key_that_fails_writes_nothing(tmp_path: Path, key: str, said: str) -> None:
    """Its command was not typed, so it is not to be found in the question."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(key)
        await shows(pilot, said)
        await pilot.pause()
        assert app.main.composer.text == ""

    drive(app, body, size=(120, 40))


@pytest.mark.parametrize("key", ["alt+p", "alt+o"])
def test_a_key_for_sources_says_that_there_are_none(tmp_path: Path, key: str) -> None:
    """Instead of nothing: before the first question, and for a turn that has none."""
    app, _ = opened_chat(tmp_path / "new", {})

    async def nothing(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(key)
        await shows(pilot, "there are no sources: nothing was asked yet")

    drive(app, nothing, size=(120, 40))
    app, _ = opened_chat(tmp_path / "old", {}, turns=conversation_turns()[4:])

    async def without(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(key)
        await shows(pilot, "there are no sources: turn 1 has none")
        assert app.screen is app.main, screen_text(app)

    drive(app, without, size=(120, 40))
