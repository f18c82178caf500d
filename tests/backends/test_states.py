"""States of prompts on disk: found by their beginning, never used when damaged, within their room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localdev.backends.llamacpp.states import State, StateFolder, common, owner_folder, pack_tokens

ROOM = 10**9
KEY = "model"


def states(folder: Path, most_bytes: int = ROOM) -> StateFolder:
    """Open a folder of states."""
    return StateFolder(folder / "states", most_bytes)


def files(folder: Path) -> list[Path]:
    """List everything that lies under the folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def found(opened: StateFolder, tokens: list[int], **how: bool) -> tuple[int, bytes] | None:
    """Give the length and the data of what is found for tokens."""
    result = opened.find(KEY, tokens, most=10_000, **how)
    data = opened.load(result[0]) if result else None
    return (result[1], bytes(data)) if result and data is not None else None


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [([], [1], 0), ([1], [1], 1), ([1, 2, 3], [1, 2, 4], 2), ([9, 2], [1, 2], 0), ([1, 2], [1, 2, 3], 2)],
)
def test_the_common_beginning(one: list[int], other: list[int], length: int) -> None:
    """It is counted in tokens, whichever is longer."""
    assert common(pack_tokens(one), pack_tokens(other)) == common(pack_tokens(other), pack_tokens(one)) == length


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    """Another process finds the state that shares most, and how much; nobody else may read it."""
    opened = states(tmp_path)
    assert opened.save("shop-1", KEY, [1, 2, 3], b"three")
    assert opened.save("shop-1", KEY, [1, 2, 3, 4, 5, 6], b"six", prompt=4)
    assert opened.save("bank-2", KEY, [1, 2, 9], b"nine", prompt=3)
    again = states(tmp_path)
    assert found(again, [1, 2, 3, 4, 5, 7]) == (5, b"six")
    assert found(again, [1, 2, 9, 9]) == (3, b"nine")
    assert found(again, [7]) is None
    assert again.find("another model", [1, 2, 3], most=100) is None
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in files(tmp_path)} == {0o600}
        assert {path.parent.stat().st_mode & 0o777 for path in files(tmp_path)} == {0o700}


def test_the_smallest_of_equals_is_read(tmp_path: Path) -> None:
    """A stable beginning costs less to read than a whole conversation that shares no more."""
    opened = states(tmp_path)
    opened.save("a", KEY, [1, 2, 3, 4, 5], b"long" * 100, prompt=5)
    opened.save("a", KEY, [1, 2, 3], b"short")
    assert found(opened, [1, 2, 3, 9]) == (3, b"short")


def test_states_that_cannot_be_used_are_not_found(tmp_path: Path) -> None:
    """One that is longer than the window; for a model that cannot forget one that goes on otherwise."""
    opened = states(tmp_path)
    opened.save("a", KEY, [1, 2], b"two", prompt=2)
    opened.save("b", KEY, [1, 2, 3, 4], b"four", prompt=3)
    assert found(opened, [1, 2, 3, 9], whole=True) == (2, b"two")
    result = opened.find(KEY, [1, 2, 3], most=3)
    assert result is not None and result[0].length == 2


def test_covered(tmp_path: Path) -> None:
    """What a longer state begins with need not be written again, unless it is wanted as a whole."""
    opened = states(tmp_path)
    opened.save("a", KEY, [1, 2, 3, 4], b"x", prompt=4)
    assert opened.covers(KEY, [1, 2]) and opened.covers(KEY, [1, 2, 3, 4], whole=True)
    assert not opened.covers(KEY, [1, 3]) and not opened.covers(KEY, [1, 2], whole=True)
    assert not opened.covers("another model", [1, 2])


def test_a_conversation_that_goes_on_replaces_itself(tmp_path: Path) -> None:
    """The old state goes when the new one begins with its prompt; the stable beginning and other owners' stay."""
    opened = states(tmp_path)
    opened.save("a", KEY, [1, 2], b"stable")
    opened.save("a", KEY, [1, 2, 3, 4], b"first", prompt=3)
    opened.save("b", KEY, [1, 2, 3, 4], b"other", prompt=3)
    opened.save("a", KEY, [1, 2, 8, 9], b"unlike", prompt=4)
    opened.save("a", KEY, [1, 2, 3, 5, 6], b"second", prompt=5)
    kept = sorted(path.read_bytes()[-6:] for path in files(tmp_path))
    assert len(kept) == 4 and not any(b"first" in end for end in kept)


