"""The whole app with scripted jobs: what only shows when all parts are together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from localdev.core.talk import Turn
from tests.tui.drive import drive, settle
from tests.tui.opened import opened_chat
from tests.tui.picture import text_of
from tests.tui.scripted import prose


def test_a_long_session_is_shown_from_its_end(tmp_path: Path) -> None:
    """Every row in view is laid out, though all above is an estimate."""
    turns = [
        Turn(number, "question", f"question {number}", prose(496, seed=number), "done", model="tiny")
        for number in range(1, 101)
    ]
    app, _ = opened_chat(tmp_path, {}, turns=turns)

    async def body(pilot: Pilot[Any]) -> None:
        rows = [row[:60].strip(" ┃") for row in text_of(await settle(pilot))[1:40]]
        assert sum(row == "" for row in rows) < 15

    drive(app, body, size=(160, 48))
