"""Help on what has the focus, questions before something is lost, and errors with their hint."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Button, Input

from localdev.tui.dialogs.confirm import Confirm
from localdev.tui.help import HelpScreen, help_of
from localdev.tui.keys import read_keys
from localdev.tui.sources.panel import SourcesPanel
from tests.tui.dialogs import DialogHost, ended
from tests.tui.drive import Snapshots, drive, settle
from tests.tui.picture import screen_text


class Helped(Vertical):
    """A box that explains what is in it."""

    HELP = "## The box\n\nHolds a field."


class Host(App[None]):
    """A screen with widgets that have help of their own, that of their surroundings, and none."""

    def compose(self) -> ComposeResult:
        """Show them."""
        yield SourcesPanel()
        with Helped():
            yield Input(id="inside")
        yield Input(id="outside")


def test_help_is_that_of_the_focus() -> None:
    """The widget's own help, else that of what it stands in, else the general one."""

    async def body(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        for selector, start in (("SourcesPanel", "## Sources"), ("#inside", "## The box"), ("#outside", "## localdev")):
            screen.query_one(selector).focus()
            await pilot.pause()
            assert help_of(screen).startswith(start)
        screen.set_focus(None)
        assert help_of(screen).startswith("## localdev")

    drive(Host(), body)


@pytest.mark.parametrize(("size", "name"), [((80, 24), "help"), ((60, 15), "help-small")])
def test_the_help_screen(snap: Snapshots, size: tuple[int, int], name: str) -> None:
    """The help and the keys as they are set."""
    snap(DialogHost(HelpScreen(SourcesPanel.HELP, read_keys(["retry=ctrl+g"]))), f"dialog-{name}", size=size)


def test_the_whole_help_can_be_reached() -> None:
    """The last key of the table comes into view by scrolling, on the smallest screen; Escape closes."""
    host = DialogHost(HelpScreen(SourcesPanel.HELP, read_keys()))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        assert "Ask again" not in screen_text(pilot.app)
        await pilot.press("end")
        await settle(pilot)
        assert "f5" in screen_text(pilot.app) and "Ask again" in screen_text(pilot.app)
        await pilot.press("escape")

    drive(host, body, size=(60, 15))
    assert host.ended == [None]


EVIL = "Delete \x1b[31m\u202e[bold]title[/bold]?"


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("enter",), False),
        (("escape",), False),
        (("n",), False),
        (("y",), True),
        (("tab", "enter"), True),
        (("right", "enter"), True),
        (("right", "left", "enter"), False),
    ],
)
def test_only_a_clear_yes_is_one(keys: tuple[str, ...], answer: bool) -> None:
    """Enter at once, Escape and n leave things as they are."""
    assert ended(Confirm("Delete it?"), *keys) == [answer]


def test_confirm(snap: Snapshots) -> None:
    """The question is shown as it is: no markup, nothing the terminal would obey."""
    snap(
        DialogHost(Confirm(EVIL, detail="12 turns. This cannot be undone.", yes="Delete", no="Keep")), "dialog-confirm"
    )


def test_confirm_small_and_light(snap: Snapshots) -> None:
    """The same on the smallest screen, light."""
    dialog = Confirm(EVIL * 20, detail="12 turns.", yes="Delete", no="Keep")
    snap(DialogHost(dialog, light=True), "dialog-confirm-small", size=(60, 15))


def test_buttons_are_pressed_by_the_mouse() -> None:
    """A click on the button is an answer."""
    host = DialogHost(Confirm("Delete it?"))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.click("#yes")
        await settle(pilot)
        assert not pilot.app.screen.query(Button)

    drive(host, body)
    assert host.ended == [True]
