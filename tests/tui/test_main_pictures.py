"""Pictures of the main screen: both themes, three sizes, and what it looks like while something goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.core.events import Progress
from localdev.tui.app import ChatOptions
from localdev.tui.composer.widget import Composer
from tests.tui.drive import Snapshots, settle, shows
from tests.tui.opened import opened_chat
from tests.tui.scripted import Gate, answer_script, conversation_turns


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
def test_a_conversation(tmp_path: Path, snap: Snapshots, theme: str, size: tuple[int, int]) -> None:
    """Turns of every kind and state, the question, and the status line."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns(), options=ChatOptions(theme=theme))
    snap(app, f"main-{theme}-{size[0]}x{size[1]}", size=size)


def test_nothing_asked_yet(tmp_path: Path, snap: Snapshots) -> None:
    """The first thing a user sees."""
    snap(opened_chat(tmp_path, {})[0], "main-empty")


def test_without_colours(tmp_path: Path, snap: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said by colour alone."""
    monkeypatch.setenv("NO_COLOR", "1")
    snap(opened_chat(tmp_path, {}, turns=conversation_turns())[0], "main-no-color", size=(120, 36))


def test_an_answer_under_way_and_a_queue(tmp_path: Path, snap: Snapshots) -> None:
    """A prompt being read is said with how far it is; what waits stands above the question."""
    begun = [Progress("reading the prompt", 512, 954, "tokens"), Gate(), *answer_script()]
    app, _ = opened_chat(tmp_path, {"chat": [begun]}, turns=conversation_turns()[:1])

    async def before(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for text in ("first of all?", "/review staged", "and then?"):
            app.query_one(Composer).set_draft(text)
            await pilot.press("enter")
        await shows(pilot, "512/954")
        app.main.transcript.display = False  # the moment it was asked at stands there

    snap(app, "main-queue", before=before, workers=False)


def test_the_sources_where_there_is_little_room(tmp_path: Path, snap: Snapshots) -> None:
    """Shown when asked for, below the conversation."""
    app, _ = opened_chat(tmp_path, {}, turns=conversation_turns()[:1])
    snap(app, "main-sources-60x15", size=(60, 15), press=["f4"])


def test_an_error_in_passing(tmp_path: Path, snap: Snapshots) -> None:
    """What went wrong and what to do."""
    app, _ = opened_chat(tmp_path, {})

    async def before(pilot: Pilot[int]) -> None:
        app.query_one(Composer).set_draft("/modle tiny")
        await pilot.press("enter")
        await shows(pilot, "did you mean")

    snap(app, "main-error", before=before)
