"""Sessions that have one title are told apart by when they were changed."""

from __future__ import annotations

import time
from pathlib import Path

from textual.pilot import Pilot

from tests.tui.drive import drive, settle, shows
from tests.tui.opened import SESSION, opened_chat
from tests.tui.scripted import conversation_turns


def test_sessions_of_one_title_show_their_times(tmp_path: Path) -> None:
    """What completes `/resume` says when each was held."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await pilot.press(*"/resume ")
        when = time.strftime("%Y-%m-%d %H:", time.localtime(app.conversation.session.changed_at))
        await shows(pilot, SESSION)
        await shows(pilot, when)

    drive(app, body, size=(120, 40))
