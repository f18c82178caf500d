"""Sessions and turns come back as they were stored, in their order, and only one chat continues a session."""

from __future__ import annotations

import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.core.chat import Usage
from localdev.core.errors import Busy, NotFound, StorageError, UsageError
from localdev.core.events import Citation, Notice, Timings
from localdev.core.talk import Attachment, SessionInfo, Turn
from localdev.sessions.finding import chosen
from localdev.sessions.rows import turn_of, turn_row
from localdev.sessions.store import SessionStore

FULL = Turn(
    number=0,
    kind="question",
    asked="How are settings read?",
    answer="By `read_settings` [1].",
    state="done",
    attachments=(Attachment("pasted text 1", "a\r\nb\0c"),),
    sources=(Citation(1, "app/settings.py", 4, 7, "read_settings"), Citation(2, "app/main.py", 1, 9)),
    cited=(1,),
    unverified=("read_all",),
    dropped_citations=2,
    said=(Notice("warning", "the index is old"),),
    model="tiny",
    backend="llamacpp",
    adapter="house@0.5",
    prompt="chat@1:abc",
    usage=Usage(10, 5, 3),
    timings=Timings(1.0, 2.5, 3.0, 40.0),
    stop_reason="stop",
    payload={"$": "kept", "list": [1, None, {"$": True}]},
    sent="Passages ...",
    form="short",
    error="no",
    hint="yes",
    asked_at=12.5,
    ended_at=13.0,
)


def asked(text: str, *, answer: str = "", state: str = "done") -> Turn:
    """Make a turn."""
    return replace(Turn(0, "question", text, answer), state=state)  # type: ignore[arg-type]


def test_looking_makes_nothing(store: SessionStore, path: Path, root: Path) -> None:
    """A store that nothing was put into has no file, however it is looked at."""
    assert store.list() == store.list(root) == []
    assert store.search("x") == []
    assert store.latest(root) is None
    assert store.size_of(None) == (0, 0)
    assert store.delete_of(root) == 0
    with pytest.raises(NotFound):
        store.turns("0123abcd")
    with pytest.raises(NotFound), store.lease("0123abcd"):
        pass
    assert not path.parent.exists()


@pytest.mark.parametrize("id", ["", "0123abcd", "../../x", "\udcff", "a\0b", "'; --"])
def test_ids_that_are_none(store: SessionStore, root: Path, id: str) -> None:
    """Whatever is given as an id, what does not name a session is not found."""
    store.create(root)
    for use in (
        store.info,
        store.turns,
        store.delete,
        lambda id: store.rename(id, "x"),
        lambda id: store.add(id, FULL),
    ):
        with pytest.raises(NotFound) as caught:
            use(id)
        assert "sessions list" in caught.value.hint


def test_every_field_comes_back(store: SessionStore, path: Path, root: Path) -> None:
    """A turn with all it can hold is read as it was stored, by another store too."""
    info = store.create(root, title="Settings")
    kept = store.add(info.id, FULL)
    assert kept == replace(FULL, number=1)
    store.close()
    again = SessionStore(path)
    assert again.turns(info.id) == [kept]
    found = again.info(info.id)
    assert (found.title, found.root, found.turns, found.model) == ("Settings", str(root), 1, "tiny")
    again.close()


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(codec=None), max_size=40))
def test_any_text_is_a_row(text: str) -> None:
    """Half characters, NUL and control characters survive the way to a row and back."""
    turn = replace(FULL, number=3, asked=text, answer=text, sent=text, error=text, unverified=(text,))
    assert turn_of(turn_row(turn)) == turn


def test_what_was_asked_last_in_a_repository(store: SessionStore, root: Path, tmp_path: Path) -> None:
    """In all its sessions, each text once, the newest at the end; other repositories have their own."""
    assert store.asked(root) == []
    first, second, other = store.create(root), store.create(root), store.create(tmp_path / "other")
    asked = [(first, "one"), (second, "two"), (other, "elsewhere"), (first, "odd \udce9"), (second, "one")]
    for session, text in asked:
        store.add(session.id, replace(FULL, asked=text))
    assert store.asked(root) == ["two", "odd \udce9", "one"]
    assert store.asked(root, limit=1) == ["one"]


def test_odd_texts_survive_sqlite(store: SessionStore, tmp_path: Path) -> None:
    """Texts that are no UTF-8, with NUL bytes, or of a megabyte on one line are stored, found again and deleted."""
    root = tmp_path / "b\udcffd"
    odd = "x\udcff\0y \U0001f600 ‮" + "ä" * 1_000_000
    info = store.create(root, title=odd[:9])
    kept = store.add(info.id, asked(odd, answer=odd))
    assert store.turns(info.id) == [kept]
    (listed,) = store.list(root)
    assert (listed.title, listed.root) == (odd[:9], str(root))
    assert store.find(odd[:9], root) == listed
    store.rename(info.id, "z\ud800")
    assert store.info(info.id).title == "z\ud800"
    assert store.delete_of(root) == 1
    assert store.list() == []


