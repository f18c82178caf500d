"""Copying: through the terminal, which reaches the user's own machine over SSH, and with a clipboard program here."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import Any, Final

from textual.actions import SkipAction
from textual.dom import DOMNode
from textual.screen import Screen

from localdev.core.sizes import counted
from localdev.tui.background import in_thread

# Programs that take text on their standard input, in the order they are tried: Wayland, X11 twice, macOS, Windows.
PROGRAMS: Final = (
    ("wl-copy",),
    ("xclip", "-selection", "clipboard"),
    ("xsel", "--clipboard", "--input"),
    ("pbcopy",),
    ("clip.exe",),
)
# One that shows nothing for so long waits for a display that does not answer.
SECONDS: Final = 3.0
# tmux drops a sequence from 1 MiB on (its input buffer); four letters of base64 hold three bytes.
TERMINAL_BYTES: Final = 780_000


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a copy: the program that took it ("" for none), and whether the terminal was asked."""

    program: str
    by_terminal: bool


def copy(node: DOMNode, text: str, what: str = "text") -> None:
    """Copy text and say in a notification what was done; the clipboard program runs in a thread."""
    data = text.encode("utf-8", "replace")
    by_terminal = len(data) <= TERMINAL_BYTES
    if by_terminal:
        node.app.copy_to_clipboard(data.decode())

    def tell(program: str) -> None:
        done = Copied(program, by_terminal)
        arrived = bool(program) or by_terminal
        said = described(done, text, what)
        node.app.notify(said, severity="information" if arrived else "warning", markup=False)

    in_thread(node, lambda: give_to_program(text), tell)


def copy_selected(screen: Screen[Any]) -> None:
    """Copy what the mouse has selected.

    Raises:
        SkipAction: nothing is selected, so that the key means something else.
    """
    text = screen.get_selected_text()
    if not text:  # blank rows too: what was copied before is worth more
        raise SkipAction
    copy(screen, text)


def described(done: Copied, text: str, what: str) -> str:
    """Say in words what was copied, how, and what to do when it did not arrive."""
    much = f"{what}: {counted(len(text), 'character')}"
    if done.program:
        return f"copied {much} ({done.program})"
    if done.by_terminal:
        return f"copied {much} (by the terminal, if it allows OSC 52; in tmux: set -g set-clipboard on)"
    return f"{much} is more than terminals take; install wl-copy, xclip or xsel, or use `/export`"


def give_to_program(text: str) -> str:
    """Give text to the first clipboard program that takes it, and name that; "" when there is none."""
    for command in PROGRAMS:
        path = shutil.which(command[0])
        if path is not None and _takes([path, *command[1:]], _encoded(command[0], text)):
            return command[0]
    return ""


def _encoded(program: str, text: str) -> bytes:
    """Give the bytes a program expects; a lone half of a character pair cannot be written in any."""
    return text.encode("utf-16-le" if program == "clip.exe" else "utf-8", "replace")


def _takes(command: list[str], data: bytes) -> bool:
    """Run one program; False when it cannot be started, fails, or does not end in time."""
    try:
        # xclip and wl-copy leave a process behind that serves the clipboard: pipes it inherits would never end.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        process.communicate(data, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return process.returncode == 0
