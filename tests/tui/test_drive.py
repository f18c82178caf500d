"""The means of the screen's tests themselves: pictures are equal everywhere, and a difference is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.picture import picture, screen_text, text_of

ROOT = Path(__file__).parents[2]


class Ask(ModalScreen[None]):
    """A dialog over the screen."""

    DEFAULT_CSS = "Ask { align: center middle; } Ask Static { width: 30; border: heavy $primary; }"

    def compose(self) -> ComposeResult:
        """Show one line."""
        yield Static("Really? <&>")


class Example(App[None]):
    """All that a picture must show: colours, wide letters, a cursor, a dialog, work in a thread."""

    BINDINGS: ClassVar[list[BindingType]] = [("f2", "ask", "Ask"), ("f3", "work", "Work")]

    def compose(self) -> ComposeResult:
        """Show a text, a field and an area."""
        text = Text("plain ").append("bold", "bold").append(" under", "underline").append(" struck", "strike red")
        yield Static(
            text.append(" back", "reverse").append(" 漢字 \u05d0\u05d1 e\u0301", "italic dim #00aaff"), id="text"
        )
        yield Input("typed")
        yield TextArea("def f():\n    return 1\n")

    def action_ask(self) -> None:
        """Open the dialog."""
        self.push_screen(Ask())

    def action_work(self) -> None:
        """Do something slow elsewhere."""
        self.run_worker(self._work, thread=True)

    def _work(self) -> None:
        time.sleep(0.1)
        self.call_from_thread(self.query_one("#text", Static).update, "worked")


def test_a_screen_is_compared_with_its_picture(snap: Snapshots) -> None:
    """The picture of a whole screen, kept beside the tests."""
    snap(Example(), "drive-screen", size=(60, 15))


def test_a_dialog_is_drawn_over_its_screen(snap: Snapshots) -> None:
    """What lies beneath a dialog belongs to the picture."""
    snap(Example(), "drive-dialog", size=(60, 15), press=("f2",))


def test_a_picture_waits_for_threads() -> None:
    """What a thread changes is in the picture."""

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("f3")
        assert "worked" in text_of(await settle(pilot))[0]

    drive(Example(), body)


def test_a_text_that_never_comes_fails_with_the_screen() -> None:
    """The failure says what is on the screen instead."""

    async def body(pilot: Pilot[None]) -> None:
        await shows(pilot, "typed")
        with pytest.raises(AssertionError, match=r"(?s)'absent'.*typed"):
            await shows(pilot, "absent", seconds=0.1)

    drive(Example(), body)


def test_a_difference_is_told_and_kept_aside(tmp_path: Path) -> None:
    """The message shows the lines that differ; the new picture lies beside the kept one until it is right again."""
    drawn: list[str] = []

    async def body(pilot: Pilot[None]) -> None:
        drawn.append(await settle(pilot))

    drive(Example(), body)
    Snapshots(tmp_path, accept=True).compare(drawn[0], "one")
    with pytest.raises(pytest.fail.Exception, match=r"(?s)-.*typed.*\+.*other.*accept"):
        Snapshots(tmp_path, accept=False).compare(drawn[0].replace("typed", "other"), "one")
    assert (tmp_path / "one.new.svg").exists()
    Snapshots(tmp_path, accept=False).compare(drawn[0], "one")
    assert [path.name for path in tmp_path.glob("*.svg")] == ["one.svg"]


def test_a_missing_picture_is_a_failure(tmp_path: Path) -> None:
    """Nothing is kept unasked: otherwise a test without its picture passes wherever it runs first."""
    with pytest.raises(pytest.fail.Exception, match="no such snapshot"):
        Snapshots(tmp_path, accept=False).compare("<desc>a</desc>", "absent")
    assert not (tmp_path / "absent.svg").exists()


def test_colours_alone_are_a_difference(tmp_path: Path) -> None:
    """The text may be equal where the looks are not."""
    Snapshots(tmp_path, accept=True).compare("<desc>a</desc><a>", "looks")
    with pytest.raises(pytest.fail.Exception, match="colours or places"):
        Snapshots(tmp_path, accept=False).compare("<desc>a</desc><b>", "looks")


def test_the_text_of_a_picture_is_that_of_the_screen() -> None:
    """Escaping goes both ways."""

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("f2")
        await pilot.pause()
        assert "\n".join(text_of(picture(pilot.app))) == screen_text(pilot.app)
        assert "Really? <&>" in screen_text(pilot.app)

    drive(Example(), body)


ELSEWHERE = {
    "dumb": {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "33", "LINES": "7", "PYTHONHASHSEED": "7"},
    "far": {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "TEXTUAL_THEME": "nord", "FORCE_COLOR": "1"},
    "ci": {"CI": "true", "TERM": "", "TEXTUAL_ANIMATIONS": "none", "TEXTUAL_COLOR_SYSTEM": "standard"},
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_pictures_do_not_depend_on_surroundings(name: str, tmp_path: Path) -> None:
    """The kept pictures are met with another terminal, time zone, language, home and no terminal at all."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **ELSEWHERE[name]}
    test = f"tests/tui/test_drive.py::{test_a_screen_is_compared_with_its_picture.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