def test_fields_that_versions_do_not_share(store: SessionStore, root: Path) -> None:
    """An unknown field is passed over, a missing one is as by default; what is no turn is an error that names it."""
    number, kind, state, text, answer, _, sent = turn_row(replace(FULL, number=1))
    later = '{"model":"m","mood":"good","usage":{"prompt_tokens":4,"energy":1}}'
    turn = turn_of((number, kind, state, text, answer, later, sent))
    assert (turn.model, turn.usage, turn.said) == ("m", Usage(4), ())
    for broken in ("{", "[]", '{"sources":[1]}', '{"cited":5}'):
        with pytest.raises(StorageError, match="turn 1 ") as caught:
            turn_of((number, kind, state, text, answer, broken, sent))
        assert caught.value.hint


def test_turns_are_numbered_and_paged(store: SessionStore, root: Path) -> None:
    """Numbers count from 1; the last ones before a number come in their order."""
    info = store.create(root)
    assert [store.add(info.id, asked(f"q{n}")).number for n in range(1, 8)] == list(range(1, 8))

    def numbers(before: int | None = None, limit: int | None = None) -> list[int]:
        return [turn.number for turn in store.turns(info.id, before=before, limit=limit)]

    assert numbers() == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(limit=3) == [5, 6, 7]
    assert numbers(5, 3) == [2, 3, 4]
    assert numbers(2, 3) == [1]
    assert numbers(1) == numbers(0) == numbers(limit=0) == []
    assert store.info(info.id).turns == 7


def test_saving_replaces_one_turn(store: SessionStore, root: Path) -> None:
    """A turn is replaced by its number, and its session was changed then; what is not there cannot be saved."""
    info = store.create(root)
    first, second = store.add(info.id, asked("a")), store.add(info.id, asked("b", state="streaming"))
    before = store.info(info.id).changed_at
    store.save(info.id, replace(second, answer="more", model="tiny"))
    assert [turn.answer for turn in store.turns(info.id)] == ["", "more"]
    changed = store.info(info.id)
    assert changed.changed_at > before
    assert (changed.turns, changed.model) == (2, "tiny")
    with pytest.raises(NotFound, match="no turn 9"):
        store.save(info.id, replace(first, number=9))
    store.delete(info.id)
    with pytest.raises(NotFound, match=info.id):
        store.save(info.id, first)
    with pytest.raises(NotFound, match=info.id):
        store.add(info.id, first)


def test_lists_by_change_and_repository(store: SessionStore, root: Path, tmp_path: Path) -> None:
    """The last changed session stands first; those of another repository are apart; pages follow one another."""
    one, two = store.create(root, title="one"), store.create(root, title="two")
    other = store.create(tmp_path / "other", title="other")
    store.add(one.id, asked("x"))
    assert [each.title for each in store.list(root)] == ["one", "two"]
    assert [each.id for each in store.list()] == [one.id, other.id, two.id]
    assert [each.id for each in store.list(limit=1, offset=1)] == [other.id]
    assert [each.id for each in store.list(root / ".." / root.name)] == [one.id, two.id]


def test_the_latest_has_turns(store: SessionStore, path: Path, root: Path) -> None:
    """What `--continue` goes on with is the last changed session that has turns; an older one would not be it."""
    old, new = store.create(root), store.create(root)
    store.create(root)
    for info in (old, new):
        store.add(info.id, asked("x"))
    assert store.latest(root) == store.info(new.id)
    with store.lease(new.id):
        assert SessionStore(path).latest(root) == store.info(new.id)


def test_one_chat_at_a_time(store: SessionStore, path: Path, root: Path) -> None:
    """A session that is open is refused to a second chat of this process, and free again afterwards."""
    info = store.create(root, title="mine")
    with store.lease(info.id):
        for each in (store, SessionStore(path)):
            with pytest.raises(Busy, match="mine") as caught, each.lease(info.id):
                pass
            assert caught.value.hint
        assert store.is_open(info.id)
    assert not store.is_open(info.id)
    with store.lease(info.id):
        pass


def test_looking_does_not_keep_a_chat_out(store: SessionStore, path: Path, root: Path) -> None:
    """Those who only look whether a session is open hold its lock for moments; a chat gets it all the same."""
    info = store.create(root)
    with store.lease(info.id):
        pass
    over = threading.Event()
    looking = SessionStore(path)

    def look() -> None:
        while not over.is_set():
            looking.is_open(info.id)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            with store.lease(info.id):
                pass
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_left_turns_are_told_as_unfinished_before_anyone_goes_on(store: SessionStore, path: Path, root: Path) -> None:
    """Where no chat has the session open nothing comes any more; where one has, it does."""
    info = store.create(root)
    store.add(info.id, asked("a", answer="half", state="streaming"))
    assert [turn.state for turn in store.turns(info.id)] == ["unfinished"]
    with store.lease(info.id):
        store.add(info.id, asked("b", state="streaming"))
        assert [turn.state for turn in SessionStore(path).turns(info.id)] == ["unfinished", "streaming"]


