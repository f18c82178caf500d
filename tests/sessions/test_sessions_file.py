"""The file itself: several processes, killed ones, newer and older forms, damage, full disks, read-only places."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.core.errors import Busy, DiskFull, NotFound, StorageError
from localdev.core.talk import Turn
from localdev.sessions import schema
from localdev.sessions.store import SessionStore

LINUX_ROOT = sys.platform == "linux" and os.geteuid() == 0
HEAD = """
import sys
from dataclasses import replace
from pathlib import Path
from localdev.core.talk import Turn
from localdev.sessions.store import SessionStore
path, root, id = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
store = SessionStore(path)
"""


def process(code: str, path: Path, root: Path, id: str = "-") -> subprocess.Popen[str]:
    """Start code in a process of its own that has a store open."""
    words = [sys.executable, "-c", HEAD + code, str(path), str(root), id]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(running: subprocess.Popen[str]) -> str:
    """Wait for a line that a process prints."""
    assert running.stdout is not None
    return running.stdout.readline().strip()


def killed(running: subprocess.Popen[str]) -> None:
    """Kill a process as nothing can prevent, and wait until it is gone."""
    running.send_signal(signal.SIGKILL)
    running.communicate()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(place)]
    if not LINUX_ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small file system here (needs root on Linux)")
    yield place
    subprocess.run(["umount", "-l", place], check=False, capture_output=True)


STREAM = """
turn = store.add(id, Turn(0, "question", "a long one"))
with store.lease(id):
    turn = store.add(id, Turn(0, "question", "another"))
    for number in range(100_000):
        turn = replace(turn, answer=turn.answer + f"{number} ")
        store.save(id, turn)
        print(number, flush=True)
"""


def test_killed_while_an_answer_comes(store: SessionStore, path: Path, root: Path) -> None:
    """After kill -9 all that was saved is there, the session is free at once, and the turn is unfinished."""
    info = store.create(root)
    for _ in range(3):
        running = process(STREAM, path, root, info.id)
        while int(said(running)) < 30:
            assert running.poll() is None
        with pytest.raises(Busy), store.lease(info.id):
            pass
        killed(running)
        with store.lease(info.id):
            turn = store.turns(info.id)[-1]
        assert turn.state == "unfinished"
        assert turn.answer.startswith("".join(f"{number} " for number in range(31)))
    states = [turn.state for turn in store.turns(info.id)]
    assert states == ["unfinished"] * 6
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.execute("INSERT INTO turn_words (turn_words) VALUES ('integrity-check')")
    database.close()


def test_killed_while_the_file_is_made(path: Path, root: Path) -> None:
    """Whenever the first process of all is killed, the next one finds a store that works."""
    for steps in (0, 1, 4, 8, len(schema.MIGRATIONS[0].statements) - 1):
        code = f"""
import os, signal
from localdev.sessions import schema
taken = 0
class Counted(tuple):
    def __iter__(self):
        global taken
        for statement in super().__iter__():
            if taken == {steps}:
                os.kill(os.getpid(), signal.SIGKILL)
            taken += 1
            yield statement
schema.MIGRATIONS = tuple(schema.Migration(step.name, Counted(step.statements)) for step in schema.MIGRATIONS)
store.create(root)
"""
        place = path.parent.with_name(f"made-{steps}") / path.name
        running = process(code, place, root)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        store = SessionStore(place)
        assert store.list() == []
        info = store.create(root, title="after")
        assert store.list() == [info]
        store.close()


MANY = """
for number in range(10):
    info = store.create(root, title=f"{id} {number}")
    with store.lease(info.id):
        turn = store.add(info.id, Turn(0, "question", f"asked by {id}"))
        store.save(info.id, replace(turn, state="done"))
    store.list(root); store.search("asked"); store.latest(root)
    if number % 2:
        store.delete(info.id)
"""


def test_many_processes_at_once(path: Path, root: Path) -> None:
    """Processes that all begin with no file at all write, read and delete side by side, and nothing is lost."""
    running = [process(MANY, path, root, f"p{number}") for number in range(4)]
    for each in running:
        each.communicate(timeout=60)
    assert [each.returncode for each in running] == [0] * 4
    store = SessionStore(path)
    titles = sorted(info.title for info in store.list())
    assert titles == [f"p{name} {number}" for name in range(4) for number in range(0, 10, 2)]
    assert len(store.search("asked", limit=99)) == 20
    store.close()


def test_another_process_holds_and_deletes(store: SessionStore, path: Path, root: Path) -> None:
    """A session another process has open is not deleted; one it deleted is not there for a chat that comes to it."""
    info = store.create(root)
    hold = "with store.lease(id):\n    print('held', flush=True)\n    sys.stdin.read()"
    running = process(hold, path, root, info.id)
    try:
        assert said(running) == "held"
        with pytest.raises(Busy):
            store.delete(info.id)
    finally:
        killed(running)
    running = process("store.delete(id)", path, root, info.id)
    running.communicate(timeout=60)
    assert running.returncode == 0
    with pytest.raises(NotFound):
        store.add(info.id, Turn(0, "question", "x"))
    with pytest.raises(NotFound), store.lease(info.id):
        pass


def test_a_newer_form_is_left_alone(store: SessionStore, path: Path, root: Path) -> None:
    """A file that a newer version wrote is an error with a hint at reading and writing, and not a byte changes."""
    store.create(root)
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO migrations VALUES (99, 'from the future', 0)")
        database.execute("DROP TABLE turns")
    database.close()
    before = hashlib.sha256(path.read_bytes()).digest()
    for use in (store.list, lambda: store.create(root), lambda: store.search("x"), lambda: store.size_of(None)):
        with pytest.raises(StorageError, match="newer version") as caught:
            use()
        assert "update" in caught.value.hint
    store.close()
    assert hashlib.sha256(path.read_bytes()).digest() == before


def test_an_older_form_is_brought_up(
    store: SessionStore, path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that are missing are taken once, in order, and recorded; one that fails leaves the file as it was."""
    info = store.create(root, title="old")
    store.close()
    more = schema.Migration("moods", ("ALTER TABLE turns ADD COLUMN mood TEXT", "CREATE INDEX moods ON turns (mood)"))
    bad = schema.Migration("bad", ("CREATE TABLE x (y)", "no such statement"))
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more, bad))
    with pytest.raises(StorageError):
        store.list()
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
    for _ in range(2):
        assert store.list() == [info]
    store.close()
    with sqlite3.connect(path) as database:
        taken = database.execute("SELECT number, name FROM migrations ORDER BY number").fetchall()
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    database.close()
    assert taken == [(1, schema.MIGRATIONS[0].name), (2, "moods")]
    assert "moods" in tables
    assert "x" not in tables


