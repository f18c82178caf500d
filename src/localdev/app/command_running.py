"""Runs a command that the user named, without a shell, and keeps the beginning and the end of what it prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localdev.core.errors import NotFound

# Of longer output these many bytes are kept from its beginning and from its end.
_HEAD, _TAIL = 100_000, 300_000
_PIECE = 65_536
# A process that the command left behind may hold the pipe open; it is not waited for.
_LAST_WORDS = 2.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit status (negative: a signal), None when its time was up; and what it printed."""

    status: int | None
    output: str

    @property
    def succeeded(self) -> bool:
        """Say whether it ended well."""
        return self.status == 0


def run_command(
    words: Sequence[str], folder: Path, seconds: float, *, environment: Mapping[str, str] | None = None
) -> Ran:
    """Run a command in a folder; its stdin is empty, and after `seconds` it is ended with all that it started.

    Raises:
        NotFound: it cannot be started.
    """
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotFound(f"{words[0]} cannot be started: {reason}", "check the command") from error
    kept = _Kept()
    assert process.stdout is not None
    reader = threading.Thread(target=kept.read, args=(process.stdout,), daemon=True)
    reader.start()
    status: int | None = None
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        kept.add(f"\n(it did not end within {seconds:g} seconds)\n".encode())
    finally:
        _end(process)
        reader.join(_LAST_WORDS)
    return Ran(status, kept.text())


class _Kept:
    """The beginning and the end of a stream of bytes."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._cut = False
        self._lock = threading.Lock()

    def read(self, stream: IO[bytes]) -> None:
        """Take all that comes."""
        while piece := os.read(stream.fileno(), _PIECE):
            self.add(piece)

    def add(self, piece: bytes) -> None:
        """Take a piece."""
        with self._lock:
            room = _HEAD - len(self._head)
            self._head += piece[:room]
            self._tail += piece[room:]
            if len(self._tail) > _TAIL:
                self._tail, self._cut = self._tail[-_TAIL:], True

    def text(self) -> str:
        """Give what was kept."""
        with self._lock:
            between = b"\n[...]\n" if self._cut else b""
            return (self._head + between + self._tail).decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # all of it has ended
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()
