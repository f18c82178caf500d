"""The list above the draft: when it opens, what its keys do, and where it stands."""

from __future__ import annotations

import random

import pytest
from textual import events
from textual.pilot import Pilot

from localdev.app.conversation.desk import Names
from localdev.tui.composer.popup import Popup
from tests.tui.composing import Host
from tests.tui.drive import drive, settle, shows
from tests.tui.picture import screen_text

NAMES = Names(
    (
        "README.md",
        "src/app.py",
        "src/composer/editor.py",
        "docs/my notes #1.md",
        "日本語/設計.md",
        "bad\x1b[31m\nname.md",
    ),
    (
        ("Editor.edit", "src/composer/editor.py", 40),
        ("property_of", "src/app.py", 9),
        ("worst", "c\x1b[2J\nd.py", 3),
    ),
)


async def begin(pilot: Pilot[None], names: Names = NAMES) -> Host:
    """Give the composer its names, and wait until they are ready."""
    app = pilot.app
    assert isinstance(app, Host)
    app.composer.set_names(names)
    await settle(pilot)
    return app


def is_open(app: Host) -> bool:
    """Tell whether the list is on the screen."""
    return bool(app.query_one(Popup).display)


def test_a_mention_is_completed() -> None:
    """Letters narrow the list, Tab takes the first, and the text goes on behind it; undo takes it back."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press(*"see @ed")
        await shows(pilot, "src/composer/editor.py")
        await pilot.press("tab")
        assert app.composer.text == "see @src/composer/editor.py"
        assert not is_open(app)
        await pilot.press(*":10-40 ")
        assert app.composer.text == "see @src/composer/editor.py:10-40 "
        await pilot.press(*["ctrl+z"] * 2)
        assert "@ed" in app.composer.text

    drive(Host(), body)


def test_keys_that_come_before_the_list() -> None:
    """Enter pressed at once takes what belongs to the letters typed, not what an older list shows."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        for key in "@READ":
            app.composer.editor.post_message(events.Key(key, key))
        app.composer.editor.post_message(events.Key("enter", "\r"))
        await settle(pilot)
        assert (app.composer.text, app.said) == ("@README.md", [])

    drive(Host(), body)


def test_escape_closes_the_list_first() -> None:
    """The first Esc closes the list, which stays closed for that word; the second is the screen's."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press("@", "e")
        await settle(pilot)
        await pilot.press("escape", "d")
        await settle(pilot)
        assert (is_open(app), app.said) == (False, [])
        await pilot.press("escape")
        assert app.said == [("cancel", "")]
        await pilot.press("tab")
        await settle(pilot)
        assert is_open(app)

    drive(Host(), body)


@pytest.mark.parametrize("text", ["@property\ndef x(): ...", "mail me@example.org", "  @ed", "/mod"])
def test_pasted_text_opens_nothing(text: str) -> None:
    """A decorator, an address or a command in a paste opens no list, nor does typing on in it."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        app.composer.editor.post_message(events.Paste(text))
        await settle(pilot)
        assert not is_open(app)
        await pilot.press("e")
        await settle(pilot)
        assert not is_open(app)
        assert app.composer.text == text + "e"

    drive(Host(), body)


def test_typing_an_address_opens_nothing() -> None:
    """An `@` inside a word is no mention."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press(*"me@ed")
        await settle(pilot)
        assert not is_open(app)

    drive(Host(), body)


def test_leaving_the_word_closes_the_list() -> None:
    """The list goes when the cursor goes elsewhere, when the mention is deleted, and when nothing fits any more."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        for keys in (("home",), ("backspace", "backspace"), ("z", "q", "x"), ("shift+left",)):
            app.composer.set_draft("")
            await pilot.press(*"a @e")
            await settle(pilot)
            assert is_open(app), keys
            await pilot.press(*keys)
            await settle(pilot)
            assert not is_open(app), keys

    drive(Host(), body)


def test_commands_and_their_words() -> None:
    """A command is completed with a blank when words follow, then its words are offered; Enter sends what is whole."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        app.composer.set_arguments("models", [("qwen", "7 B"), "tiny"])
        await pilot.press(*"/mod")
        await shows(pilot, "Choose the model that answers.")
        await shows(pilot, "/model [NAME|none]")
        await pilot.press("enter")
        await shows(pilot, "qwen  7 B")
        assert (app.composer.text, app.said) == ("/model ", [])
        await pilot.press("down", "down", "enter")
        assert app.composer.text == "/model qwen"
        await pilot.press("enter")
        await pilot.press(*"/quit", "enter")
        await pilot.pause()
        assert app.said == [("command", "/model qwen"), ("command", "/quit")]

    drive(Host(), body)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((*"/gen doc src/app.py ", "enter"), "/gen doc src/app.py"),
        ((*"/review ", "enter"), "/review"),
        ((*"/mo", "enter", "enter"), "/model"),
        ((*"/model ", "down", "up", "escape", "enter"), "/model"),
    ],
)
def test_nothing_is_chosen_where_nothing_is_typed(keys: tuple[str, ...], said: str) -> None:
    """Behind a blank Enter sends: what the list shows there was not asked for."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        app.composer.set_arguments("models", [("qwen", "7 B")])
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        assert (app.said, app.composer.text) == ([("command", said)], "")

    drive(Host(), body)


