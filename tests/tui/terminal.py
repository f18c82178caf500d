"""Terminals for the real program: one inside tmux, and a bare one of our own where there is no tmux."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.tui.grid import Grid

HAS_TMUX = shutil.which("tmux") is not None
_KEYS = {
    "Enter": "\r",
    "Escape": "\x1b",
    "Tab": "\t",
    "BSpace": "\x7f",
    "Up": "\x1b[A",
    "Down": "\x1b[B",
    "Right": "\x1b[C",
    "Left": "\x1b[D",
    "PageUp": "\x1b[5~",
    "PageDown": "\x1b[6~",
    "Home": "\x1b[H",
    "End": "\x1b[F",
    **{f"F{number}": text for number, text in enumerate(("\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~"), 1)},
    "F10": "\x1b[21~",
}
_TMUX_SETTINGS = """\
set -g remain-on-exit on
set -g status off
set -sg escape-time 10
set -g default-terminal screen-256color
"""


class Terminal(ABC):
    """A terminal with one program in it; keys are named as tmux names them."""

    pid: int

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Press named keys, one after the other."""

    @abstractmethod
    def type(self, text: str) -> None:
        """Type characters."""

    @abstractmethod
    def screen(self) -> str:
        """Give what it shows, spaces at the ends of lines removed."""

    @abstractmethod
    def resize(self, columns: int, rows: int) -> None:
        """Change its size, as dragging a window does."""

    @abstractmethod
    def exit_code(self) -> int | None:
        """Give the program's exit code, None while it runs; -9 after `kill -9`."""

    @abstractmethod
    def left_over(self) -> list[str]:
        """Name the modes that the ended program should have taken back."""

    @abstractmethod
    def close(self) -> None:
        """End the program and everything that belongs to the terminal."""

    def kill(self) -> None:
        """End the program as the kernel does when memory runs out."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, what: str | Callable[[str], bool], seconds: float = 30) -> str:
        """Wait until the screen shows a text (or holds for a condition) and give the screen."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if what in screen if isinstance(what, str) else what(screen):
                return screen
            ended = self.exit_code()
            if ended is not None or time.monotonic() > end:
                state = f"the program ended with {ended}" if ended is not None else f"not in {seconds} s"
                raise AssertionError(f"{what!r} did not come, {state}; the screen:\n{self.screen()}")
            time.sleep(0.02)

    def ended(self, seconds: float = 20) -> int:
        """Wait for the end of the program and give its exit code."""
        end = time.monotonic() + seconds
        while (code := self.exit_code()) is None:
            if time.monotonic() > end:
                raise AssertionError(f"the program still runs after {seconds} s; the screen:\n{self.screen()}")
            time.sleep(0.02)
        return code


class Tmux(Terminal):
    """A program inside tmux, with a server of its own."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, size: tuple[int, int] = (80, 24)
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tmux"))  # sockets have short paths
        settings = self._folder / "tmux.conf"
        settings.write_text(_TMUX_SETTINGS, encoding="utf-8")
        self._tmux = ["tmux", "-u", "-S", str(self._folder / "socket"), "-f", str(settings)]
        self._env = {name: value for name, value in env.items() if name != "TMUX"}
        columns, rows = map(str, size)
        self._run("new-session", "-d", "-x", columns, "-y", rows, "-c", str(cwd), "--", *command)
        self.pid = int(self._asked("#{pane_pid}"))

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout

    def _asked(self, form: str) -> str:
        return self._run("display-message", "-p", form).strip()

    def press(self, *keys: str) -> None:
        """Press named keys, one after the other."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type characters."""
        self._run("send-keys", "-l", text.removesuffix(";") + ("\\;" if text.endswith(";") else ""))

    def screen(self) -> str:
        """Give what it shows."""
        return "\n".join(line.rstrip() for line in self._run("capture-pane", "-p").split("\n"))

    def resize(self, columns: int, rows: int) -> None:
        """Change its size."""
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def exit_code(self) -> int | None:
        """Give the program's exit code."""
        dead, code, ended_by, server = self._asked("#{pane_dead}/#{pane_dead_status}/#{pane_dead_signal}/#{pid}").split(
            "/"
        )
        if code or ended_by:
            return int(code) if code else -int(ended_by)
        if dead == "1":
            os.kill(int(server), signal.SIGCHLD)  # now and then it overlooks the end of a child
        return None

    def left_over(self) -> list[str]:
        """Name the modes that were not taken back."""
        modes = ("alternate_on", "mouse_any_flag", "keypad_cursor_flag")  # of the cursor an ended pane tells nothing
        return [name for name in modes if self._asked(f"#{{{name}}}") != "0"]

    def close(self) -> None:
        """End the server and what runs in it."""
        subprocess.run([*self._tmux, "kill-server"], env=self._env, capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


class Bare(Terminal):
    """A program on a pseudo-terminal, read by a thread."""

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, size: tuple[int, int] = (80, 24)
    ) -> None:
        self._grid, self._lock = Grid(*size), threading.Lock()
        self.written, self._shown = bytearray(), 0
        self.arrived: Callable[[bytes], None] = lambda _: None
        self._master, slave = os.openpty()
        self._set_size(*size)
        self._modes_before = termios.tcgetattr(slave)
        self._slave = slave  # kept open: its modes are read after the program's end
        self._process = subprocess.Popen(
            command, env=env, cwd=cwd, preexec_fn=lambda: os.login_tty(os.dup(slave)), pass_fds=(slave,)
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            self.arrived(data)
            with self._lock:
                self.written += data

    def _catch_up(self) -> None:
        """Take in what was written since the screen was looked at; reading itself must cost next to nothing."""
        self._grid.feed(bytes(self.written[self._shown :]))
        self._shown = len(self.written)

    def press(self, *keys: str) -> None:
        """Press named keys, one after the other."""
        for key in keys:
            self.type(chr(ord(key[2].upper()) - 64) if key.startswith("C-") else _KEYS[key])

    def type(self, text: str) -> None:
        """Type characters."""
        os.write(self._master, text.encode())

    def screen(self) -> str:
        """Give what it shows."""
        with self._lock:
            self._catch_up()
            return self._grid.text()

    def resize(self, columns: int, rows: int) -> None:
        """Change its size."""
        with self._lock:
            self._catch_up()
            self._grid.resize(columns, rows)
        self._set_size(columns, rows)

    def exit_code(self) -> int | None:
        """Give the program's exit code."""
        return self._process.poll()

    def left_over(self) -> list[str]:
        """Name the modes that were switched on last, and whether lines are read as before."""
        time.sleep(0.1)  # what it wrote last
        with self._lock:
            written = bytes(self.written)
        switched = {"1049": "l", "25": "h", "1000": "l", "1003": "l", "2004": "l"}
        found = []
        for mode, right in switched.items():
            on, off = (written.rfind(f"\x1b[?{mode}{final}".encode()) for final in "hl")
            if (on > off) != (right == "h") and max(on, off) >= 0:
                found.append(f"?{mode}")
        return found + ([] if termios.tcgetattr(self._slave) == self._modes_before else ["line modes"])

    def close(self) -> None:
        """End the program."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._slave)
        os.close(self._master)


def best(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, size: tuple[int, int] = (80, 24)) -> Terminal:
    """Run a program inside tmux where there is one, else on a bare terminal."""
    return (Tmux if HAS_TMUX else Bare)(command, env=env, cwd=cwd, size=size)