@pytest.mark.parametrize("kind", ["text", "cut", "holes", "folder"])
def test_a_damaged_file_stays(store: SessionStore, path: Path, root: Path, kind: str) -> None:
    """What cannot be read is an error that names the file and a way on; it stays; moved away, all begins anew."""
    info = store.create(root)
    for number in range(50):
        store.add(info.id, Turn(0, "question", f"word{number} " * 200, "y", "done"))
    store.close()
    data = path.read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    else:
        broken = {"text": b"not a database " * 100, "cut": data[:5000], "holes": data[:4096] + bytes(len(data) - 4096)}
        path.write_bytes(broken[kind])
    told = []
    for use in (store.list, lambda: store.turns(info.id), lambda: store.search("word1"), lambda: store.create(root)):
        try:
            use()
        except StorageError as error:
            told.append(error)
    assert len(told) >= 2  # what lies in whole pages may still be read
    assert all("sessions.sqlite" in str(error) and error.hint for error in told)
    assert path.exists()
    store.close()
    path.parent.rename(path.parent.with_name("aside"))
    assert store.list() == []
    assert store.create(root) == store.list()[0]


def test_moved_away_while_open(store: SessionStore, path: Path, root: Path) -> None:
    """A file that was moved away or replaced is not written to any more: what comes is an error or stored anew."""
    info = store.create(root)
    path.parent.rename(path.parent.with_name("aside"))
    with pytest.raises(NotFound):
        store.add(info.id, Turn(0, "question", "x"))
    again = store.create(root)
    other = SessionStore(path)
    assert other.list() == [again]
    other.close()
    store.close()
    aside = SessionStore(path.parent.with_name("aside") / path.name)
    assert aside.list() == [info]
    aside.close()


def test_a_full_disk(small_disk: Path, root: Path) -> None:
    """Without room an addition is refused with a hint; what was there is as it was, and all goes on with room."""
    path = small_disk / "kept" / "sessions.sqlite"
    store = SessionStore(path)
    info = store.create(root)
    first = store.add(info.id, Turn(0, "question", "first", "x" * 20_000, "done"))
    with pytest.raises(DiskFull) as caught:
        for number in range(100):
            store.add(info.id, Turn(0, "question", f"word{number} " * 5_000, state="streaming"))
    assert caught.value.hint
    kept = store.turns(info.id)
    assert kept[0] == first
    with pytest.raises(DiskFull):
        store.save(info.id, replace(first, answer="z" * 2_000_000))
    assert store.turns(info.id) == kept
    assert [match.turn for match in store.search("first")] == [1]
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    store.save(info.id, replace(first, answer="z" * 2_000_000))
    assert len(store.turns(info.id)[0].answer) == 2_000_000
    store.close()


def test_a_full_disk_from_the_start(small_disk: Path, root: Path) -> None:
    """Where there is no room for the file itself, the error is that of a full disk, and looking still works."""
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 4096)
    store = SessionStore(small_disk / "kept" / "sessions.sqlite")
    with pytest.raises(DiskFull):
        store.create(root)
    assert store.list() == []
    filler.unlink()
    info = store.create(root)
    assert store.list() == [info]
    store.close()


def test_a_read_only_place(small_disk: Path, root: Path) -> None:
    """What cannot be written can be read, searched and measured; writing and continuing are errors with a hint."""
    path = small_disk / "kept" / "sessions.sqlite"
    store = SessionStore(path)
    info = store.create(root, title="kept")
    turn = store.add(info.id, Turn(0, "question", "a zebra", "", "done"))
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert store.turns(info.id) == [turn]
    assert [match.turn for match in store.search("zebra")] == [1]
    assert store.latest(root) is not None
    for use in (lambda: store.create(root), lambda: store.add(info.id, turn), lambda: store.delete(info.id)):
        with pytest.raises(StorageError) as caught:
            use()
        assert caught.value.hint
    with pytest.raises(StorageError), store.lease(info.id):
        pass
    store.close()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(path: Path, root: Path) -> None:
    """A folder that may not be written is an error with a hint."""
    path.parent.parent.chmod(0o500)
    try:
        store = SessionStore(path)
        assert store.list() == []
        with pytest.raises(StorageError) as caught:
            store.create(root)
        assert caught.value.hint
    finally:
        path.parent.parent.chmod(0o700)
