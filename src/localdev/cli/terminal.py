"""Printing: text that cannot drive the terminal, a few colours where they are wanted, JSON, notices."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from localdev.cli.program import as_typed
from localdev.core.events import Notice
from localdev.core.neutral import neutral, one_line

_CODES = re.compile(r"\x1b\[\d*m")
_STYLES = {"plain": "", "bold": "1", "dim": "2", "path": "36", "good": "32", "bad": "31", "warning": "33", "hint": "2"}


def wants_color(stream: TextIO | None, choice: str = "auto") -> bool:
    """Say whether to use colours: the setting `ui.color` decides, else NO_COLOR, TERM and whether it is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in ("dumb", ""):
        return False
    return stream is not None and stream.isatty()


class Printer:
    """Writes answers to stdout and everything else to stderr."""

    def __init__(self, color: str = "auto") -> None:
        self._out_color = wants_color(sys.stdout, color)
        self.err_color = wants_color(sys.stderr, color)
        self._unended = False

    def line(self, text: str = "") -> None:
        """Print one line of the answer; it must be neutral already or ours."""
        sys.stdout.write(text + "\n")

    def wrapped(self, text: str, indent: int = 2) -> None:
        """Print one line of the answer; on a terminal it is folded at blanks, its further lines are indented."""
        self.line(folded(text, indent) if sys.stdout.isatty() else text)

    def piece(self, text: str) -> None:
        """Print a piece of a streamed answer at once."""
        sys.stdout.write(neutral(text))
        sys.stdout.flush()
        if text:
            self._unended = not text.endswith("\n")

    def end_line(self) -> None:
        """End the line that a streamed answer has left open, if it has."""
        if self._unended:
            self._unended = False
            sys.stdout.write("\n")

    def break_line(self) -> None:
        """On a terminal, or where stderr goes to the same place, end an open line; else the answer stays as it came."""
        if sys.stdout.isatty() or _together():
            self.end_line()

    def flush(self) -> None:
        """Bring what was printed to whoever reads it, now."""
        sys.stdout.flush()

    def json(self, payload: Mapping[str, Any]) -> None:
        """Print a JSON object on one line; only ASCII: valid in every encoding, harmless in every terminal."""
        sys.stdout.write(json.dumps(payload) + "\n")
        sys.stdout.flush()

    def styled(self, text: str, style: str) -> str:
        """Give text on one line, harmless, in a style of stdout, or plain where no colour is wanted."""
        return _paint(one_line(text), style, wanted=self._out_color)

    def notice(self, notice: Notice) -> None:
        """Print something the user should know on stderr: `warning: ...`, `hint: ...`."""
        head = "" if notice.level == "info" else _paint(f"{notice.level}:", notice.level, wanted=self.err_color) + " "
        text = head + one_line(as_typed(notice.text))
        self.aside(folded(text) if sys.stderr is not None and sys.stderr.isatty() else text)

    def aside(self, text: str) -> None:
        """Print a line on stderr, after what stdout holds; a stderr that is closed is nothing to fail for."""
        self.break_line()
        sys.stdout.flush()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def folded(text: str, indent: int = 2) -> str:
    """Fold one line at blanks to the width of the terminal; the codes of styles take no room there."""
    from shutil import get_terminal_size

    columns = max(indent + 20, get_terminal_size().columns)
    rows, width = [""], 0
    for word in re.split(r"(?<=\S)(?= )", text):  # each with the blanks before it: a name that is broken is no name
        size = len(_CODES.sub("", word))
        if width and width + size > columns:
            rows.append(" " * indent)
            word, width = word.lstrip(" "), indent
            size = len(_CODES.sub("", word))
        rows[-1] += word
        width += size
    return "\n".join(rows)


def _together() -> bool:
    """Say whether stdout and stderr go to one file or pipe, as after `2>&1`."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # one is closed, or no file of the system
        return False


def _paint(text: str, style: str, *, wanted: bool) -> str:
    """Wrap text in the codes of a style."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if wanted and text and style != "plain" else text
