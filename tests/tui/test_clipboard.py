"""Copying, with small real programs in the place of the clipboard's."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import pytest
from textual.actions import SkipAction
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.widgets import Static

from localdev.tui import clipboard
from localdev.tui.clipboard import Copied, copy, copy_selected, described, give_to_program
from tests.tui.drive import drive


class Programs:
    """A folder that is the whole PATH, with programs that keep what they are given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, script: str) -> None:
        """Add a program; `$OUT` in it is the file it may write to."""
        path = self.folder / name
        # The PATH holds nothing else, so programs name what they use in full.
        path.write_text(f"#!/bin/sh\nOUT={self.folder}/{name}.got\n{script}\n")
        path.chmod(0o755)

    def got(self, name: str) -> bytes:
        """Give what a program was given; nothing when it never ran."""
        path = self.folder / f"{name}.got"
        return path.read_bytes() if path.exists() else b""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Make an empty PATH that programs can be added to."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return Programs(tmp_path)


def test_the_first_program_that_works_takes_it(programs: Programs) -> None:
    """One that fails (no display) is passed over; those after the one that works are not run."""
    programs.add("wl-copy", "exit 1")
    programs.add("xclip", '/bin/cat > "$OUT"; echo "$@" >> "$OUT"')
    programs.add("xsel", '/bin/cat > "$OUT"')
    assert give_to_program("größe\n") == "xclip"
    assert programs.got("xclip").decode() == "größe\n-selection clipboard\n"
    assert programs.got("xsel") == b""


def test_a_program_that_stays_is_not_waited_for(programs: Programs) -> None:
    """Programs that serve the clipboard from the background keep what they inherited open."""
    programs.add("xclip", '/bin/cat > "$OUT"; /bin/sleep 2 &')
    began = time.monotonic()
    assert give_to_program("text") == "xclip"
    assert time.monotonic() - began < 1.5


def test_a_program_that_hangs_is_ended(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not end in time is killed with what it started, and the next has its turn."""
    monkeypatch.setattr(clipboard, "SECONDS", 0.3)
    programs.add("wl-copy", 'echo $$ > "$OUT"; /bin/sleep 30; echo late >> "$OUT"')
    programs.add("pbcopy", '/bin/cat > "$OUT"')
    assert give_to_program("text") == "pbcopy"
    with pytest.raises(ProcessLookupError):
        os.kill(int(programs.got("wl-copy")), 0)


def test_windows_expects_utf_16(programs: Programs) -> None:
    """The program of Windows is given what it reads; half a character pair does not stop it."""
    programs.add("clip.exe", '/bin/cat > "$OUT"')
    assert give_to_program("ä\ud800") == "clip.exe"
    assert programs.got("clip.exe").decode("utf-16-le") == "ä?"


def test_a_program_that_reads_nothing(programs: Programs) -> None:
    """A program that ends without reading a long text does not raise."""
    programs.add("xsel", "exit 0")
    assert give_to_program("x" * 1_000_000) == "xsel"


def test_nothing_there(programs: Programs) -> None:
    """Without any program none is named; one that cannot be started is as good as none."""
    assert give_to_program("text") == ""
    (programs.folder / "xclip").write_bytes(b"\x7fELF nonsense")
    (programs.folder / "xclip").chmod(0o755)
    assert give_to_program("text") == ""


@pytest.mark.parametrize(
    ("done", "says"),
    [
        (Copied("xclip", True), "copied the answer: 4 characters (xclip)"),
        (Copied("", True), "OSC 52"),
        (Copied("", False), "`/export`"),
    ],
)
def test_what_was_done_is_said(done: Copied, says: str) -> None:
    """The words name the way it went, or what to do."""
    assert says in described(done, "text", "the answer")


def test_the_terminal_is_asked_too(programs: Programs) -> None:
    """The text goes to the terminal as OSC 52 and to the program, and the user is told."""
    programs.add("xclip", '/bin/cat > "$OUT"')
    app: App[None] = App()
    written: list[str] = []

    async def body(pilot: Pilot[None]) -> None:
        driver = app._driver
        assert driver is not None
        driver.write = written.append  # type: ignore[assignment]
        copy(app.screen, "a[b]", "the code")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert f"\x1b]52;c;{base64.b64encode(b'a[b]').decode()}\a" in written
        assert programs.got("xclip") == b"a[b]"
        assert [note.message for note in app._notifications] == ["copied the code: 4 characters (xclip)"]

    drive(app, body)


def test_nothing_selected_is_nothing_copied(programs: Programs) -> None:
    """Where nothing, or only nothing, is selected the key is another's, and what was copied before stays."""
    programs.add("xsel", '/bin/cat > "$OUT"')
    empty = Static("words", id="words")

    class Small(App[None]):
        def compose(self) -> ComposeResult:
            yield empty

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        with pytest.raises(SkipAction):
            copy_selected(app.screen)
        app.screen.selections = {empty: Selection(Offset(2, 0), Offset(2, 0))}
        with pytest.raises(SkipAction):
            copy_selected(app.screen)
        app.screen.selections = {empty: Selection(Offset(0, 0), Offset(2, 0))}
        copy_selected(app.screen)
        await app.workers.wait_for_complete()
        assert programs.got("xsel") == b"wo"

    drive(Small(), body)


def test_what_no_terminal_takes_is_not_sent_to_it(programs: Programs) -> None:
    """A text beyond what terminals keep is not written to one; without a program that is a warning."""
    app: App[None] = App()
    written: list[str] = []

    async def body(pilot: Pilot[None]) -> None:
        driver = app._driver
        assert driver is not None
        driver.write = written.append  # type: ignore[assignment]
        copy(app.screen, "x" * 1_000_000, "the answer")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert not any("]52;" in each for each in written)
        assert [note.severity for note in app._notifications] == ["warning"]

    drive(app, body)
