"""The table of keys, and what a user's settings change of it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from localdev.core.errors import ConfigError
from localdev.tui.keys import ACTIONS, BY_ID, bind, overview, read_keys


def test_defaults_are_free_of_clashes() -> None:
    """Every action has a key, no key has two actions, and the defaults pass the checks a user's keys pass."""
    keys = read_keys()
    assert list(keys) == [action.id for action in ACTIONS]
    again = read_keys([f"{action}={key}" for action, names in keys.items() for key in names.split(",")])
    assert again == keys


def test_defaults_leave_editing_and_terminals_alone() -> None:
    """No default edits text in a TextArea, stops the terminal's output, or is the prefix of tmux or screen."""
    editing = {binding.key for binding in Binding.make_bindings(TextArea.BINDINGS)}
    taken = editing | {"ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b", "ctrl+c", "ctrl+z", "ctrl+backslash", "f11", "f12"}
    used = {key for action in ACTIONS for key in action.keys.split(",")}
    assert used & taken == set()


def test_a_user_changes_keys() -> None:
    """A named action has the given keys and no default ones; the others keep theirs."""
    keys = read_keys(["cancel = ctrl+g", "help=f9", "help=ALT+y"])
    assert keys["cancel"] == "ctrl+g"
    assert keys["help"] == "f9,alt+y"
    assert keys["send"] == "enter"


def test_two_actions_trade_keys() -> None:
    """What counts is the table after all changes: two actions may swap."""
    keys = read_keys(["sessions=ctrl+n", "new_session=ctrl+o"])
    assert (keys["sessions"], keys["new_session"]) == ("ctrl+n", "ctrl+o")


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ("cancle=ctrl+g", "there is no action cancle", "did you mean cancel?"),
        ("zzzzzz=ctrl+g", "there is no action zzzzzz", "actions: send"),
        ("cancel", "'cancel' is not ACTION=KEY", "cancel=ctrl+g"),
        ("cancel=", "is not ACTION=KEY", "cancel=ctrl+g"),
        ("cancel=ctrl+nope", "there is no key ctrl+nope", "ctrl+g"),
        ("cancel=control+g", "there is no key control+g", "ctrl+g"),
        ("cancel=ctrl+p", "ctrl+p is the key of both cancel and palette", "another key"),
        ("cancel=g", "g types a character", "cancel=alt+g"),
        ("cancel=space", "space types a character", "cancel=alt+space"),
        ("cancel=ctrl+w", "ctrl+w edits text", "another key"),
        ("cancel=tab", "tab edits text", "another key"),
        ("cancel=ctrl+m", "terminals send ctrl+m as enter", "another key"),
    ],
)
def test_what_cannot_be_is_refused(change: str, message: str, hint: str) -> None:
    """Each refusal says what is wrong and what to do."""
    with pytest.raises(ConfigError) as caught:
        read_keys([change])
    assert message in str(caught.value)
    assert hint in caught.value.hint


class Keyed(App[None]):
    """An app with two actions of the table."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("retry", "note('retry')"), bind("newline", "note('newline')")]

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def compose(self) -> ComposeResult:
        """Show somewhere to type."""
        yield TextArea()

    def action_note(self, what: str) -> None:
        """Keep what was done."""
        self.noted.append(what)


@pytest.mark.parametrize(
    ("changes", "pressed", "noted"),
    [
        ([], ["f5", "ctrl+j"], ["retry", "newline"]),
        (["retry=ctrl+g", "newline=f9"], ["ctrl+g", "f9"], ["retry", "newline"]),
        (["retry=ctrl+g"], ["f5"], []),
    ],
)
def test_the_keymap_works_in_an_app(changes: list[str], pressed: list[str], noted: list[str]) -> None:
    """Textual finds the bindings by their ids and applies the user's keys, while the text area has the focus."""

    async def body() -> list[str]:
        app = Keyed()
        app.set_keymap(read_keys(changes))
        async with app.run_test() as pilot:
            await pilot.press(*pressed)
        return app.noted

    assert asyncio.run(body()) == noted


def test_overview_names_every_action() -> None:
    """The overview lists the keys in use with what they do."""
    rows = overview(read_keys(["retry=ctrl+g"]))
    assert ("ctrl+g", BY_ID["retry"].description) in rows
    assert len(rows) == len(ACTIONS)
