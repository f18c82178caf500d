"""Starting a process of the engine, and saying how one died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import IO

from localdev.backends.engine.wire import Failed
from localdev.core.errors import BackendError
from localdev.core.wire import error_from_json

_TAIL_BYTES, _TAIL_LINES, _TAIL_CHARACTERS = 8192, 3, 400
_LARGEST_OWN_CODE = 0xFFFF  # beyond are Windows's codes of exceptions
# Else a crash starts a debugger to print its stack.
_ENVIRONMENT = {"GGML_NO_BACKTRACE": "1"}


def start_process(module: str, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process, in a group of its own: Ctrl-C is for the program, which then ends its processes in order.

    Python is told not to look for modules in the current folder, which may hold anybody's files.

    Raises:
        BackendError: the system starts no further process; `complaints` is closed.
    """
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={**_ENVIRONMENT, **os.environ},
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        complaints.close()
        raise BackendError(
            f"cannot start a process for the model: {error.strerror or error}",
            "close other programs, then run the command again",
        ) from error


def error_of(message: Failed) -> Exception:
    """Give the error that a process met; what was a bug there is one here."""
    return RuntimeError(f"in the engine's process:\n{message.bug}") if message.bug else error_from_json(message.error)


def last_words(complaints: IO[bytes]) -> str:
    """Give the last lines that a process wrote on stderr."""
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _TAIL_BYTES))
    lines = complaints.read().decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return "; ".join(said[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]


def manner(code: int) -> str:
    """Say how a process ended."""
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"was killed ({name})" if name in ("SIGKILL", "SIGTERM") else f"crashed ({name})"
    return f"crashed (0x{code:X})" if code > _LARGEST_OWN_CODE else f"ended with exit code {code}"
