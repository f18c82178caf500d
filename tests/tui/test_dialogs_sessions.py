"""The session browser over a real store: going on, searching, renaming, deleting, exporting, and what may hinder it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localdev.app.conversation.conversation import Conversation, open_conversation
from localdev.app.conversation.desk import Desk
from localdev.config.settings import Settings
from localdev.core.talk import Turn
from localdev.tui.dialogs.session_rows import SessionRows
from localdev.tui.dialogs.sessions import SessionBrowser
from tests.tui.dialogs import DialogHost, desk_of, ended
from tests.tui.drive import Snapshots, drive, settle, shows
from tests.tui.picture import screen_text
from tests.tui.scripted import THEN, conversation_turns, store_with_sessions

EVIL = "\x1b[31m\u202e[bold]evil[/bold]\nsecond line \u05e9\u05dc\u05d5\u05dd 漢字"
FOUND = Turn(1, "question", "Where are vouchers applied?", "In `apply_voucher`, in the cart.", "done", asked_at=THEN)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A repository with three sessions and one of another repository."""
    root = tmp_path / "shop"
    root.mkdir()
    desk = desk_of(root)
    desk.folders.sessions.parent.mkdir(parents=True, mode=0o700)
    sessions = {
        "aaaa1111": (root, "How is the discount decided?", conversation_turns()),
        "bbbb2222": (root, "Vouchers", (FOUND,)),
        "cccc3333": (root, EVIL, ()),
        "dddd4444": (tmp_path, "Of another repository", (FOUND,)),
    }
    store_with_sessions(desk.folders.sessions, sessions)
    yield desk
    desk.store.close()


@pytest.fixture
def conversation(desk: Desk) -> Iterator[Conversation]:
    """The conversation that goes on with the first of them."""
    conversation = open_conversation(desk.store, desk.root, Settings(), desk.starter, session="aaaa1111")
    yield conversation
    conversation.close()


def test_browser(snap: Snapshots, conversation: Conversation, desk: Desk) -> None:
    """Titles as they are, the one that is open, when, how much, which model."""
    snap(DialogHost(SessionBrowser(conversation, desk)), "dialog-sessions", press=("down",))


def test_browser_small_and_light(snap: Snapshots, conversation: Conversation, desk: Desk) -> None:
    """The same on the smallest screen, light."""
    host = DialogHost(SessionBrowser(conversation, desk), light=True)
    snap(host, "dialog-sessions-small", size=(60, 15), press=("end",))


def test_browser_search(snap: Snapshots, conversation: Conversation, desk: Desk) -> None:
    """A search shows the places that fit, and where the words are."""
    snap(DialogHost(SessionBrowser(conversation, desk, query="voucher")), "dialog-sessions-search")


def test_an_empty_store_says_what_to_do(snap: Snapshots, tmp_path: Path) -> None:
    """Before the first question nothing is there, and nothing is made by looking."""
    root = tmp_path / "empty"
    root.mkdir()
    desk = desk_of(root)
    conversation = open_conversation(desk.store, root, Settings(), desk.starter)
    snap(DialogHost(SessionBrowser(conversation, desk)), "dialog-sessions-empty")
    assert not desk.folders.sessions.exists()
    for key in ("enter", "r", "d", "e"):
        assert ended(SessionBrowser(conversation, desk), key) == []


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("enter",), "aaaa1111"),
        (("down", "enter"), "bbbb2222"),
        (("n",), ""),
        (("escape",), None),
        (("slash", *"vouchers app", "enter", "enter"), "bbbb2222"),
    ],
)
def test_what_it_ends_with(conversation: Conversation, desk: Desk, keys: tuple[str, ...], value: str | None) -> None:
    """The session to go on with, an empty text for a new one, or nothing."""
    assert ended(SessionBrowser(conversation, desk), *keys) == [value]


def test_a_search_without_a_match_says_so(conversation: Conversation, desk: Desk) -> None:
    """And emptying the field shows all again; letters typed into it are no commands."""
    host = DialogHost(SessionBrowser(conversation, desk))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("slash", *"nerd")
        await shows(pilot, "No title, question or answer")
        await pilot.press(*["backspace"] * 4)
        await shows(pilot, "Vouchers")
        await pilot.press("down", "down")
        assert pilot.app.screen.query_one(SessionRows).has_focus

    drive(host, body)


def test_rename(conversation: Conversation, desk: Desk) -> None:
    """Another title, for the session that is open too; Escape and an empty title change nothing."""
    host = DialogHost(SessionBrowser(conversation, desk))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for keys in (("home", "r", *"!!", "enter"), ("down", "r", *"?", "enter"), ("r", *"x", "escape")):
            await pilot.press(*keys)
            await settle(pilot)
        await pilot.press("r", "ctrl+u", "enter")
        await shows(pilot, "a title needs words")
        assert "Vouchers?" in screen_text(pilot.app)

    drive(host, body)
    assert conversation.session.title == "How is the discount decided?!!"
    assert [desk.store.info(id).title for id in ("aaaa1111", "bbbb2222")] == [conversation.session.title, "Vouchers?"]