def test_left_turns_are_unfinished(store: SessionStore, root: Path) -> None:
    """A turn whose answer was coming when its chat went away is unfinished, with its part; others are as they were."""
    info = store.create(root)
    store.add(info.id, asked("a", answer="whole"))
    store.add(info.id, asked("b", answer="half a zebra", state="streaming"))
    assert store.search("zebra") == []
    with store.lease(info.id):
        assert [(turn.state, turn.answer) for turn in store.turns(info.id)] == [
            ("done", "whole"),
            ("unfinished", "half a zebra"),
        ]
    assert [match.turn for match in store.search("zebra")] == [2]


def test_the_holder_may_delete_its_session(store: SessionStore, path: Path, root: Path) -> None:
    """A chat deletes its own session; one that another chat holds stays, and so do all named with it."""
    mine, other = store.create(root), store.create(root)
    second = SessionStore(path)
    with second.lease(other.id):
        with pytest.raises(Busy):
            store.delete(mine.id, other.id)
        with pytest.raises(Busy):
            store.delete_of(None)
        assert len(store.list()) == 2
        with store.lease(mine.id):
            store.delete(mine.id)
        second.delete(other.id)
    assert store.list() == []
    second.close()


def test_what_is_deleted_is_gone_from_the_disk(store: SessionStore, path: Path, root: Path) -> None:
    """No file of the store holds a word of a deleted session, in turns, titles or the index; room is given back."""
    info = store.create(root, title="forgettable")
    for number in range(150):
        store.add(info.id, asked(f"secretword {number} " * 100, answer="secretanswer " * 200))
    store.add(info.id, asked("secretword", state="streaming"))
    full = path.stat().st_size
    store.delete(info.id)
    for file in path.parent.iterdir():
        if file.is_file():
            assert not any(word in file.read_bytes() for word in (b"secretword", b"secretanswer", b"forgettable")), file
    assert path.stat().st_size < full / 4
    assert not list((path.parent / "open").iterdir())


def test_only_the_user_may_read(store: SessionStore, path: Path, root: Path) -> None:
    """The folder and every file in it are the user's alone."""
    info = store.create(root)
    with store.lease(info.id):
        modes = {each: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.rglob("*"))}
    assert {mode for each, mode in modes.items() if each.is_dir()} == {0o700}
    assert {mode for each, mode in modes.items() if each.is_file()} == {0o600}


def test_threads_share_a_store(store: SessionStore, root: Path) -> None:
    """Writing, reading and searching at the same time from several threads loses nothing."""
    info = store.create(root)
    errors: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(15):
                kept = store.add(info.id, asked(f"thread{name} number{number}", state="streaming"))
                store.save(info.id, replace(kept, state="done"))
                store.turns(info.id, limit=5)
                store.search(f"thread{name}", root)
                store.list(root)
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [turn.number for turn in store.turns(info.id)] == list(range(1, 91))
    assert len(store.search("thread3", limit=99)) == 15


INFOS = [
    SessionInfo("0a12bc3d", "How are settings read?", "/r", 0, 0),
    SessionInfo("0a99ffff", "Discounts", "/r", 0, 0),
    SessionInfo("77777777", "Discounts", "/r", 0, 0),
    SessionInfo("88888888", "0a1", "/r", 0, 0),
    SessionInfo("99999999", "", "/r", 0, 0),
]


@pytest.mark.parametrize(
    ("named", "id"),
    [
        ("0a12bc3d", "0a12bc3d"),
        ("0A12BC3D ", "0a12bc3d"),
        ("0a12", "0a12bc3d"),
        ("how are SETTINGS read?", "0a12bc3d"),
        ("0a1", "88888888"),
        ("9", "99999999"),
    ],
)
def test_a_session_is_named(named: str, id: str) -> None:
    """By its id, its title, or the beginning of its id, in this order."""
    assert chosen(named, INFOS).id == id


@pytest.mark.parametrize(
    ("named", "error", "told"),
    [
        ("0a", UsageError, "0a12bc3d"),
        ("discounts", UsageError, "77777777"),
        ("", UsageError, "sessions list"),
        ("  ", UsageError, "sessions list"),
        ("settings", NotFound, "0a12bc3d"),
        ("How are setings read", NotFound, "0a12bc3d"),
        ("zzzz", NotFound, "sessions list"),
        ("../../etc", NotFound, "sessions list"),
    ],
)
def test_a_session_is_not_clear(named: str, error: type[Exception], told: str) -> None:
    """Several, or none: the hint names those that may be meant."""
    with pytest.raises(error) as caught:
        chosen(named, INFOS)
    assert told in caught.value.hint  # type: ignore[attr-defined]


def test_ids_are_found_everywhere(store: SessionStore, root: Path, tmp_path: Path) -> None:
    """A whole id is found from any repository; a title only in its own."""
    info = store.create(tmp_path / "other", title="Discounts")
    assert store.find(info.id, root) == info
    assert store.find("discounts") == info
    with pytest.raises(NotFound):
        store.find("discounts", root)
