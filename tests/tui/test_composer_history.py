"""Earlier inputs: going through them, and searching them."""

from __future__ import annotations

from textual.pilot import Pilot

from localdev.app.conversation.desk import Names
from localdev.core.talk import Attachment
from localdev.tui.composer.history import MOST_KEPT, History
from localdev.tui.composer.popup import Popup
from tests.tui.composing import Host
from tests.tui.drive import drive, settle, shows


def test_back_and_forth() -> None:
    """Up goes to older inputs, down to newer ones and at last to the draft that was left."""
    history = History(["one", "two"])
    assert [history.earlier("draft"), history.earlier("two"), history.earlier("one")] == ["two", "one", None]
    assert [history.later("one"), history.later("two"), history.later("draft")] == ["two", "draft", None]


def test_nothing_that_was_written_on_the_way_is_lost() -> None:
    """Text put in place of an earlier input is there again when one comes back, until something is sent."""
    history = History(["one", "two"])
    assert [history.earlier("draft"), history.earlier("new question")] == ["two", "one"]
    assert [history.later("one"), history.later("new question")] == ["new question", "draft"]
    history.add("three")
    assert [history.earlier(""), history.earlier("three")] == ["three", "two"]


def test_each_input_is_kept_once() -> None:
    """One that is asked again counts where it was asked last; blanks are no input; the oldest go at last."""
    history = History(["a", "b", "a", "  "])
    history.add("b")
    assert [history.earlier(""), history.earlier(""), history.earlier("")] == ["b", "a", None]
    many = History([str(number) for number in range(MOST_KEPT + 5)])
    assert len(many.search("")) == MOST_KEPT
    assert "0" not in many.search("")


def test_a_turn_that_ends_leaves_the_place() -> None:
    """New inputs of the session do not take the draft from someone who looks at an older one; commands stay known."""
    history = History(["one", "two"])
    history.add("/help")
    assert [history.earlier("draft"), history.earlier("/help")] == ["/help", "two"]
    history.reset(["one", "two", "three"])
    assert [history.later("two"), history.later("three"), history.later("/help")] == ["three", "/help", "draft"]
    history.reset([])
    assert history.search("") == ["/help"]


def test_another_session_leaves_the_draft() -> None:
    """Who looks at an input of a session that is left still comes back to the draft."""
    history = History(["one", "two"])
    assert history.earlier("draft") == "two"
    history.reset(["other"])
    assert history.later("two") == "draft"


def test_search_takes_words_in_any_order() -> None:
    """All words must be there, whatever their case; the newest comes first."""
    history = History(["Where is Foo called?", "call it foo", "other"])
    assert history.search("FOO call") == ["call it foo", "Where is Foo called?"]


def asked(*texts: str) -> Host:
    """Make a screen whose composer knows earlier inputs."""
    app = Host()
    app.history = texts
    return app


def test_up_and_down_in_the_draft() -> None:
    """Only the first and the last row go through the history; inside the draft the cursor moves."""
    app = asked("older", "first row\nlast row")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press(*"my", "up")
        assert app.composer.text == "first row\nlast row"
        await pilot.press("up")
        assert app.composer.editor.cursor_location[0] == 0
        await pilot.press("up")
        assert app.composer.text == "older"
        await pilot.press("down", "down", "down")
        assert app.composer.text == "my"

    drive(app, body)


def test_a_wrapped_line_has_rows_of_its_own() -> None:
    """In a line that is wrapped the cursor goes through its rows before the history is shown."""
    app = asked("older")

    async def body(pilot: Pilot[None]) -> None:
        app.composer.set_draft("word " * 40)
        await settle(pilot)
        await pilot.press("up")
        assert app.composer.text.startswith("word")
        for _ in range(8):
            await pilot.press("up")
        assert app.composer.text == "older"

    drive(app, body)


def test_what_was_sent_is_the_newest() -> None:
    """A question just sent is there with Up; what the session reports later is not there twice."""
    app = asked("older")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press(*"new", "enter")
        await pilot.pause()
        app.composer.set_history(["older", "new"])
        await pilot.press("up")
        assert app.composer.text == "new"
        await pilot.press("up")
        assert app.composer.text == "older"

    drive(app, body)


def test_search_brings_an_input_back() -> None:
    """Ctrl+R, some words, Enter: the input is the draft and is not sent."""
    app = asked("where is the parser?", "what calls parse?", "other")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press(*"draft", "ctrl+r")
        await shows(pilot, "▸ other")
        await pilot.press(*"parse")
        await shows(pilot, "▸ what calls parse?")
        await pilot.press("ctrl+r")
        await shows(pilot, "▸ where is the parser?")
        await pilot.press("enter")
        assert (app.composer.text, app.said) == ("where is the parser?", [])

    drive(app, body)


def test_leaving_the_search_gives_the_draft_back() -> None:
    """Esc ends the search alone; one that finds nothing says so and sends nothing."""
    app = asked("other")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press(*"draft", "ctrl+r", *"zzz")
        await shows(pilot, "nothing that was asked here holds these words")
        await pilot.press("enter", "escape")
        assert (app.composer.text, app.said) == ("draft", [])
        await pilot.press("escape")
        assert app.said == [("cancel", "")]

    drive(app, body)


def test_a_click_in_the_search() -> None:
    """A click on an earlier input takes it; a draft set from outside ends the search."""
    app = asked("one", "two")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+r")
        await settle(pilot)
        await pilot.click(Popup, offset=(5, 2))
        await settle(pilot)
        assert (app.composer.text, app.focused) == ("one", app.composer.editor)
        await pilot.press("ctrl+r")
        app.composer.set_draft("from outside")
        await pilot.press("enter")
        await settle(pilot)
        assert app.said == [("question", "from outside")]

    drive(app, body)


def test_names_that_arrive_leave_a_search_open() -> None:
    """The list of a search stays when the names of the repository are known at last."""
    app = asked("one", "two")

    async def body(pilot: Pilot[None]) -> None:
        await pilot.press(*"draft", "ctrl+r")
        await shows(pilot, "▸ two")
        app.composer.set_names(Names(("a.py",), ()))
        await settle(pilot)
        await shows(pilot, "▸ two")

    drive(app, body)


def test_sending_by_another_key_takes_what_was_found() -> None:
    """With a key of one's own for sending, too, the words of a search are never sent."""
    app = asked("one", "two")

    async def body(pilot: Pilot[None]) -> None:
        app.set_keymap({"send": "ctrl+g"})
        await pilot.press(*"draft", "ctrl+r", *"on", "ctrl+g")
        await settle(pilot)
        assert (app.composer.text, app.said) == ("one", [])
        await pilot.press("ctrl+g")
        await settle(pilot)
        assert app.said == [("question", "one")]

    drive(app, body)


def test_what_is_brought_into_the_draft_ends_a_search() -> None:
    """An attachment written out goes into the draft that a search has put aside; a waiting input never covers it."""
    app = asked("one")

    async def body(pilot: Pilot[None]) -> None:
        app.composer.set_draft("draft ", [Attachment("notes", "of mine")])
        await pilot.press("ctrl+r", "shift+tab", "enter")
        await settle(pilot)
        assert (app.composer.text, app.composer.attachments) == ("draft of mine", ())
        app.composer.set_queue(["waits"])
        await settle(pilot)
        await pilot.press("ctrl+r", "shift+tab", "enter")
        await settle(pilot)
        assert (app.composer.text, app.said) == ("draft of mine", [])

    drive(app, body)
