"""The main screen: asking, waiting in the queue, cancelling, commands, and where things stand at each size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.core.errors import BackendError
from localdev.core.events import Notice, Progress, Result
from localdev.core.patch import FileEdit
from localdev.tui.app import ChatOptions
from localdev.tui.composer.widget import Composer
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import left, opened_chat, typed
from tests.tui.picture import screen_text
from tests.tui.scripted import Broken, Gate, Step, answer_script, conversation_turns


def test_a_question_is_answered_and_kept(tmp_path: Path) -> None:
    """The answer streams in, its sources stand beside it, and the turn is in the store afterwards."""
    app, starter = opened_chat(tmp_path, {"chat": [answer_script()]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "How is the discount decided?")
        await shows(pilot, "2 cited of 4 passages")
        await shows(pilot, "subtracts it [2]")
        await settle(pilot)
        assert [turn.state for turn in app.conversation.turns()] == ["done"]

    drive(app, body, size=(120, 40))
    assert [each.options["question"] for each in starter.started if each.job == "chat"] == [
        "How is the discount decided?"
    ]


def test_the_first_question_is_asked_at_once(tmp_path: Path) -> None:
    """`localdev chat QUESTION` begins with it."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script()]}, options=ChatOptions(first_question="What is sold?"))

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, "What is sold?")
        await shows(pilot, "subtracts it")

    drive(app, body, size=(120, 40))


