"""A source shown with its lines, files that are not what they were, and the editor that gets the terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from localdev.app.conversation.desk import Desk
from localdev.core.events import Citation
from localdev.tui.sources.code import CodeView
from localdev.tui.sources.preview import PreviewScreen
from localdev.tui.themes import DARK, LIGHT
from tests.tui.dialogs import desk_of
from tests.tui.drive import Snapshots, drive, settle
from tests.tui.picture import screen_text

CODE = '''"""Baskets."""

import json

GOLD = "gold"  # customers


class Basket:
    """What a customer buys."""

    def add(self, name: str, price: float = 1.5) -> None:
        """Put one more in."""
        if name == GOLD:
            raise ValueError("no \\x1b gold")
        self.items.append((name, price))
'''


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder with ordinary and terrible files."""
    root = tmp_path / "house"
    root.mkdir()
    (root / "basket.py").write_text(CODE + "\n".join(f"# line {n}" for n in range(16, 500)) + "\n")
    (root / "wide.py").write_text("x = '" + "y" * 1_000_000 + "'\n漢字 = 'a\tb'  # \x1b[31m red \u202e abc\n")
    (root / "picture.png").write_bytes(b"\x89PNG\0\0")
    (root / "empty.py").write_text("")
    return desk_of(root)


class Host(App[None]):
    """Shows one source."""

    def __init__(self, citation: Citation, desk: Desk, *, light: bool = False, since: float = 0.0) -> None:
        super().__init__()
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self.theme = (LIGHT if light else DARK).name
        self.preview = PreviewScreen(citation, desk, since=since)

    def on_mount(self) -> None:
        """Open it."""
        self.push_screen(self.preview)


BASKET = Citation(4, "basket.py", 11, 15, "Basket.add")


def test_preview(snap: Snapshots, desk: Desk) -> None:
    """Numbers, colours, and the cited lines marked in the margin and by their ground."""
    snap(Host(BASKET, desk), "preview")


def test_preview_light_and_small(snap: Snapshots, desk: Desk) -> None:
    """The same in the light theme on the smallest screen, with a file that changed since it was cited."""
    since = (desk.root / "basket.py").stat().st_mtime - 60
    snap(Host(BASKET, desk, light=True, since=since), "preview-small", size=(60, 15))


def test_terrible_lines(snap: Snapshots, desk: Desk) -> None:
    """A line of a megabyte, wide characters, tabs, escapes: cut, counted, shown in figures; it scrolls sideways."""
    snap(Host(Citation(1, "wide.py", 1, 2), desk), "preview-terrible", press=("right",))


@pytest.mark.parametrize(
    ("path", "said"),
    [("gone.py", "there is no file"), ("picture.png", "is no text"), ("empty.py", "is empty"), ("../a", "is outside")],
)
def test_what_cannot_be_shown_is_said(desk: Desk, path: str, said: str) -> None:
    """A file that vanished, one that is no text, one without lines: said in the lines' place, with what to do."""
    host = Host(Citation(2, path, 1, 3), desk)

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        text = screen_text(pilot.app)
        assert said in text
        assert path == "empty.py" or "hint: " in text
        await pilot.press("enter", "down", "left", "q")
        assert pilot.app.screen is not host.preview

    drive(host, body)


def test_the_marked_lines_are_found_again(desk: Desk) -> None:
    """Far down in a file the cited line is in view at once; after scrolling away Enter brings it back."""
    host = Host(Citation(2, "basket.py", 300, 302), desk)

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        assert "# line 300" in screen_text(pilot.app)
        await pilot.press("end")
        await settle(pilot)
        assert "# line 300" not in screen_text(pilot.app)
        await pilot.press("enter")
        await settle(pilot)
        assert "300▌ # line 300" in screen_text(pilot.app)

    drive(host, body)


def test_selected_text_has_no_numbers(desk: Desk) -> None:
    """What the mouse selects and Ctrl+C copies is the file's text alone."""
    host = Host(BASKET, desk)

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        view = host.preview.query_one(CodeView)
        row = next(y for y, line in enumerate(screen_text(pilot.app).split("\n")) if "def add" in line)
        y = row - view.region.y
        await pilot.mouse_down(view, offset=(9, y))
        await pilot.hover(view, offset=(12, y))
        await pilot.mouse_up(view, offset=(11, y))
        await settle(pilot)
        assert host.preview.get_selected_text() == "def"

    drive(host, body)


EDITOR = """\
import signal, sys, pathlib
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
pathlib.Path(sys.argv[0]).with_suffix(".log").write_text(" ".join(sys.argv[1:]))
print("IN THE EDITOR", sys.stdin.isatty(), sys.stdout.isatty(), flush=True)
with open(sys.argv[1], "w") as file:
    file.write("edited = 1\\n" * 20)
sys.stdin.readline()
print("leaving")
sys.exit(int(sys.argv[0].endswith("bad.py")))
"""
CHAT = """\
import sys
from pathlib import Path
from tests.tui.test_sources_preview import BASKET, Host
from tests.tui.dialogs import desk_of
host = Host(BASKET, desk_of(Path(sys.argv[1]), editor=sys.argv[2]))
host.run()
"""


class Terminal:
    """A real terminal in which a program runs; `screen` is all it has written."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, env)
        self.screen = ""

    def wait_for(self, pattern: str, seconds: float = 30) -> str:
        """Read until something is written, and forget what came before it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.screen)):
            assert time.monotonic() < end, f"{pattern!r} did not come: {self.screen[-3000:]!r}"
            if select.select([self.handle], [], [], 0.1)[0]:
                try:
                    self.screen += os.read(self.handle, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"{pattern!r} did not come: {self.screen[-3000:]!r}") from None
        self.screen = self.screen[found.end() :]
        return found[0]

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self.handle, keys.encode())

    def end(self) -> int:
        """Wait for the program."""
        while True:
            try:
                if not os.read(self.handle, 65536):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("name", "after"), [("good.py", "edited"), ("bad.py", "ended with 1")])
def test_the_editor_gets_the_terminal_and_gives_it_back(desk: Desk, name: str, after: str) -> None:
    """A real program in a real terminal: it gets the line, Ctrl-C in it ends nothing, and the chat goes on after it."""
    (desk.root / name).write_text(EDITOR)
    env = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])}
    editor = f"{sys.executable} {desk.root / name}"
    terminal = Terminal([sys.executable, "-c", CHAT, str(desk.root), editor], env)
    terminal.wait_for("Basket.add")
    terminal.wait_for("def")
    terminal.send("o")
    terminal.wait_for(re.escape("\x1b[?1049l"))
    terminal.wait_for("IN THE EDITOR True True")
    assert (desk.root / name).with_suffix(".log").read_text() == str(desk.root / "basket.py")
    terminal.send("\x03")
    terminal.wait_for("interrupted")
    terminal.send("\n")
    terminal.wait_for("leaving")
    terminal.wait_for(re.escape("\x1b[?1049h"))
    terminal.wait_for(after)
    terminal.send("\x11")
    assert terminal.end() == 0


def test_an_editor_needs_a_terminal(desk: Desk) -> None:
    """Without a terminal, as here, nothing can be opened; that is a message, no crash, and the lines stay."""

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("o")
        await settle(pilot)
        assert "hint: " in screen_text(pilot.app) and "def add" in screen_text(pilot.app)

    drive(Host(BASKET, desk_of(desk.root, editor="no-such-editor")), body)
