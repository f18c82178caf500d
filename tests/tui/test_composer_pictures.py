"""How the composer looks: empty, with everything around it, and with its lists, in sizes from small to large."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from localdev.app.conversation.desk import Names
from localdev.core.talk import Attachment
from localdev.tui.themes import DARK, LIGHT
from tests.tui.composing import Host
from tests.tui.drive import Snapshots, settle

_NAMES = Names(
    (
        "README.md",
        "src/localdev/tui/composer/editor.py",
        "src/localdev/a/very/long/folder/name/that/does/not/fit/into/sixty/columns/editor.py",
        "docs/my notes: #1.md",
        "日本語/設計-edit.md",
        "מסמך-edit.md",
    ),
    (("Editor.edit", "src/localdev/tui/composer/editor.py", 40), ("edit", "src/localdev/generating_edit.py", 12)),
)
_SIZES = [(60, 15), (80, 24)]


def themed(name: str = "localdev-dark") -> Host:
    """Make the screen in one of the chat's own themes."""
    app = Host()
    for theme in (DARK, LIGHT):
        app.register_theme(theme)
    app.theme = name
    app.history = ("where is the parser?", "what calls parse?\nand why?", "/review staged")
    return app


async def fill(pilot: Pilot[Any]) -> None:
    """Put everything around the draft that can stand there."""
    assert isinstance(pilot.app, Host)
    composer = pilot.app.composer
    composer.set_queue(["and where is it called?", "a longer one\nof two lines", "/commit", "the last one"])
    composer.attach(Attachment("pasted text 1", "line\n" * 120))
    composer.attach(Attachment("docs/my notes.md", "x" * 12_345))
    composer.set_draft("why does this fail?\nסיבה 日本語", composer.attachments)


async def name(pilot: Pilot[Any]) -> None:
    """Give the composer its names."""
    assert isinstance(pilot.app, Host)
    pilot.app.composer.set_names(_NAMES)
    await settle(pilot)


@pytest.mark.parametrize("size", _SIZES)
def test_everything_around_the_draft(snap: Snapshots, size: tuple[int, int]) -> None:
    """What waits and what is attached stand above the draft."""
    snap(themed(), f"composer-full-{size[0]}x{size[1]}", size=size, before=fill)


@pytest.mark.parametrize("size", _SIZES)
def test_files_and_symbols(snap: Snapshots, size: tuple[int, int]) -> None:
    """Names with their letters marked; of long ones the end is seen."""
    snap(themed(), f"composer-names-{size[0]}x{size[1]}", size=size, before=name, press=["@", "e", "d", "i"])


@pytest.mark.parametrize("size", _SIZES)
def test_commands(snap: Snapshots, size: tuple[int, int]) -> None:
    """Commands with a line about each, and the usage of the one under the cursor."""
    snap(themed(), f"composer-commands-{size[0]}x{size[1]}", size=size, press=["/", "r", "e", "down"])


def test_light_and_wide(snap: Snapshots) -> None:
    """In the light theme and on a large screen."""
    snap(themed("localdev-light"), "composer-names-light", size=(160, 48), before=name, press=["@", "e", "d"])


def test_searching_the_history(snap: Snapshots) -> None:
    """The list of earlier inputs, one line each."""
    snap(themed(), "composer-search", press=["ctrl+r", "p", "a"])


def test_the_focus_on_an_attachment(snap: Snapshots) -> None:
    """The line under the cursor is marked by a sign too."""
    snap(themed(), "composer-attached", before=fill, press=["shift+tab", "up"])


def test_without_colours(snap: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the cursor of the list is still seen."""
    monkeypatch.setenv("NO_COLOR", "1")
    snap(themed(), "composer-no-color", before=name, press=["@", "e", "d"])
