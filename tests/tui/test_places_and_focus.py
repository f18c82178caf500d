"""Where one is on the main screen: places from their top, the sources as wide as there is room, the focus seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.core.events import Citation
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import opened_chat, typed
from tests.tui.picture import screen_rows, screen_text
from tests.tui.scripted import Gate, answer_script, conversation_turns

PLACES = "\n\n".join(f"[{number}] shop/cart.py:{number}\n\n    def part_{number}(): ..." for number in range(1, 31))


def test_places_are_shown_from_the_best_one(tmp_path: Path) -> None:
    """Without a model the answer is read from its top; the next question is followed again."""
    scripts = {"chat": [answer_script(PLACES, model=""), answer_script("The second answer.", model="")]}
    app, _ = opened_chat(tmp_path, scripts, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await typed(pilot, "where is it?")
        await shows(pilot, "def part_1()")
        await settle(pilot)
        text = screen_text(app)
        assert "where is it?" in text
        assert "def part_1()" in text
        assert "def part_30()" not in text
        assert not app.main.transcript.following
        await typed(pilot, "and then?")
        await shows(pilot, "The second answer.")
        assert app.main.transcript.following

    drive(app, body)


def test_the_words_of_a_model_are_followed(tmp_path: Path) -> None:
    """They are read as they come, to their end."""
    app, _ = opened_chat(tmp_path, {"chat": [answer_script(PLACES)]})

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await typed(pilot, "where is it?")
        await shows(pilot, "def part_30()")
        await settle(pilot)
        assert "def part_30()" in screen_text(app)
        assert app.main.transcript.following

    drive(app, body)


def test_who_has_scrolled_away_from_places_stays(tmp_path: Path) -> None:
    """The end of the turn moves nothing under a reader's eyes."""
    gate = Gate()
    app, _ = opened_chat(tmp_path, {"chat": [answer_script(PLACES, model="", gate=gate)]}, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await typed(pilot, "where is it?")
        await shows(pilot, "def part_12()")
        await pilot.press("f3", "home")
        await settle(pilot, workers=False)
        before = app.main.transcript.scroll_offset.y
        gate.open()
        await settle(pilot)
        assert app.main.transcript.scroll_offset.y == before

    drive(app, body)


@pytest.mark.parametrize(("width", "panel"), [(100, 36), (120, 36), (160, 48), (240, 60)])
def test_the_sources_grow_with_the_screen(tmp_path: Path, width: int, panel: int) -> None:
    """A path that has room is not cut."""
    path = "src/shop/discounts/vouchers_of_s.py"  # with its lines 40 cells
    turn = replace(conversation_turns()[0], sources=(Citation(1, path, 1, 20, "total"),), cited=(1,))
    app, _ = opened_chat(tmp_path, {}, turns=(turn,))

    async def body(pilot: Pilot[int]) -> None:
        await settle(pilot)
        assert app.main.sources.size.width + 2 == panel
        assert (f"{path}:1-20" in screen_text(app)) is (panel > 44)

    drive(app, body, size=(width, 24))


def test_below_the_conversation_the_sources_have_the_whole_width(tmp_path: Path) -> None:
    """Narrow screens have them there."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        await pilot.press("f4")
        await settle(pilot)
        assert app.main.sources.size.width + 2 == 90

    drive(app, body, size=(90, 30))


@pytest.mark.parametrize("no_colour", [False, True])
def test_the_focus_is_told_by_heavy_lines(tmp_path: Path, no_colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Just what has the focus is drawn with them, with colours or without."""
    if no_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns())

    async def body(pilot: Pilot[int]) -> None:
        for key, place in (("f2", "#composer"), ("f3", "#transcript"), ("f4", "#sources")):
            await pilot.press(key)
            await settle(pilot)
            region = app.main.query_one(place).region
            for y, row in enumerate(screen_rows(app)):
                text = "".join(segment.text for segment in row)
                for x in (x for x, letter in enumerate(text) if letter in "┃━┏┓┗┛"):
                    assert region.contains(x, y)
            assert any("┃" in line for line in screen_text(app).split("\n"))

    drive(app, body, size=(120, 30))