def test_delete_asks_first(snap: Snapshots, conversation: Conversation, desk: Desk) -> None:
    """Enter at the question keeps it, y deletes it, and the list shows it no more; the open one stays."""
    host = DialogHost(SessionBrowser(conversation, desk))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("down", "d")
        await snap.now(pilot, "dialog-sessions-delete")
        await pilot.press("enter")
        await settle(pilot)
        assert "Vouchers" in screen_text(pilot.app)
        await pilot.press("d")
        await settle(pilot)
        await pilot.press("y")
        await settle(pilot)
        assert "Vouchers" not in screen_text(pilot.app)
        await pilot.press("home", "d")
        await shows(pilot, "you are in this one")

    drive(host, body)
    assert [each.id for each in desk.store.list()] == ["aaaa1111", "cccc3333", "dddd4444"]


def test_export(conversation: Conversation, desk: Desk) -> None:
    """Markdown by default, JSON by the file's ending, never over a file that is there."""
    host = DialogHost(SessionBrowser(conversation, desk))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        for file, said in (("", "written:"), ("talk.json", "talk.json"), ("talk.json", "name another file")):
            await pilot.press("e")
            await settle(pilot)
            await pilot.press(*file, "enter")
            await shows(pilot, said)
            await settle(pilot)

    drive(host, body)
    assert json.loads((desk.root / "talk.json").read_text())["schema_version"]
    assert [path.name for path in desk.root.iterdir()] == ["talk.json"]
    assert [path.suffix for path in desk.folders.exports.iterdir()] == [".md"]


def test_one_deleted_meanwhile(conversation: Conversation, desk: Desk) -> None:
    """Choosing, renaming or deleting a session that another process deleted is an error, and the list is read anew."""
    host = DialogHost(SessionBrowser(conversation, desk))

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await pilot.press("down")
        other = desk_of(desk.root)
        other.store.delete("bbbb2222")
        other.store.close()
        await pilot.press("enter")
        await shows(pilot, "there is no session")
        await settle(pilot)
        assert "Vouchers" not in screen_text(pilot.app)

    drive(host, body)
    assert host.ended == []


HOLD = """
import sys
from pathlib import Path
from localdev.sessions.store import SessionStore
with SessionStore(Path(sys.argv[1])).lease("bbbb2222"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_open_in_another_chat(conversation: Conversation, desk: Desk) -> None:
    """A session that another process has open is named so, and can be neither continued nor deleted."""
    command = [sys.executable, "-c", HOLD, str(desk.folders.sessions)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"

        async def body(pilot: Pilot[None]) -> None:
            await settle(pilot)
            assert "open in another chat" in screen_text(pilot.app)
            await pilot.press("down", "enter")
            await shows(pilot, "is open in another chat")
            await pilot.press("d")
            await settle(pilot)
            await pilot.press("y")
            await shows(pilot, "the session bbbb2222")  # the error before said the rest of it too

        host = DialogHost(SessionBrowser(conversation, desk))
        drive(host, body)
        other.communicate()
    assert host.ended == [] and desk.store.info("bbbb2222")


def test_five_thousand_sessions(conversation: Conversation, desk: Desk) -> None:
    """All are there at once and the last one is reached by a key; a key is answered while they are read."""
    row = "INSERT INTO sessions (id, title, root, created_at, changed_at) VALUES (?, ?, ?, ?, ?)"
    with sqlite3.connect(desk.folders.sessions) as database:
        rows = ((f"e{n:07}", f"session {n}", str(desk.root), n, n) for n in range(5000))
        database.executemany(row, rows)
    database.close()
    host = DialogHost(SessionBrowser(conversation, desk))

    async def body(pilot: Pilot[None]) -> None:
        began = time.monotonic()
        await shows(pilot, "5003 sessions")
        assert time.monotonic() - began < 5
        await pilot.press("end")
        await settle(pilot)
        assert "session 0" in screen_text(pilot.app)
        await pilot.press("enter")
        await settle(pilot)

    drive(host, body)
    assert host.ended == ["e0000000"]


def test_a_newer_store_is_said(conversation: Conversation, desk: Desk) -> None:
    """What cannot be read is said in the list's place, with what to do; nothing is touched."""
    broken = desk_of(desk.root)
    with sqlite3.connect(desk.folders.sessions) as database:
        database.execute("INSERT INTO migrations VALUES (99, 'from the future', 0)")
    database.close()

    async def body(pilot: Pilot[None]) -> None:
        await settle(pilot)
        assert "newer version" in screen_text(pilot.app) and "hint: " in screen_text(pilot.app)

    drive(DialogHost(SessionBrowser(conversation, broken)), body)
