"""What the tests of the screen share: surroundings that are the same everywhere, and snapshots."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

# Textual reads its variables when it is imported, so they go before that.
for _name in list(os.environ):
    if _name.startswith("TEXTUAL_") or _name in ("ESCDELAY", "LC_TERMINAL", "TERM_PROGRAM"):
        del os.environ[_name]

from tests.tui.drive import Snapshots  # noqa: E402

_COLOUR = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
_PLACE = (
    "COLUMNS",
    "LINES",
    "TMUX",
    "STY",
    "SSH_CONNECTION",
    "SSH_TTY",
    "VISUAL",
    "EDITOR",
    "WAYLAND_DISPLAY",
    "DISPLAY",
)


@pytest.fixture(autouse=True)
def same_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give every test the same terminal, colours and time zone."""
    for name in (*_COLOUR, *_PLACE):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")):
        monkeypatch.setenv(name, value)
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.fixture
def snap() -> Snapshots:
    """Compare screens with the pictures kept beside the tests."""
    return Snapshots()
