"""Reviews, patches and commits within the chat: opened when they are done, and again later from their turn."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from localdev.assistant.commit.dress import Worded
from localdev.assistant.commit.payload import commit_payload
from localdev.core.events import Result
from localdev.core.patch import FileEdit
from localdev.tui.screens.main import MainScreen
from tests.shop import PRICING
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import opened_chat, typed
from tests.tui.patching import payload_of
from tests.tui.test_review_screen import ALL, payload

NEW = PRICING.replace("amount * 0.1", "amount * 0.2")


def test_a_finding_is_handed_to_the_question(tmp_path: Path) -> None:
    """`/review` opens the findings; `x` puts the command for a fix into the question, where it can be changed."""
    app, _ = opened_chat(tmp_path, {"review": [[Result(payload(*ALL))]]})

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await typed(pilot, "/review")
        await shows(pilot, "not reviewed: 2 places")
        await pilot.press("p", "x")
        await settle(pilot)
        assert isinstance(app.screen, MainScreen)
        assert app.screen.composer.text == "/gen fix --finding debug-print@shop/run.py:5"

    drive(app, body, size=(120, 40))


def test_a_patch_is_applied_closed_opened_again_and_taken_back(tmp_path: Path) -> None:
    """The turn knows by the files themselves that its patch is there; `/undo` takes it back."""
    edits = [FileEdit("shop/pricing.py", PRICING, NEW)]
    app, _ = opened_chat(tmp_path, {"gen": [[Result(payload_of(edits))]]})
    root = app.conversation.root

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await typed(pilot, "/gen doc shop/pricing.py::discount")
        await shows(pilot, "hunk 1 of 1: not decided")
        await pilot.press("a", "enter")
        await shows(pilot, "applied: shop/pricing.py")
        assert (root / "shop/pricing.py").read_text() == NEW
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("f3", "alt+up", "enter")
        await shows(pilot, "all of this is applied")
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("f2")
        await typed(pilot, "/undo")
        await shows(pilot, "put back: shop/pricing.py")
        assert (root / "shop/pricing.py").read_text() == PRICING

    drive(app, body, size=(120, 40))


def test_a_commit_is_made_from_the_chat(tmp_path: Path) -> None:
    """`/commit` opens the message; it is committed and the chat says so."""
    message = commit_payload(Worded("fix: twenty percent", "", "fix", ""), files=1)
    app, _ = opened_chat(tmp_path, {"commit": [[Result(message)]]})
    root = app.conversation.root
    (root / "shop/pricing.py").write_text(NEW)
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await typed(pilot, "/commit")
        await shows(pilot, "staged: 1 file")
        await pilot.press("alt+g")
        await shows(pilot, "committed ")

    drive(app, body, size=(120, 40))
    said = subprocess.run(
        ["git", "-C", str(root), "log", "-1", "--format=%s"], check=True, capture_output=True, text=True
    )
    assert said.stdout == "fix: twenty percent\n"