def test_what_is_sent_meanwhile_waits(tmp_path: Path) -> None:
    """Questions wait in line while an answer streams; one that is taken out comes back into the draft."""
    gate = Gate()
    app, starter = opened_chat(tmp_path, {"chat": [answer_script(gate=gate), answer_script("The second answer.")]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        await shows(pilot, "The discount is")
        await typed(pilot, "second")
        await typed(pilot, "third")
        await shows(pilot, "2 waiting")
        app.main.take_back(1, edit=True)
        await shows(pilot, "1 waiting")
        assert app.query_one(Composer).text == "third"
        gate.open()
        await shows(pilot, "The second answer.")
        await settle(pilot)

    drive(app, body, size=(80, 24))
    assert [each.options["question"] for each in starter.started if each.job == "chat"] == ["first", "second"]


def test_escape_keeps_the_part(tmp_path: Path) -> None:
    """Escape stops the answer; what came of it stays, and says that it was stopped."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script(gate=Gate())]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        await shows(pilot, "The discount is")
        await pilot.press("escape")
        await shows(pilot, "Cancelled")
        await settle(pilot)
        turn = app.conversation.turns()[-1]
        assert turn.state == "cancelled"
        assert turn.answer.startswith("The discount is")

    drive(app, body, size=(80, 24))


def test_a_failure_is_said_and_the_next_goes_on(tmp_path: Path) -> None:
    """An error ends its own turn alone; what waits behind it is answered."""
    failing: list[Step] = [
        Progress("parsing", 3, 9),
        Notice("warning", "the index is old"),
        BackendError("the engine died", "again"),
    ]
    app, _ = opened_chat(tmp_path, {"chat": [failing, answer_script("It works now.")]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        await typed(pilot, "second")
        await shows(pilot, "the engine died")
        await shows(pilot, "hint: again")
        await shows(pilot, "It works now.")

    drive(app, body, size=(100, 40))


def test_a_bug_leaves_the_screen(tmp_path: Path) -> None:
    """A bug ends the program with the bug itself for the error boundary, and the turn is kept as failed."""
    app, _ = opened_chat(tmp_path, {"chat": [Broken()]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        while app.bug is None:
            await pilot.pause(0.02)

    with pytest.raises(ZeroDivisionError, match="surprise"):
        drive(app, body, size=(80, 24))
    assert isinstance(app.bug, ZeroDivisionError)
    turn = app.conversation.turns()[-1]
    assert (turn.state, turn.hint) == ("failed", "please report it")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/nothing", "there is no command /nothing"),
        ("/copy", "there is no answer yet"),
        ("/copy 7", "there is no answer 7"),
        ("/prompt", "there is no question yet"),
        ("/undo", "there is nothing to undo"),
        ("/export", "there is nothing to export yet"),
        ("/attach missing.txt", "missing.txt"),
        ("/rename The shop", "The shop"),
        ("/model openai:tiny", "from the next question on: model openai:tiny"),
        ("/model none", "from the next question on: model none"),
        ("/model tiny", "tiny"),
        ("/model /missing.gguf", "there is no file /missing.gguf"),
        ("/adapter nobody@0.5", "nobody"),
        ("/help", "/review [staged|A..B]"),
        ("/help gen", "/gen doc PATH"),
        ("/keys", "Keys of the chat"),
        ("/files", "shop/pricing.py"),
        ("/model", "none"),
        ("/sessions", "essions"),
        ("/retry", "nothing was asked yet"),
        ("/resume zzz", "zzz"),
    ],
)
def test_commands_answer(tmp_path: Path, command: str, said: str) -> None:
    """Every command does its work or says why it cannot, and nothing of it ends the program."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script()]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, command)
        await shows(pilot, said)

    drive(app, body, size=(120, 60))
    assert app.bug is None


def test_sessions_change(tmp_path: Path) -> None:
    """`/clear` begins anew, `/resume` goes back, and the title follows."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script("Nothing else.")]}, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, "Within thirty da")
        await typed(pilot, "/clear")
        await shows(pilot, "new conversation")
        await typed(pilot, "Is this new?")
        await shows(pilot, "Nothing else.")
        await settle(pilot)
        assert "Within thirty" not in screen_text(app)
        await typed(pilot, "/resume 5f2c")
        await shows(pilot, "Within thirty da")

    drive(app, body, size=(100, 40))


def test_the_theme_and_the_sources_change_by_key(tmp_path: Path) -> None:
    """Keys from the settings replace the usual ones."""
    app, _ = opened_chat(
        tmp_path, {"chat": [answer_script()]}, options=ChatOptions(keys=("toggle_sources=f8",), theme="light")
    )

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        assert app.theme == "localdev-light"
        assert "Sources" not in screen_text(app)
        await pilot.press("ctrl+t")
        await settle(pilot)
        assert "Sources" not in screen_text(app)
        await pilot.press("f8")
        await shows(pilot, "Sources")
        await pilot.press("alt+d")
        await settle(pilot)
        assert app.theme == "localdev-dark"

    drive(app, body, size=(80, 24))


def test_leaving_saves_what_is_there(tmp_path: Path) -> None:
    """Leaving in the middle of an answer stops it and keeps its part."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script(gate=Gate())]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        await shows(pilot, "The discount is")
        await pilot.press("f10")
        await left(pilot)

    drive(app, body, size=(80, 24))
    assert app.return_code == 0
    turn = app.conversation.turns()[-1]
    assert (turn.state, turn.answer[:12]) == ("cancelled", "The discount")


def test_control_c_stops_the_answer_and_twice_leaves(tmp_path: Path) -> None:
    """As in a shell: it ends what is under way; with nothing under way it is asked for twice."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script(gate=Gate())]})

    async def body(pilot: Pilot[int]) -> None:
        await typed(pilot, "first")
        await shows(pilot, "The discount is")
        await pilot.press("ctrl+c")
        await shows(pilot, "Cancelled")
        await settle(pilot)
        await pilot.press("ctrl+c")
        await shows(pilot, "Ctrl+C again leaves")
        assert app.return_code is None
        await pilot.press("ctrl+c")
        await left(pilot)

    drive(app, body, size=(80, 24))
    assert app.return_code == 0


def test_a_long_chat_holds_its_last_turns_and_reads_the_others_again(tmp_path: Path) -> None:
    """Older turns leave the memory while the user stays at the end; scrolled to, they are there."""
    turns = [replace(conversation_turns()[4], number=number, asked=f"question {number}") for number in range(1, 321)]
    app, _ = opened_chat(tmp_path, {"chat": [answer_script("Yes.")]}, turns=turns)

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, "question 320")
        for _ in range(2):  # as if they had scrolled up through all of it
            app.main.transcript.scroll_home(animate=False)
            await settle(pilot)
        assert len(app.main.transcript.turns) > 250
        app.main.transcript.scroll_end(animate=False)
        await typed(pilot, "and now?")
        await shows(pilot, "Yes.")
        await settle(pilot)
        assert len(app.main.transcript.turns) == 100
        await typed(pilot, "/copy 2")
        await shows(pilot, "copied")
        app.main.transcript.scroll_home(animate=False)
        await settle(pilot)
        assert app.main.transcript.turns[0].number == 122

    drive(app, body, size=(80, 24))


def test_letters_go_to_the_question_wherever_the_focus_is(tmp_path: Path) -> None:
    """Who begins to type beside the question means the question; keys that do something there still do it."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script()]}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, "2 cited of 4 passages")
        await pilot.press("f4")
        await pilot.press(*"look at it")
        await settle(pilot)
        assert app.query_one(Composer).text == "look at it"
        await pilot.press("f3", "up")
        await settle(pilot)
        assert app.query_one(Composer).text == "look at it"
        assert app.focused is app.main.transcript

    drive(app, body, size=(120, 30))


def test_undoing_is_kept_with_the_patch_it_undoes(tmp_path: Path) -> None:
    """`/undo` takes back what was applied, and its turn says so."""
    patch = {"files": ["shop/cart.py"], "patch": "x", "applied": True, "checks": [], "attempts": 0}
    turn = replace(conversation_turns()[3], kind="gen", asked="/gen doc shop/cart.py", payload=patch)
    app, _ = opened_chat(tmp_path, {}, turns=[replace(turn, number=1)])
    old = (app.conversation.root / "shop/cart.py").read_text()
    app.desk.apply([FileEdit("shop/cart.py", old, "# new\n" + old)], "gen doc")

    async def body(pilot: Pilot[int]) -> None:
        await shows(pilot, ", applied")
        await typed(pilot, "/undo")
        await shows(pilot, "put back: shop/cart.py")
        await shows(pilot, "not applied yet")
        await settle(pilot)
        assert (app.conversation.turns()[-1].payload or {})["applied"] is False

    drive(app, body, size=(100, 30))
    assert (app.conversation.root / "shop/cart.py").read_text() == old


def test_a_review_without_findings_opens_nothing(tmp_path: Path) -> None:
    """What the turn says is all there is; the same goes for a commit that is not possible."""
    empty = {"findings": [], "not_reviewed": [], "files": 0, "dropped": 0, "model": ""}
    app, _ = opened_chat(
        tmp_path, {"review": [[Result(empty)]], "commit": [[Result({"stopped": "nothing-staged", "paths": []})]]}
    )

    async def body(pilot: Pilot[int]) -> None:
        for command in ("/review", "/commit"):
            await typed(pilot, command)
            await settle(pilot)
            assert app.screen is app.main

    drive(app, body, size=(100, 30))