def test_tab_begins_a_choice_where_nothing_is_typed() -> None:
    """The first Tab goes to the first one, the second takes it; the border says so."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press(*"/review ")
        await shows(pilot, "Down, Tab select · Enter sends")
        await pilot.press("tab")
        await shows(pilot, "▸ staged")
        await pilot.press("tab")
        assert app.composer.text == "/review staged"

    drive(Host(), body)


def test_the_model_in_use_is_marked() -> None:
    """What is known of a command's own word stands with it, and it is offered once."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        app.composer.set_arguments("models", [("qwen", "7 B"), ("none", "in use")])
        await pilot.press(*"/model ")
        await shows(pilot, "none  in use")
        assert [each.shown for each in app.query_one(Popup).items] == ["none", "qwen"]

    drive(Host(), body)


def test_values_that_are_not_there_yet() -> None:
    """Models that are known only after the list has opened appear in it."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press(*"/model ")
        await settle(pilot)
        app.composer.set_arguments("models", [("qwen", "7 B")])
        await shows(pilot, "qwen  7 B", seconds=3)

    drive(Host(), body)


def test_what_is_known_already_moves_no_cursor() -> None:
    """Names and values are told again whenever a turn ends; whoever is choosing meanwhile stays where they are."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press("@", "down", "down")
        await settle(pilot)
        at = app.query_one(Popup).cursor
        app.composer.set_names(NAMES)
        app.composer.set_arguments("models", ["tiny"])
        await settle(pilot)
        assert (at, app.query_one(Popup).cursor) == (1, 1)

    drive(Host(), body)


def test_names_that_are_not_there_yet() -> None:
    """Until the names are read that is said, Enter still sends, and they appear in the open list."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        await pilot.press(*"@READ")
        await shows(pilot, "the names of this repository are being read")
        await begin(pilot)
        await shows(pilot, "▸ README.md")
        await pilot.press("escape", "enter")
        await pilot.pause()
        assert app.said == [("question", "@READ")]

    drive(Host(), body)


def test_names_cannot_drive_the_terminal() -> None:
    """Control characters and line ends in a file's name are shown and inserted as harmless text."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press(*"@bad")
        await shows(pilot, "bad\\x1b[31m\\nname.md")
        await pilot.press("tab")
        assert "\x1b" not in app.composer.text
        await pilot.press("space", *"@worst")
        await shows(pilot, "worst  c\\x1b[2J\\nd.py:3")

    drive(Host(), body)


@pytest.mark.parametrize("lines", [1, 8])
@pytest.mark.parametrize("size", [(60, 15), (80, 24), (160, 48)])
def test_the_list_stays_on_the_screen(size: tuple[int, int], lines: int) -> None:
    """Above the composer, whatever its height, with at least one choice to see."""

    async def body(pilot: Pilot[None]) -> None:
        names = Names(tuple(f"src/some/folder/with/a/long/name/{number}/file.py" for number in range(90)))
        app = await begin(pilot, names)
        app.composer.set_queue(["one", "two", "three", "four"])
        app.composer.set_draft("row\n" * (lines - 1))
        await pilot.press("@", "f")
        await settle(pilot)
        popup, composer = app.query_one(Popup).region, app.composer.region
        assert app.screen.region.contains_region(popup)
        assert popup.bottom <= composer.y
        assert popup.height >= 3
        assert "▸ " in screen_text(app)

    drive(Host(), body, size=size)


def test_below_when_the_composer_is_at_the_top() -> None:
    """Where there is no room above, the list opens below the draft."""

    class Upside(Host):
        CSS = "Container { dock: bottom; height: 10; }"

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press("@")
        await settle(pilot)
        assert app.query_one(Popup).region.y >= app.composer.region.bottom

    drive(Upside(), body)


def test_a_click_chooses() -> None:
    """A click on a line takes it, and the cursor is in the draft again."""

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot)
        await pilot.press(*"/the")
        await settle(pilot)
        await pilot.click(Popup, offset=(5, 1))
        await settle(pilot)
        assert (app.composer.text, app.focused) == ("/theme ", app.composer.editor)

    drive(Host(), body)


def test_very_many_names_do_not_hold_the_screen() -> None:
    """With 70,000 names the letters are all there, and the name meant is found."""
    chance = random.Random(3)
    parts = ["model", "index", "session", "render", "store", "query", "token", "search"]
    paths = ["/".join(chance.choices(parts, k=5)) + f"_{number}.py" for number in range(50_000)]
    symbols = tuple((f"{chance.choice(parts)}_{number}", paths[number], number) for number in range(20_000))

    async def body(pilot: Pilot[None]) -> None:
        app = await begin(pilot, Names((*paths, "src/composer/editor.py"), symbols))
        await pilot.press(*"why @comped")
        await shows(pilot, "▸ src/composer/editor.py")
        assert app.composer.text == "why @comped"

    drive(Host(), body)
