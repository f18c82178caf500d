"""Text piped into a command: read when there is some, and only where it was asked for waited for."""

from __future__ import annotations

import codecs
import os
import select
import stat
import sys

from localdev.core.errors import UsageError

# A pipe that an editor or a service left open and silent looks like one whose writer is still thinking.
_WAIT_FOR_WRITER = 1.0
_LARGEST = 1_000_000
_LESS = "pipe in only the part that matters, or name files of the repository as @path"
_MOST_BROKEN = 4  # one character in so many; Western text in an old encoding has one in ten
NOT_READ = "nothing came on stdin within a second, so it was not used; put slow output into a file and name it: < FILE"


def piped_text(
    *, most: int = _LARGEST, hint: str = _LESS, patience: float | None = _WAIT_FOR_WRITER
) -> tuple[str, bool]:
    """Give the text on stdin, and whether a pipe was left unread because nothing came within `patience` seconds.

    Without `patience` (None) it is waited for. `hint` says what to do about a text of more than `most` bytes.

    Raises:
        UsageError: it is larger than any model reads, or no text.
    """
    try:
        handle = sys.stdin.fileno()
        mode = os.fstat(handle).st_mode
    except (AttributeError, OSError, ValueError):  # closed, or not a file at all
        return "", False
    if not stat.S_ISREG(mode):
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):  # a terminal, /dev/null
            return "", False
        if sys.platform != "win32" and not select.select([handle], [], [], patience)[0]:
            return "", True
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise UsageError(f"stdin holds more than {most // 1_000_000} MB", hint)
    return _decoded(data), False


def _decoded(data: bytes) -> str:
    """Give the text of what was piped in; broken characters are replaced.

    Raises:
        UsageError: it is no text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what PowerShell pipes and saves
        return data.decode("utf-16", "replace")
    text = data.decode("utf-8", "replace")
    if "\0" in text or text.count("\ufffd") > len(text) // _MOST_BROKEN:
        raise UsageError("stdin is not text", "pipe in text, or leave stdin alone: < /dev/null")
    return text
