"""Pastes, what is attached, what waits, and drafts that are hard to show."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot

from localdev.core.talk import Attachment
from localdev.tui.composer.chips import AttachmentChips, QueueChips
from tests.tui.composing import Host
from tests.tui.drive import drive, settle, shows
from tests.tui.picture import screen_text


async def paste(pilot: Pilot[None], text: str) -> Host:
    """Paste as a terminal does."""
    app = pilot.app
    assert isinstance(app, Host)
    app.composer.editor.post_message(events.Paste(text))
    await settle(pilot)
    return app


@pytest.mark.parametrize("text", ["two\nlines", "x" * 1000, "\n".join("seven77")])
def test_a_short_paste_is_written(text: str) -> None:
    """Up to 7 lines and 1,000 characters go into the draft, in one step for undo."""

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("a")
        app = await paste(pilot, text)
        assert (app.composer.text, app.composer.attachments) == ("a" + text, ())
        await pilot.press("ctrl+z")
        assert app.composer.text == "a"
        await pilot.press("ctrl+y")
        assert app.composer.text == "a" + text

    drive(Host(), body)


@pytest.mark.parametrize("text", ["\n".join("eight888"), "x" * 1001])
def test_a_long_paste_is_attached(text: str) -> None:
    """From 8 lines or 1,001 characters on it goes with the question, named, and the draft stays as it was."""

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press(*"why?")
        app = await paste(pilot, text)
        await paste(pilot, text)
        await shows(pilot, "+ pasted text 2")
        assert app.composer.text == "why?"
        await pilot.press("enter")
        await settle(pilot)
        assert app.given == (Attachment("pasted text 1", text), Attachment("pasted text 2", text))
        assert (app.composer.attachments, app.query_one(AttachmentChips).display) == ((), False)

    drive(Host(), body)


def test_a_huge_paste() -> None:
    """5 MB with the line ends of Windows are attached whole, and typing goes on."""

    async def body(pilot: Pilot[None]) -> None:
        app = await paste(pilot, "some words\r\n" * 430_000)
        await shows(pilot, "(430000 lines, 5 MB)")
        await pilot.press(*"why?")
        assert app.composer.text == "why?"
        assert app.composer.attachments[0].text == "some words\n" * 430_000

    drive(Host(), body)


def test_control_characters_in_a_paste() -> None:
    """Nothing pasted can drive the terminal: what would is shown."""

    async def body(pilot: Pilot[None]) -> None:
        app = await paste(pilot, "a\x1b[31mred\x07\rb\u202ec\td")
        assert app.composer.text == "a\\x1b[31mred\\x07\nb\\u202ec\td"
        app.composer.set_draft("")
        await paste(pilot, "\x1b]0;title\x07\n" * 9)
        assert "\x1b" not in app.composer.attachments[0].text

    drive(Host(), body)


def test_attachments_are_taken_away() -> None:
    """Shift+Tab goes to them, Delete takes one away, and after the last one the draft has the cursor again."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        for name in ("a.py", "b [red]x[/] \x1b[31m.py"):
            app.composer.attach(Attachment(name, "text\n"))
        await shows(pilot, "+ b [red]x[/] \\x1b[31m.py (1 line, 5 bytes)")
        await pilot.press("shift+tab", "up", "delete")
        assert [each.name for each in app.composer.attachments] == ["b [red]x[/] \x1b[31m.py"]
        await pilot.press("backspace")
        await settle(pilot)
        assert (app.composer.attachments, app.focused) == ((), app.composer.editor)

    drive(Host(), body)


def test_a_click_on_the_cross() -> None:
    """The cross at the end of a line takes it away."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        app.composer.attach(Attachment("a.py", "text"))
        await settle(pilot)
        await pilot.click(AttachmentChips, offset=(app.query_one(AttachmentChips).size.width - 1, 0))
        await settle(pilot)
        assert app.composer.attachments == ()

    drive(Host(), body)


def test_two_pastes_never_have_one_name() -> None:
    """A draft that comes back from the queue has its pastes; the next one is called otherwise."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        app.composer.set_draft("back again", [Attachment("pasted text 1", "x\n" * 9)])
        await paste(pilot, "y\n" * 9)
        assert [each.name for each in app.composer.attachments] == ["pasted text 1", "pasted text 2"]

    drive(Host(), body)


def test_an_attachment_with_half_a_character() -> None:
    """Text with a lone surrogate, which no encoding can write, is shown with its size all the same."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        app.composer.set_draft("", [Attachment("notes", "a\udcffb")])
        await shows(pilot, "+ notes (1 line, 3 bytes)")

    drive(Host(), body)


def test_an_attachment_becomes_the_draft() -> None:
    """Enter writes a short one into the draft; one too long for that stays, and it is said."""

    async def body(pilot: Pilot[None]) -> None:
        app = await paste(pilot, "line\n" * 10)
        await pilot.press("shift+tab", "enter")
        await settle(pilot)
        assert (app.composer.text, app.composer.attachments) == ("line\n" * 10, ())
        app.composer.set_draft("", [Attachment("a", "x" * 50_000)])
        await settle(pilot)
        await pilot.press("shift+tab", "enter")
        await shows(pilot, "too long for a draft")
        assert (app.composer.text, len(app.composer.attachments)) == ("", 1)

    drive(Host(), body)


def test_attachments_alone_are_no_question() -> None:
    """Without a word nothing is sent, and it is said what is missing."""

    async def body(pilot: Pilot[None]) -> None:
        app = await paste(pilot, "line\n" * 10)
        await pilot.press("enter")
        await shows(pilot, "what is attached needs a question")
        assert (app.said, len(app.composer.attachments)) == ([], 1)

    drive(Host(), body)


def test_what_waits_can_go_and_come_back() -> None:
    """Delete takes an input out of the queue; Enter asks for it back, but never over a draft."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        app.composer.set_queue(["first\nand more", "second \x1b[2J"])
        await shows(pilot, "waits, 1: first (+1 line)")
        await shows(pilot, "waits, 2: second \\x1b[2J")
        await pilot.press("shift+tab", "delete", "up", "enter")
        assert app.said == [("removed", 1), ("edit", 0)]
        await pilot.press(*"draft", "shift+tab", "enter")
        await shows(pilot, "send or clear the draft first")
        assert app.said == [("removed", 1), ("edit", 0)]
        app.composer.set_queue([])
        await settle(pilot)
        assert (app.query_one(QueueChips).display, app.composer.text) == (False, "draft")

    drive(Host(), body)


def test_the_queue_changes_while_one_writes() -> None:
    """The draft, the cursor and the focus stay when the queue gets shorter."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        app.composer.set_queue(["one", "two"])
        await pilot.press(*"ab", "left")
        app.composer.set_queue(["two"])
        await pilot.press("x")
        assert (app.composer.text, app.focused) == ("axb", app.composer.editor)

    drive(Host(), body)


@pytest.mark.parametrize("text", ["日本語の質問です", "שלום עולם", "e\u0301 👩‍👩‍👧 x", "tab\there"])
def test_wide_and_right_to_left_text(text: str) -> None:
    """Wide, joined and right-to-left characters arrive as they were written, and one can edit among them."""

    async def body(pilot: Pilot[None]) -> None:
        app = await paste(pilot, text)
        await pilot.press("home", "x", "end", "y", "ctrl+left", "ctrl+right", "enter")
        await settle(pilot)
        assert app.said == [("question", f"x{text}y")]

    drive(Host(), body, size=(60, 15))


def test_a_very_long_draft() -> None:
    """A draft of thousands of lines is shown in its few rows and can be edited and sent."""
    text = "\n".join(
        f"line {number} that is long enough to be wrapped at sixty columns, surely" for number in range(3000)
    )

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        app.composer.set_draft(text)
        await settle(pilot)
        assert app.composer.region.height <= 15 // 3 + 2
        await pilot.press("ctrl+home", "x", "f7", "ctrl+k")
        app.composer.set_draft(text)
        await pilot.press("enter")
        await settle(pilot)
        assert app.said == [("question", text)]

    drive(Host(), body, size=(60, 15))


def test_editing_keys() -> None:
    """Word by word, select all, undo and redo; keys with alt type nothing."""

    async def body(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Host)
        await pilot.press(*"one two three", "alt+b", "ctrl+left", "X", "alt+f", "Y")
        app.composer.editor.post_message(events.Key("alt+z", "z"))  # as older terminals send it
        await pilot.pause()
        assert app.composer.text == "one XtwoY three"
        await pilot.press("f7", "z")
        assert app.composer.text == "z"
        await pilot.press("ctrl+z", "ctrl+z")
        assert app.composer.text.startswith("one X")
        await pilot.press("ctrl+shift+z", "ctrl+y")
        assert app.composer.text == "z"

    drive(Host(), body)


def test_the_conversation_keeps_its_room() -> None:
    """On a low screen the draft grows to a third of it, on others to 8 lines."""
    for size, most in (((60, 15), 5), ((80, 24), 8), ((160, 48), 8)):

        async def body(pilot: Pilot[None], most: int = most) -> None:
            app = pilot.app
            assert isinstance(app, Host)
            app.composer.set_draft("row\n" * 30)
            await settle(pilot)
            assert app.composer.editor.size.height == most, screen_text(app)

        drive(Host(), body, size=size)