def _damage(path: Path, how: str) -> None:
    """Change a file in one of the ways that disks and programs do."""
    data = path.read_bytes()
    changed = {
        "truncated": data[:-3],
        "grown": data + b"x",
        "empty": b"",
        "torn header": data[:20],
        "deep header": data[:8] + (2000).to_bytes(4, "little") + b"[" * 2000,
        "flipped header": data.replace(b'"prompt": 3', b'"prompt": x'),
        "negative length": data.replace(b'"bytes": 5', b'"bytes":-5'),
        "flipped token": data.replace(pack_tokens([1, 2, 3]), pack_tokens([1, 2, 7])),
        "flipped state": data[:-1] + b"?",
        "later form": data[:6] + b"\x02" + data[7:],
        "foreign": b"something else of quite another program",
    }[how]
    assert changed != data
    path.write_bytes(changed)


@pytest.mark.parametrize(
    ("how", "removed"),
    [
        ("truncated", True), ("grown", True), ("empty", True), ("torn header", True), ("deep header", True),
        ("flipped header", True),
        ("negative length", True), ("flipped token", True), ("flipped state", True), ("later form", False),
        ("foreign", False),
    ],
)  # fmt: skip
def test_damaged_files_are_not_used(how: str, removed: bool, tmp_path: Path) -> None:
    """And are removed where they are ours; the folder works on."""
    states(tmp_path).save("a", KEY, [1, 2, 3], b"state", prompt=3)
    (path,) = files(tmp_path)
    _damage(path, how)
    opened = states(tmp_path)
    assert found(opened, [1, 2, 3]) is None
    assert path.exists() is not removed
    assert opened.save("a", KEY, [1, 2, 3], b"state", prompt=3) and found(opened, [1, 2, 3]) == (3, b"state")


def test_a_state_that_vanishes_is_no_error(tmp_path: Path) -> None:
    """Another process may remove it between the look and the reading."""
    opened = states(tmp_path)
    opened.save("a", KEY, [1, 2, 3], b"state", prompt=3)
    result = opened.find(KEY, [1, 2, 3], most=9)
    assert result is not None
    files(tmp_path)[0].unlink()
    assert opened.load(result[0]) is None and opened.find(KEY, [1, 2, 3], most=9) is None


def _aged(tmp_path: Path, opened: StateFolder, ages: dict[int, float], prompt: int = 1) -> None:
    """Keep states of 1000 bytes, each of one token and last used so many seconds ago."""
    for token, age in ages.items():
        before = set(files(tmp_path))
        opened.save("a", KEY, [token], b"x" * 1000, prompt=prompt)
        (new,) = set(files(tmp_path)) - before
        os.utime(new, (time.time() - age, time.time() - age))


def test_the_longest_unused_makes_room(tmp_path: Path) -> None:
    """Files go until the rest has room, those first that were not used for longest; using one counts."""
    _aged(tmp_path, states(tmp_path), {1: 500, 2: 400, 3: 300})
    opened = states(tmp_path, 4000)
    assert found(opened, [1])
    assert opened.save("a", KEY, [4], b"x" * 1000, prompt=1)
    assert [token for token in (1, 2, 3, 4) if opened.covers(KEY, [token])] == [1, 3, 4]


def test_what_is_no_state_is_left_alone(tmp_path: Path) -> None:
    """A file that somebody put into the folder neither counts nor makes room."""
    opened = states(tmp_path, 2500)
    opened.save("a", KEY, [1], b"x" * 1000, prompt=1)
    note = files(tmp_path)[0].with_name("note.txt")
    note.write_bytes(b"x" * 5000)
    os.utime(note, (1, 1))
    assert opened.save("a", KEY, [2], b"x" * 1000, prompt=1)
    assert note.exists() and opened.covers(KEY, [1])


def test_stable_beginnings_outlast_conversations(tmp_path: Path) -> None:
    """They are small, and all questions begin with them."""
    _aged(tmp_path, states(tmp_path), {1: 86_400}, prompt=0)
    opened = states(tmp_path, 2500)
    for token in (2, 3, 4):
        opened.save("a", KEY, [token], b"x" * 1000, prompt=1)
    assert opened.covers(KEY, [1]) and not opened.covers(KEY, [2])


def test_a_state_larger_than_all_room_is_not_written(tmp_path: Path) -> None:
    """It would throw out everything else and then itself."""
    opened = states(tmp_path, 1000)
    assert not opened.save("a", KEY, [1], b"x" * 1000, prompt=1)
    assert files(tmp_path) == []


