"""What must not leave the chat stuck: work that never ends, errors at the start, moves between sessions, leaving."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from localdev.core.errors import StorageError
from localdev.core.events import ContextFitted, Progress, Result
from localdev.core.patch import FileEdit
from localdev.core.talk import Turn
from localdev.tui.background import finish, in_thread
from localdev.tui.composer.widget import Composer
from localdev.tui.screens.main import MainScreen
from tests.shop import PRICING
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import left, opened_chat, typed
from tests.tui.patching import payload_of
from tests.tui.picture import screen_text
from tests.tui.scripted import Broken, Gate, Step, answer_script, conversation_turns, sources

EDITS = [FileEdit("shop/pricing.py", PRICING, PRICING.replace("amount * 0.1", "amount * 0.2"))]


def test_leaving_does_not_wait_for_the_index(tmp_path: Path) -> None:
    """The first index of a large repository takes minutes; who leaves meanwhile is not held up."""
    gate = Gate()
    app, _ = opened_chat(tmp_path, {"names": [[Progress("indexing", 3, 9, "files"), gate]]})
    late = threading.Timer(6, gate.open)
    late.start()

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, "indexing 3/9 files")
        await pilot.press("f10")
        await left(pilot)

    start = time.monotonic()
    drive(app, body)
    took = time.monotonic() - start
    late.cancel()
    gate.open()
    assert (app.return_code, took < 5) == (0, True)


def test_an_index_that_fails_is_said_once_and_not_as_under_way(tmp_path: Path) -> None:
    """The status line does not say `indexing` for ever, and the error says what it is about."""
    failing: list[Step] = [
        Progress("indexing", 3, 9, "files"),
        StorageError("no space left on the device", "free some space"),
    ]
    app, _ = opened_chat(tmp_path, {"names": [failing]})

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, "the index cannot be read or brought up to date")
        await shows(pilot, "no space left on the device")
        await shows(pilot, "no index")
        assert "indexing" not in screen_text(app)

    drive(app, body, size=(100, 30))


def test_a_bug_in_a_thread_is_raised_as_itself(tmp_path: Path) -> None:
    """The log of a crash must hold the bug's own traceback."""
    app, _ = opened_chat(tmp_path, {"names": [Broken()]})

    async def body(pilot: Pilot[int]) -> None:
        while app.bug is None:
            await pilot.pause(0.02)

    with pytest.raises(ZeroDivisionError, match="surprise"):
        drive(app, body)
    assert isinstance(app.bug, ZeroDivisionError)


def test_a_question_sent_while_a_session_opens_goes_to_that_one(tmp_path: Path) -> None:
    """It waits until the session is there: else it would be asked in one and shown in another."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script("Nothing else.")]}, turns=conversation_turns())
    moving = threading.Event()

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        new = app.conversation.new
        app.conversation.new = lambda: (moving.wait(5), new())[1]  # type: ignore[method-assign]  # a slow disk
        await pilot.press("ctrl+n")
        await typed(pilot, "Is this new?")
        await pilot.press("ctrl+n")
        await shows(pilot, "another session is being opened")
        await shows(pilot, "1 waiting")
        moving.set()
        await shows(pilot, "Nothing else.")
        await settle(pilot)
        assert "Within thirty" not in screen_text(app)
        assert [turn.asked for turn in app.conversation.turns()] == ["Is this new?"]
        assert app.conversation.session.id != "5f2c8a1e"

    drive(app, body, size=(100, 40))


def test_a_session_that_cannot_be_opened_holds_nothing_up(tmp_path: Path) -> None:
    """After an error questions are asked as before."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script("Still here.")]}, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await typed(pilot, "/resume zzz")
        await typed(pilot, "Are you there?")
        await shows(pilot, "Still here.")

    drive(app, body, size=(100, 40))


