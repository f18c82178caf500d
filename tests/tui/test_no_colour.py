"""NO_COLOR: no screen paints anything but shades of grey, whichever way its widgets draw themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.color import Color
from textual.pilot import Pilot

from localdev.tui.patch.screen import PatchScreen
from localdev.tui.review.findings import FindingsScreen
from tests.tui.drive import drive, settle
from tests.tui.opened import opened_chat
from tests.tui.patching import desk_on, payload_of, project
from tests.tui.picture import screen_rows
from tests.tui.scripted import conversation_turns
from tests.tui.test_review_screen import ALL, payload


def colours(pilot: Pilot[int]) -> set[tuple[int, int, int]]:
    """Give all inks and grounds on the screen that are no grey."""
    styles = (segment.style for row in screen_rows(pilot.app) for segment in row if segment.style is not None)
    seen: set[Color] = {colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None}
    values = {tuple(colour.get_truecolor()) for colour in seen}
    return {value for value in values if len(set(value)) > 1}  # type: ignore[misc]


@pytest.mark.parametrize("without", [True, False])
def test_only_greys_are_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: bool) -> None:
    """In the conversation, sources, lists, dialogs, a patch and a review; without the variable there are colours."""
    if without:
        monkeypatch.setenv("NO_COLOR", "1")
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        for keys in (["f3", "home"], ["f4"], ["f2", "slash"], ["escape", "ctrl+p"], ["escape", "f1"], ["escape"]):
            await pilot.press(*keys)
            await settle(pilot)
            assert bool(colours(pilot)) is not without
        for screen in (
            PatchScreen(payload_of(), desk_on(project(tmp_path / "other"))),
            FindingsScreen(payload(*ALL), app.desk),
        ):
            app.push_screen(screen)
            await settle(pilot)
            assert bool(colours(pilot)) is not without
            await pilot.press("escape")

    drive(app, body, size=(120, 36))