@pytest.mark.parametrize("owner", ["", "..", ".", "a/b", "../../etc", "\0", "x" * 200])
def test_owners_cannot_lead_out_of_the_folder(owner: str, tmp_path: Path) -> None:
    """What is no plain name counts as nobody's."""
    assert owner_folder(tmp_path, owner) == tmp_path / "shared"
    assert owner_folder(tmp_path, "shop-0123") == tmp_path / "shop-0123"


WRITER = """
import sys
from pathlib import Path
from localdev.backends.llamacpp.states import StateFolder
opened = StateFolder(Path(sys.argv[1]), 10**9)
print("ready", flush=True)
for number in range(int(sys.argv[2])):
    opened.save("a", "model", [1, 2, number % 5], bytes([number % 5]) * int(sys.argv[3]), prompt=3)
    result = opened.find("model", [1, 2, 3], most=9)
    data = opened.load(result[0]) if result else None
    assert data is None or data == bytes([result[0].ids[2]]) * int(sys.argv[3])
"""


def writer(folder: Path, times: int, size: int) -> subprocess.Popen[bytes]:
    """Start a process that writes states over and over, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder / "states"), str(times), str(size)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline()
    return process


def test_two_processes_at_once(tmp_path: Path) -> None:
    """Both write, read and replace the same files; each only ever reads whole ones."""
    writers = [writer(tmp_path, 60, 100_000) for _ in range(2)]
    assert [process.wait(60) for process in writers] == [0, 0]
    assert found(states(tmp_path), [1, 2, 3]) == (3, b"\3" * 100_000)


def _killed(folder: Path) -> list[Path]:
    """Kill a process as soon as it writes; give the files it left half-written, if it was not too quick."""
    process = writer(folder, 10**6, 30_000_000)
    deadline = time.monotonic() + 30
    while not (parts := list(folder.glob("states/*/.*.part"))) and time.monotonic() < deadline:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    result = states(folder).find(KEY, [1, 2, 3], most=9)
    assert not result or states(folder).load(result[0]) == bytearray([result[0].ids[2]]) * 30_000_000
    return [path for path in parts if path.exists()]


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL here")
def test_killed_while_writing(tmp_path: Path) -> None:
    """Nothing half-written is ever found, and what lies about is removed when nobody can be writing it any more."""
    left = next(filter(None, (_killed(tmp_path) for _ in range(10))), [])
    assert left, "no process was caught writing"
    for path in left:
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert states(tmp_path).save("a", KEY, [5], b"new", prompt=1)
    assert not any(path.exists() for path in left)


FULL = """
import resource, signal, sys
from pathlib import Path
from localdev.backends.llamacpp.states import StateFolder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
said = []
opened = StateFolder(Path(sys.argv[1]), 10**9, said.append)
assert not opened.save("a", "model", [1, 2], b"x" * 200_000, prompt=2)
assert not opened.save("a", "model", [1, 3], b"x" * 200_000, prompt=2)
assert opened.save("a", "model", [1, 4], b"x" * 50_000, prompt=2)
print(said)
"""


@pytest.mark.skipif(os.name != "posix", reason="files cannot be limited here")
def test_a_full_disk(tmp_path: Path) -> None:
    """The file is given up with one warning in all; nothing is left of it, and smaller ones are written again."""
    run = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "states")], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("was not kept") == 1 and "File too large" in run.stdout
    assert len(files(tmp_path)) == 1 and found(states(tmp_path), [1, 4]) == (2, b"x" * 50_000)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in its place: said once, nothing kept, no error."""
    (tmp_path / "states").write_text("in the way")
    said: list[str] = []
    opened = StateFolder(tmp_path / "states", ROOM, said.append)
    assert not opened.save("a", KEY, [1], b"x", prompt=1) and not opened.save("a", KEY, [1], b"x", prompt=1)
    assert len(said) == 1 and opened.find(KEY, [1], most=9) is None


def test_only_new_files_are_read(tmp_path: Path) -> None:
    """A folder of many states is listed anew at every question, but each file's tokens are read once."""
    opened = states(tmp_path)
    opened.save("a", KEY, [1, 2, 3], b"state", prompt=3)
    first = opened.find(KEY, [1, 2, 3], most=9)
    second = opened.find(KEY, [1, 2, 3], most=9)
    assert first and second and isinstance(first[0], State) and first[0] is second[0]
    opened.save("a", KEY, [1, 2, 4], b"other", prompt=3)
    assert found(opened, [1, 2, 4]) == (3, b"other")
