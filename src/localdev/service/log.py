"""The log of the service: what it did and what went wrong, never what was asked or answered."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Literal

from localdev.core.folders import Folders, ensure

Level = Literal["info", "warning", "error"]
# One older file is kept beside the current one.
_MOST_BYTES = 1_000_000


def log_file(folders: Folders) -> Path:
    """Give the path of the log."""
    return folders.logs / "service.log"


class Log:
    """Lines of time, level and text; never raises, because a full disk is no reason to end."""

    def __init__(self, path: Path, *, standard: bool = False) -> None:
        """Write to `path`; with `standard` whatever this process prints goes there too."""
        self._path = path
        self._standard = standard
        self._lock = threading.Lock()

    def line(self, level: Level, text: str) -> None:
        """Append one line: `info` for what was done, `warning` for what did no harm, `error` for what should not be."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = f"{stamp} {level:7} {text}".replace("\n", "\\n") + "\n"
        with self._lock, contextlib.suppress(OSError):
            self._rotate()
            with self._path.open("ab") as file:
                file.write(text.encode("utf-8", "backslashreplace"))

    def _rotate(self) -> None:
        """Begin a new file when the old one is large."""
        if self._path.exists() and self._path.stat().st_size < _MOST_BYTES:
            return
        ensure(self._path.parent)
        if self._path.exists():
            os.replace(self._path, self._path.with_name(f"{self._path.name}.1"))
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if self._standard:
            os.dup2(handle, 1)
            os.dup2(handle, 2)
        os.close(handle)
