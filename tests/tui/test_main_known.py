"""What the question can be completed with and gone back to: names that are read again, what was asked elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.core.code import RefreshReport
from localdev.core.events import Refreshed, Result
from localdev.core.patch import FileEdit
from localdev.core.talk import Turn
from localdev.tui.screens.views import open_result
from tests.shop import PRICING
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import NAMES, opened_chat
from tests.tui.patching import payload_of
from tests.tui.scripted import Script, answer_script, conversation_turns

ELSEWHERE = Turn(0, "question", "What was asked elsewhere?")
NEW: Script = (Result({"paths": ["shop/brand_new.py"], "symbols": []}),)


@pytest.mark.parametrize("keys", [("up",), ("ctrl+r", *"elsewhere", "enter")])
def test_questions_of_other_sessions_are_found(tmp_path: Path, keys: tuple[str, ...]) -> None:
    """Also by Up in a new conversation, before those of this one are reached."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])
    other = app.desk.store.create(app.conversation.root)
    app.desk.store.add(other.id, ELSEWHERE)
    app.conversation.new()

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)
        assert app.main.composer.text == "What was asked elsewhere?"

    drive(app, body)


def test_questions_of_this_session_come_first(tmp_path: Path) -> None:
    """Whoever goes back meets what was asked here last before what was asked elsewhere later."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])
    other = app.desk.store.create(app.conversation.root)
    app.desk.store.add(other.id, ELSEWHERE)

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        found = []
        for _ in range(2):
            await pilot.press("up")
            found.append(app.main.composer.text)
        assert found == ["How is the discount decided?", "What was asked elsewhere?"]

    drive(app, body)


@pytest.mark.parametrize(("report", "again"), [(RefreshReport(9, 9, changed=1), True), (RefreshReport(9, 9), False)])
def test_names_are_read_again_when_a_question_has_met_changed_files(
    tmp_path: Path, report: RefreshReport, again: bool
) -> None:
    """A file that was made in an editor meanwhile is completed; without a change nothing is read."""
    scripts: dict[str, Sequence[Script]] = {
        "names": [NAMES, NEW],
        "chat": [[Refreshed(report), *answer_script("Yes.")]],
    }
    app, starter = opened_chat(tmp_path, scripts)

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(*"why?", "enter")
        await shows(pilot, "Yes.")
        await settle(pilot)
        await pilot.press(*"@brand")
        if again:
            await shows(pilot, "shop/brand_new.py")

    drive(app, body)
    assert [each.job for each in starter.started].count("names") == 1 + again


def test_names_are_read_again_after_an_undo(tmp_path: Path) -> None:
    """A file that is gone is not completed any more."""
    app, starter = opened_chat(tmp_path, {"names": [NAMES, NEW]})
    app.desk.apply([FileEdit("shop/late.py", None, "x = 1\n")], "gen code")

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(*"/undo", "enter")
        await shows(pilot, "put back: shop/late.py")
        await settle(pilot)
        assert [each.job for each in starter.started] == ["names", "names"]

    drive(app, body)


def test_names_are_read_again_after_a_patch_was_applied(tmp_path: Path) -> None:
    """What it has made can be mentioned in the next question."""
    edits = [FileEdit("shop/pricing.py", PRICING, PRICING + "\nNEW = 1\n")]
    turn = Turn(1, "gen", "/gen doc shop/pricing.py", state="done", payload=payload_of(edits))
    app, starter = opened_chat(tmp_path, {"names": [NAMES, NEW]}, turns=[turn])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for applied, read in (([], 1), (["shop/pricing.py"], 2)):
            open_result(app.main, app.main.transcript.turns[-1])
            await settle(pilot)
            app.screen.dismiss(applied)
            await settle(pilot)
            assert [each.job for each in starter.started] == ["names"] * read

    drive(app, body)
