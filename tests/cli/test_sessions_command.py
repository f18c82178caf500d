"""`localdev sessions` and what `wipe` does with them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.core.events import Citation
from localdev.core.folders import find_folders
from localdev.core.talk import Turn
from localdev.sessions.store import SessionStore
from tests.cli.conftest import Run

TURNS = [
    Turn(0, "question", "How are settings read?", "By `read_settings` [1].", "done",
         sources=(Citation(1, "app/settings.py", 4, 7, "read_settings"),), cited=(1,), model="tiny"),
    Turn(0, "question", "And\x1b[2J the cart?", "Half an ans", "cancelled"),
]  # fmt: skip


@pytest.fixture
def store(home: Path) -> Iterator[SessionStore]:
    """Give the store that commands use."""
    opened = SessionStore(find_folders().sessions)
    yield opened
    opened.close()


@pytest.fixture
def ids(store: SessionStore, repository: Path, tmp_path: Path) -> list[str]:
    """Keep two sessions of the repository, the first changed last, and one of another."""
    made = [
        store.create(repository, title="How are settings read?"),
        store.create(repository, title="Carts\x1b[31m\nred"),
        store.create(tmp_path / "gone", title="Elsewhere"),
    ]
    for info in reversed(made):
        for turn in TURNS:
            store.add(info.id, turn)
    return [info.id for info in made]


def test_list(run: Run, repository: Path, ids: list[str], store: SessionStore) -> None:
    """Those of the repository, the last changed first, or of all; which one a chat has open is said."""
    told = run("sessions", "list", "-C", repository)
    assert told.code == 0
    first, second = told.out.splitlines()
    assert first.startswith(ids[0])
    assert "2 turns  How are settings read?" in first
    assert "Carts\\x1b[31m\\nred" in second
    assert run("sessions", "list", "-n", 1, "-C", repository).out.count("\n") == 1
    assert run("sessions", "list", "-n", "9" * 30, "-C", repository).code == 2
    everywhere = run("sessions", "list", "--all", "-C", repository).out
    assert "Elsewhere" in everywhere
    assert str(repository) in everywhere
    with store.lease(ids[1]):
        listed = json.loads(run("sessions", "list", "--json", "-C", repository).out)
        assert "(open)" in run("sessions", "list", "-C", repository).out
    assert listed["schema_version"] == 1
    assert [(each["id"], each["turns"], each["open"]) for each in listed["sessions"]] == [
        (ids[0], 2, False),
        (ids[1], 2, True),
    ]
    assert listed["more"] is False


def test_without_sessions(run: Run, repository: Path, home: Path) -> None:
    """Where there are none this is said, nothing is made, and what needs one ends with an error and a hint."""
    told = run("sessions", "list", "-C", repository)
    assert (told.code, told.out) == (0, "")
    assert "no sessions" in told.err
    assert json.loads(run("sessions", "list", "--json", "-C", repository).out)["sessions"] == []
    for words in (["show"], ["show", "x"], ["export"], ["rename", "x", "y"], ["delete", "x", "--yes"]):
        told = run("sessions", *words, "-C", repository)
        assert told.code == 4
        assert told.err.startswith("error: there ")
        assert "hint: " in told.err
    assert run("sessions", "search", "x", "-C", repository).code == 1
    assert not find_folders().sessions.parent.exists()


def test_show(run: Run, repository: Path, ids: list[str]) -> None:
    """One session as Markdown, harmless, or as JSON; without a name the last changed one."""
    told = run("sessions", "show", "-C", repository)
    assert told.code == 0
    assert told.out.startswith("# How are settings read?\n")
    for part in ("## 1. How are", "By `read_settings` [1].", "`app/settings.py:4-7`", "Half an ans", "**Cancelled.**"):
        assert part in told.out
    assert "\x1b" not in told.out
    assert "read_settings" not in run("sessions", "show", ids[0][:6], "-n", 1, "-C", repository).out
    read = json.loads(run("sessions", "show", ids[1], "--json", "-C", repository).out)
    assert read["session"]["id"] == ids[1]
    assert [turn["asked"] for turn in read["turns"]] == [turn.asked for turn in TURNS]
    assert run("sessions", "show", "elsewhere", "-C", repository).code == 4
    assert run("sessions", "show", "elsewhere", "--all", "-C", repository).code == 0
    missing = run("sessions", "show", "How are setings read", "-C", repository)
    assert ids[0] in missing.err


def test_search(run: Run, repository: Path, ids: list[str]) -> None:
    """Turns that hold all words, with the text around them; exit code 1 when none does; no query is an error."""
    told = run("sessions", "search", "read", "settings", "-C", repository)
    assert told.code == 0
    assert f"{ids[0]}  title" in told.out
    assert f"{ids[1]}  turn 1" in told.out
    assert "    By read_settings" not in told.out
    assert "read_settings" in run("sessions", "search", "read_settings", "-C", repository).out
    read = json.loads(run("sessions", "search", "cart", "--json", "-C", repository).out)
    match = next(each for each in read["results"] if each["turn"])
    start, end = match["hits"][0]
    assert match["excerpt"][start:end] == "cart"
    assert match["session"]["id"] == ids[0]
    assert len(json.loads(run("sessions", "search", "cart", "--all", "--json", "-C", repository).out)["results"]) == 4
    for query in ("nowhere", 'qq"b', "cart AND NOT", "*", "NEAR(", "zz:cart"):
        told = run("sessions", "search", query, "-C", repository)
        assert (told.code, told.out) == (1, ""), query
    assert run("sessions", "search", " ", "-C", repository).code == 2
    nothing = run("sessions", "search", "nowhere", "--json", "-C", repository)
    assert (nothing.code, json.loads(nothing.out)["results"]) == (1, [])


def test_export(run: Run, repository: Path, ids: list[str], tmp_path: Path) -> None:
    """To stdout or a file, which is replaced only with --force; an unknown format is refused before anything."""
    file = tmp_path / "chat.md"
    assert run("sessions", "export", "-C", repository).out == run("sessions", "show", "-C", repository).out
    told = run("sessions", "export", ids[1], "-o", file, "-C", repository)
    assert (told.code, told.out) == (0, "")
    assert str(file) in told.err
    assert file.read_text(encoding="utf-8").startswith("# Carts")
    again = run("sessions", "export", "--format", "json", "-o", file, "-C", repository)
    assert again.code == 2
    assert "--force" in again.err
    assert run("sessions", "export", "--format", "json", "--force", "-o", file, "-C", repository).code == 0
    read = json.loads(file.read_text(encoding="utf-8"))
    assert read == json.loads(run("sessions", "export", "--json", "-C", repository).out)
    wrong = run("sessions", "export", "--format", "html", "-C", repository)
    assert wrong.code == 2
    assert "markdown, json" in wrong.err


def test_rename(run: Run, repository: Path, ids: list[str], store: SessionStore) -> None:
    """A session gets another title, of one line."""
    told = run("sessions", "rename", ids[0], "a", "new\n title", "-C", repository)
    assert told.code == 0
    assert store.info(ids[0]).title == "a new title"
    read = json.loads(run("sessions", "rename", "a new title", "b", "--json", "-C", repository).out)
    assert read["session"]["title"] == "b"
    assert run("sessions", "rename", ids[0], " ", "-C", repository).code == 2


def test_delete(run: Run, repository: Path, ids: list[str], store: SessionStore) -> None:
    """Deleting is confirmed first; what is open stays, with all that were named; elsewhere an id is needed."""
    assert run("sessions", "delete", ids[0], "-C", repository).code == 2
    with store.lease(ids[1]):
        held = run("sessions", "delete", ids[0], ids[1], "--yes", "-C", repository)
    assert held.code == 4
    assert "another chat" in held.err
    assert len(store.list()) == 3
    gone = json.loads(run("sessions", "delete", ids[0], ids[0], ids[1], "--yes", "--json", "-C", repository).out)
    assert gone["deleted"] == ids[:2]
    assert [info.id for info in store.list()] == [ids[2]]
    assert run("sessions", "delete", "Elsewhere", "--yes", "-C", repository).code == 4
    assert run("sessions", "delete", ids[2], "--yes", "-C", repository).code == 0


def test_wipe_removes_sessions(run: Run, repository: Path, ids: list[str], store: SessionStore) -> None:
    """`wipe` removes those of the repository and says so; one that is open stops it before anything is removed."""
    assert run("index", "-C", repository).code == 0
    with store.lease(ids[0]):
        held = run("wipe", "--yes", "-C", repository)
    assert held.code == 4
    assert "another chat" in held.err
    assert len(store.list()) == 3
    gone = run("wipe", "--yes", "-C", repository)
    assert gone.code == 0
    assert "2 chat sessions" in gone.out
    assert "indexes" in gone.out
    assert [info.id for info in store.list()] == [ids[2]]
    assert "nothing to remove" in run("wipe", "--yes", "-C", repository).out
    assert "1 chat session)" in run("wipe", "--all", "--yes", "-C", repository).out
    assert store.list() == []


def test_wipe_with_a_damaged_file(run: Run, repository: Path, ids: list[str], store: SessionStore) -> None:
    """What cannot be read stays where one repository is wiped, with a warning, and goes with all."""
    store.close()
    path = find_folders().sessions
    path.write_bytes(b"no database" * 1000)
    assert run("index", "-C", repository).code == 0
    one = run("wipe", "--yes", "-C", repository)
    assert one.code == 0
    assert "warning: " in one.err
    assert "wipe --all" in one.err
    assert path.exists()
    assert run("sessions", "list", "-C", repository).code == 4
    everything = run("wipe", "--all", "--yes", "-C", repository)
    assert everything.code == 0
    assert "cannot be read" in everything.out
    assert not path.exists()
    assert run("sessions", "list", "-C", repository).code == 0


def test_a_repository_that_is_gone(run: Run, repository: Path, ids: list[str], tmp_path: Path) -> None:
    """Sessions of a folder that is not there any more are listed, read and deleted from elsewhere."""
    assert not (tmp_path / "gone").exists()
    assert ids[2] in run("sessions", "list", "--all", "-C", repository).out
    assert run("sessions", "show", ids[2], "-C", repository).code == 0
    assert run("sessions", "delete", ids[2], "--yes", "-C", repository).code == 0


def test_as_a_process(shell: Run, repository: Path, ids: list[str], store: SessionStore) -> None:
    """As a user's shell runs it: half characters in titles and texts, and a reader that leaves, are no trouble."""
    store.rename(ids[0], "b\udcffd title")
    store.add(ids[0], replace(TURNS[0], asked="b\udcffd" * 10_000, answer="x" * 1_000_000))
    assert "b\\udcffd title" in shell("sessions", "list", cwd=repository).out
    for words in (["show", ids[0]], ["export", ids[0], "--format", "json"], ["search", "settings"], ["list", "--json"]):
        assert shell("sessions", *words, cwd=repository).code == 0
    assert os.fsencode(shell("sessions", cwd=repository).out).count(b"delete") >= 1
