"""How a patch is laid out: nothing that one is to accept is cut without a word; the line of keys holds whole ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from localdev.core.change import Hunk
from localdev.core.patch import FileEdit
from localdev.tui.patch.hunks import PatchState
from localdev.tui.patch.lines import laid_out, longest
from localdev.tui.patch.screen import PatchScreen
from localdev.tui.patch.view import PatchView
from tests.tui.drive import drive, settle, shows
from tests.tui.opened import opened_chat
from tests.tui.patching import EDITS, Stage, desk_on, files_of, payload_of, project
from tests.tui.picture import screen_text

WORDS = ":param tax: Of type float, 0.2 by default, what is added to the price in the end."
DOCUMENTED = (FileEdit("shop.py", "def price():\n    return 1\n", f"def price():\n    '''{WORDS}'''\n    return 1\n"),)


def stage(root: Path, edits: tuple[FileEdit, ...]) -> Stage:
    """Show a patch for a project."""
    return Stage(PatchScreen(payload_of(edits), desk_on(project(root, edits))))


@pytest.mark.parametrize(("width", "beside"), [(100, False), (139, False), (140, True)])
def test_halves_are_only_taken_where_they_hold_a_line(tmp_path: Path, width: int, beside: bool) -> None:
    """At 100 columns the proposed text is seen whole."""

    async def body(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        assert pilot.app.screen.query_one(PatchView).beside is beside
        assert (WORDS in screen_text(pilot.app)) is not beside

    drive(stage(tmp_path, DOCUMENTED), body, size=(width, 24))


def test_files_that_come_or_go_have_one_column() -> None:
    """Half of the screen would be empty, and the other cut."""
    patch = PatchState(files_of(EDITS))
    found = {(patch.files[patch.parts[line.part].file].path, line.beside) for line in laid_out(patch, beside=True)}
    assert found >= {("shop/pricing.py", True), ("shop/new.py", False), ("old.txt", False)}
    assert ("shop/new.py", True) not in found
    assert ("old.txt", True) not in found


def test_cut_lines_are_said(tmp_path: Path) -> None:
    """With the keys that show the rest, and where one is; nothing is said where all is seen."""

    async def body(pilot: Pilot[Any]) -> None:
        await shows(pilot, "lines are longer than the view: Left and Right move them")
        await pilot.press("right")
        await shows(pilot, "long lines from column 9 on: Left and Right move them")
        await pilot.press(*["right"] * 40)
        await settle(pilot)
        assert pilot.app.screen.query_one(PatchView)._shift < len(WORDS) + 20
        await pilot.resize_terminal(120, 24)
        await settle(pilot)
        assert "lines are longer" not in screen_text(pilot.app)
        await pilot.press("v")
        await shows(pilot, "lines are longer than the view")

    drive(stage(tmp_path, DOCUMENTED), body, size=(60, 15))


def test_tabs_count_as_what_they_take() -> None:
    """A line that is too long by its tabs is too long."""
    (file,) = files_of((FileEdit("Makefile", None, "\t" * 30 + "x\n"),))
    hunks: tuple[Hunk, ...] = file.hunks
    assert longest([hunks]) >= 121


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_line_of_keys_holds_whole_keys(tmp_path: Path, width: int) -> None:
    """What is needed most first; where keys are left out, the one that lists all is there."""
    app, _ = opened_chat(tmp_path, {})

    async def body(pilot: Pilot[int]) -> None:
        app.push_screen(PatchScreen(payload_of(), desk_on(project(tmp_path / "other"))))
        await settle(pilot)
        row = screen_text(app).rstrip("\n").split("\n")[-1].rstrip()
        assert row.startswith("a Accept r Reject ⏎ Apply q Back")
        assert row.endswith("f1 All keys")
        words = ("Next", "Undo", "View", "Split", "Accept all", "Reject all", "Previous", "Editor", "Checks")
        rest = row.removeprefix("a Accept r Reject ⏎ Apply q Back").removesuffix("f1 All keys")
        for word, key in zip(words, "nuvsARpoc", strict=True):
            rest = rest.replace(f" {key} {word}", "", 1)
        assert not rest.strip()

    drive(app, body, size=(width, 24))
