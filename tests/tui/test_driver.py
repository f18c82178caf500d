"""What is read from the terminal: pastes are whole and hold no keys, however they are cut."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from textual import events
from textual._parser import ParseError

from localdev.tui.driver import PasteParser
from tests.tui.terminal import Bare

_START, _END = "\x1b[200~", "\x1b[201~"
_PROGRAM = """
from localdev.tui.driver import driver_class
from textual.app import App
from textual.widgets import Static
from localdev.tui.composer import Composer, Submitted

class Small(App):
    def __init__(self):
        super().__init__(driver_class=driver_class())
    def compose(self):
        yield Static("said:", id="said", markup=False)
        yield Composer()
    def on_mount(self):
        self.query_one(Composer).focus_editor()
    def on_submitted(self, event):
        self.query_one("#said").update("said: " + event.text + " with " + str([len(a.text) for a in event.attachments]))

Small().run()
"""


def read(*parts: str) -> list[str]:
    """Give the keys, and the pastes in angle brackets, that these reads make."""
    parser, found = PasteParser(), []
    for part in parts:
        for message in parser.feed(part):
            if isinstance(message, events.Key):
                found.append(message.key)
            elif isinstance(message, events.Paste):
                found.append(f"<{message.text}>")
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ab", ["a", "b"]),
        (f"a{_START}b{_END}c", ["a", "<b>", "c"]),
        (f"{_START}a\x1b[31mred\rmore\x01\x07{_END}", ["<a\x1b[31mred\rmore\x01\x07>"]),
        (f"{_START}x\x1b[{'z' * 60}\r/quit\r{_END}y", [f"<x\x1b[{'z' * 60}\r/quit\r>", "y"]),
        (f"{_START}{_END}", ["<>"]),
        (f"{_START}a{_START}b{_END}", [f"<a{_START}b>"]),
        (f"{_START}a\x00b{_END}{_START}c{_END}", ["<ab>", "<c>"]),
        ("\x1b[A\x1b[200x", ["up"]),
        ("\x1b\r", ["alt+enter"]),
        ("a\x1b\rb\r", ["a", "alt+enter", "b", "enter"]),
        ("\r", ["enter"]),
    ],
)
def test_what_is_read(text: str, found: list[str]) -> None:
    """Keys outside a paste, the paste as one text, whatever it holds."""
    assert read(text)[: len(found)] == found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_reads_may_end_anywhere(size: int) -> None:
    """A paste that comes in small parts is the same paste; its marks may be cut too."""
    text = f"ab{_START}one\x1b[2J\rtwo\x1b[201{_END}{_START}three{_END}c"
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    if size == 1:  # an Esc on its own is the key, as it is for Textual
        parts = [text[: text.index(_START) + 2], *text[text.index(_START) + 2 :]]
        parts = [part for part in parts if part]
    pasted = [each for each in read(*parts) if each.startswith("<")]
    assert pasted[0] == "<one\x1b[2J\rtwo\x1b[201>"


def test_escape_is_not_held_back() -> None:
    """The key Esc, alone in a read, is known as soon as it is without us; what follows is not lost."""
    parser = PasteParser()
    assert list(parser.feed("\x1b")) == []
    assert [each.key for each in parser.feed("[A") if isinstance(each, events.Key)] == ["up"]


def test_what_only_began_like_a_paste_is_keys() -> None:
    """A sequence that stops before it is a paste's mark is handed on after a moment."""
    parser = PasteParser()
    assert [each.key for each in parser.feed("ab\x1b[2") if isinstance(each, events.Key)] == ["a", "b"]
    time.sleep(0.15)
    list(parser.tick())
    assert [each.key for each in parser.feed("4~") if isinstance(each, events.Key)] == ["f12"]
    assert [each.key for each in parser.feed("c\x1b") if isinstance(each, events.Key)] == ["c"]
    found: list[str] = []
    end = time.monotonic() + 5
    while not found and time.monotonic() < end:
        time.sleep(0.02)
        found = [each.key for each in parser.tick() if isinstance(each, events.Key)]
    assert found == ["escape"]


def test_the_end_of_all_input_within_a_paste() -> None:
    """Where the terminal goes away in a paste, nothing of it is taken for keys."""
    parser = PasteParser()
    assert list(parser.feed(f"{_START}a\x1b[201")) == []
    with contextlib.suppress(EOFError, ParseError):
        assert list(parser.feed("")) == []


@pytest.fixture
def terminal(tmp_path: Path) -> Bare:
    """Run a composer in a terminal."""
    env = {**os.environ, "TERM": "xterm-256color", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    return Bare([sys.executable, "-c", _PROGRAM], env=env, cwd=tmp_path)


def test_a_real_terminal(terminal: Bare) -> None:
    """A paste with escapes and Enter in it is not sent by itself; bytes that are no text do not stop the keys."""
    try:
        terminal.wait("Ask about")
        terminal.type(f"{_START}a\x1b[31mred\rmore{_END}")
        terminal.wait("more")
        assert "said: " not in terminal.screen().replace("said:\n", "")
        os.write(terminal._master, b"\xff")
        terminal.type(f"{_START}" + "some words\r" * 100_000 + _END)
        terminal.wait("100000 lines")
        terminal.type("!\x1b\r")
        terminal.type("end\r")
        terminal.wait("with [1100000]")
        assert "\\x1b[31mred" in terminal.screen()
    finally:
        terminal.close()


def test_without_its_terminal_the_program_ends(tmp_path: Path) -> None:
    """Also where it was told not to mind a hangup, as by nohup: nobody could end it any more."""
    env = {**os.environ, "TERM": "xterm-256color", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    deaf = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", f"{deaf}\n{_PROGRAM}"],
        env=env,
        cwd=tmp_path,
        preexec_fn=lambda: os.login_tty(os.dup(slave)),
    )
    os.close(slave)
    try:
        shown = b""
        while b"Ask about" not in shown:
            shown += os.read(master, 65536)
        os.close(master)
        process.wait(10)
    finally:
        process.kill()
        process.wait()
