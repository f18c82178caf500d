"""The terminals that the real program is tested in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.grid import Grid
from tests.tui.terminal import HAS_TMUX, Bare, Terminal, Tmux

# Full-screen, with mouse; shows its size, then every key; q leaves, x leaves without tidying up.
PROGRAM = """
import os, shutil, signal, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
def say(text): os.write(1, text.encode())
def size(*_):
    columns, rows = shutil.get_terminal_size()
    say(f"\\x1b[2J\\x1b[1;1H\\x1b[1m{columns}\\x1b[0mx{rows}\\x1b[3;5Hready 漢字 \\u00e9")
signal.signal(signal.SIGWINCH, size)
say("\\x1b[?1049h\\x1b[?25l\\x1b[?1003h\\x1b]0;a title\\x07")
size()
typed = b""
while True:
    key = os.read(0, 16)
    if key == b"x": sys.exit(3)
    if key == b"q": break
    typed += key
    say(f"\\x1b[4;1H{typed!r}")
say("\\x1b[?1003l\\x1b[?25h\\x1b[?1049l")
termios.tcsetattr(0, termios.TCSADRAIN, before)
"""
KINDS = [pytest.param(Tmux, marks=pytest.mark.skipif(not HAS_TMUX, reason="there is no tmux here")), Bare]
Open = Callable[[], Terminal]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__.lower())
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Give a function that starts the program in a terminal of each kind."""
    started: list[Terminal] = []

    def call() -> Terminal:
        started.append(request.param([sys.executable, "-c", PROGRAM], env=dict(os.environ), cwd=tmp_path))
        started[-1].wait("ready")
        return started[-1]

    yield call
    for terminal in started:
        terminal.close()


def test_a_terminal_shows_what_is_drawn_and_typed(start: Open) -> None:
    """Places, wide letters, keys by name and as text."""
    terminal = start()
    assert terminal.screen().split("\n")[:3] == ["80x24", "", "    ready 漢字 é"]
    terminal.type("a;")
    terminal.wait("a;'")
    terminal.press("Escape")
    terminal.wait(r"a;\x1b'")
    terminal.press("C-c")
    terminal.wait(r"a;\x1b\x03'")


def test_a_terminal_changes_its_size(start: Open) -> None:
    """The program is told."""
    terminal = start()
    terminal.resize(60, 15)
    terminal.wait("60x15")


def test_what_a_program_leaves_behind_is_seen(start: Open) -> None:
    """A tidy end leaves nothing; an untidy one is named."""
    tidy = start()
    tidy.type("q")
    assert (tidy.ended(), tidy.left_over()) == (0, [])
    untidy = start()
    untidy.type("x")
    assert untidy.ended() == 3
    assert untidy.left_over()


def test_a_killed_program_is_told_by_its_signal(start: Open) -> None:
    """As after `kill -9`."""
    terminal = start()
    terminal.kill()
    assert terminal.ended() == -9


def test_waiting_for_a_program_that_ended_fails_at_once(start: Open) -> None:
    """With what it showed."""
    terminal = start()
    terminal.type("x")
    with pytest.raises(AssertionError, match="ended with 3"):
        terminal.wait("absent")


def test_sequences_cut_anywhere_are_read() -> None:
    """The bytes of a pseudo-terminal come in pieces of any size."""
    data = "\x1b[2J\x1b[2;3Hab\x1b[31m漢\x1b[0m\x1b]8;;x\x1b\\c\r\nd\x1b[1;1He\u0301\x1b[K".encode()
    grid = Grid(8, 3)
    for byte in data:
        grid.feed(bytes([byte]))
    assert grid.text() == "e\u0301\n  ab漢c\nd"