def test_nothing_begins_after_leaving_was_asked_for(tmp_path: Path) -> None:
    """What waits is not begun, and a second key asks for nothing more."""
    app, starter = opened_chat(tmp_path, {"chat": [answer_script(gate=Gate())]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        await shows(pilot, "The discount is")
        await typed(pilot, "second")
        await pilot.press("f10", "f10")
        await left(pilot)

    drive(app, body)
    assert app.return_code == 0
    assert [each.options["question"] for each in starter.started if each.job == "chat"] == ["first"]
    assert [turn.state for turn in app.conversation.turns()] == ["cancelled"]


def test_a_result_does_not_open_while_something_is_typed(tmp_path: Path) -> None:
    """The letters that follow would accept hunks, and Enter would apply them."""
    gate = Gate()
    app, _ = opened_chat(tmp_path, {"gen": [[gate, Result(payload_of(EDITS))]]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "/gen doc shop/pricing.py::discount")
        app.query_one(Composer).set_draft("and wh")
        gate.open()
        await shows(pilot, "is done: Enter on it")
        await pilot.press("a", "t")
        assert isinstance(app.screen, MainScreen)
        assert app.query_one(Composer).text == "and what"
        await settle(pilot)
        await pilot.press("f3", "enter")
        await shows(pilot, "hunk 1 of 1: not decided")

    drive(app, body, size=(120, 40))


def test_sources_that_are_looked_at_stay_while_an_answer_streams(tmp_path: Path) -> None:
    """The turn under way takes the panel when it begins, and not again and again."""
    gate, earlier = Gate(), conversation_turns()[0]
    script: list[Step] = [sources(), *answer_script(gate=gate)[1:]]
    app, _ = opened_chat(tmp_path, {"chat": [script]}, turns=[earlier])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await typed(pilot, "And now?")
        await shows(pilot, "Sources of turn 2")
        await pilot.press("alt+up", "alt+up")
        await shows(pilot, "Sources of turn 1")
        gate.open()
        await settle(pilot)
        assert "Sources of turn 1" in screen_text(app)

    drive(app, body, size=(140, 40))


def test_older_turns_of_a_session_that_was_left_are_not_shown(tmp_path: Path) -> None:
    """They are read in the background, and another session may be open when they come."""
    turns = [Turn(number, "question", f"question {number}", "yes", "done") for number in range(1, 141)]
    app, _ = opened_chat(tmp_path, {}, turns=turns)
    reading = threading.Event()

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        read = app.conversation.turns

        def slowly(**which: Any) -> list[Turn]:
            found = read(**which)
            if which.get("before"):
                reading.wait(5)
            return found

        app.conversation.turns = slowly  # type: ignore[method-assign]  # a slow disk
        await pilot.press("f3", "home")
        await pilot.pause(0.1)
        await pilot.press("f2", "ctrl+n")
        await shows(pilot, "new conversation")
        await settle(pilot, workers=False)
        reading.set()
        await settle(pilot)
        assert app.main.transcript.turns == []

    drive(app, body, size=(100, 30))


def test_figures_of_one_session_are_not_shown_in_another(tmp_path: Path) -> None:
    """A new session's window is empty, and nothing was measured in it."""
    app, _ = opened_chat(tmp_path, {"chat": [[ContextFitted((), "", 0, 0, 900, 256, 8192), *answer_script()]]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "How is the discount decided?")
        await shows(pilot, "/8.2k")
        await settle(pilot)
        await pilot.press("ctrl+n")
        await settle(pilot)
        assert "8.2k" not in screen_text(app)
        assert "tok/s" not in screen_text(app)

    drive(app, body, size=(120, 30))


def test_what_is_being_written_is_whole_before_the_program_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Leaving in the middle of a commit or a patch: the terminal is there at once, and it says what it waits for."""
    app, _ = opened_chat(tmp_path, {})
    written = tmp_path / "written"

    def write() -> None:
        time.sleep(2)
        written.touch()

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        in_thread(app.main, write, whole=True)
        await pilot.press("f10")
        await left(pilot)
        assert not written.exists()

    drive(app, body)
    finish()
    assert written.exists()
    assert "waiting until what is being written is whole" in capsys.readouterr().err
