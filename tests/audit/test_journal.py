"""The journal's chain: what is written holds, what is changed shows, and nothing that happens to a writer breaks it."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.audit.journal import FIRST_PREVIOUS, FileJournal, Verdict, verify
from localdev.core.errors import StorageError
from localdev.core.files import locked

_WRITER = """
import sys
from pathlib import Path
from localdev.audit.journal import FileJournal
journal = FileJournal(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    journal.record("ask", {"writer": sys.argv[3], "number": number, "pad": "x" * int(sys.argv[4])})
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a journal that is not there yet."""
    return tmp_path / "state" / "journal.jsonl"


def fill(path: Path, count: int = 5) -> list[bytes]:
    """Write entries and give the lines."""
    journal = FileJournal(path)
    for number in range(count):
        journal.record("ask", {"number": number})
    return path.read_bytes().splitlines(keepends=True)


def test_an_entry(path: Path) -> None:
    """A line holds its number, time, kind, the fields, and both hashes; the file belongs to its user alone."""
    FileJournal(path).record("ask", {"paths": ["a/é.py"], "usage": {"tokens": 3}, "root": Path("/x")})
    text = path.read_text(encoding="ascii")
    entry = json.loads(text)
    assert list(entry) == ["seq", "time", "kind", "paths", "usage", "root", "previous", "hash"]
    assert (entry["seq"], entry["kind"], entry["previous"]) == (1, "ask", FIRST_PREVIOUS)
    assert (entry["paths"], entry["usage"], entry["root"]) == (["a/é.py"], {"tokens": 3}, "/x")
    assert entry["time"].endswith("Z")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert verify(path) == Verdict(True, 1, entry["hash"])


def test_lines_are_chained(path: Path) -> None:
    """Each entry names the hash of the one before, across writers."""
    lines = [json.loads(line) for line in (*fill(path, 2), *fill(path, 2)[2:])]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    assert [line["previous"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]


def test_no_journal_yet(path: Path) -> None:
    """Nothing recorded is nothing broken."""
    assert verify(path) == Verdict(True, 0)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [lines[0], lines[1].replace(b'"number":1', b'"number":7'), *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace(b'"kind"', b'"kind":"x","kind"'), *lines[2:]], 2),
        (lambda lines: [lines[0], lines[1].replace(b":", b": ", 1), *lines[2:]], 2),
        (lambda lines: [*lines[:4], lines[4].replace(b"ask", b"ASK")], 5),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2),
        (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3),
        (lambda lines: [*lines[:2], b"garbage\n", *lines[2:]], 4),
        (lambda lines: [*lines[:2], b"\n", *lines[2:]], 4),
        (lambda lines: [*lines[:2], lines[2][:-5] + b"\n", *lines[3:]], 4),
    ],
)
def test_tampering_shows(path: Path, change: Callable[[list[bytes]], list[bytes]], line: int) -> None:
    """Changing, removing, adding or moving a line is found where it happened, or at the line right after."""
    path.write_bytes(b"".join(change(fill(path))))
    verdict = verify(path)
    assert (verdict.ok, verdict.line) == (False, line)
    assert verdict.reason


def test_tampering_is_not_healed(path: Path) -> None:
    """Entries written after a change of the last line do not hide it."""
    lines = fill(path)
    path.write_bytes(b"".join([*lines[:4], lines[4].replace(b'"number":4', b'"number":5')]))
    fill(path, 2)
    assert verify(path).line == 5


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_any_changed_byte_shows(tmp_path_factory: pytest.TempPathFactory, position: int, value: int) -> None:
    """Whatever byte of an inner line is changed to whatever else, the chain does not hold."""
    path = tmp_path_factory.mktemp("journal") / "j"
    lines = fill(path, 3)
    raw = bytearray(b"".join(lines))
    position %= len(lines[0]) + len(lines[1])
    if raw[position] == value:
        value = (value + 1) % 256
    raw[position] = value
    path.write_bytes(raw)
    assert not verify(path).ok


@pytest.mark.parametrize("cut", [1, 2, 40, 100])
def test_torn_line(path: Path, cut: int) -> None:
    """A line that its writer did not finish is closed by the next entry, which vouches for it; the chain goes on."""
    lines = fill(path, 3)
    path.write_bytes(b"".join(lines)[:-cut])
    before = verify(path)
    assert before.ok
    fill(path, 2)
    verdict = verify(path)
    whole = cut == 1  # only the line end was lost: the entry itself is all there
    assert (verdict.ok, verdict.entries, verdict.torn) == (True, 5 if whole else 4, () if whole else (3,))


def test_torn_line_that_was_changed_afterwards(path: Path) -> None:
    """What an entry vouched for cannot be exchanged or removed."""
    lines = fill(path, 2)
    path.write_bytes(lines[0] + lines[1][:60])
    fill(path, 1)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(lines[1][:60], lines[1][:59] + b"!"))
    assert verify(path).line == 3
    path.write_bytes(raw.replace(lines[1][:60] + b"\n", b""))
    assert verify(path).line == 2


def test_zeros_at_the_end(path: Path) -> None:
    """A file system that crashed may leave zeros; two torn lines in a row are one break in writing too."""
    lines = fill(path, 2)
    path.write_bytes(b"".join(lines) + b'{"seq":3,\n' + b"\0" * 50)
    fill(path, 1)
    verdict = verify(path)
    assert (verdict.ok, verdict.entries, verdict.torn) == (True, 3, (3, 4))


@pytest.mark.parametrize(
    ("old", "new"), [(b'"seq"', b'seq"'), (b'"seq"', b'"sqe"'), (b'"seq":3', b'"seq":"3"'), (b'"seq":3', b'"seq":[]')]
)
def test_a_last_line_that_was_spoiled(path: Path, old: bytes, new: bytes) -> None:
    """Nothing can follow it: that is a warning, and never a failure of the work that was done."""
    lines = fill(path, 3)
    spoiled = b"".join([*lines[:2], lines[2].replace(old, new)])
    path.write_bytes(spoiled)
    warnings: list[str] = []
    FileJournal(path, warnings.append).record("ask", {})
    assert len(warnings) == 1 and "last line is damaged" in warnings[0]
    assert path.read_bytes() == spoiled
    assert not verify(path).ok


def test_nothing_but_a_torn_line(path: Path) -> None:
    """Also the very first line may be torn."""
    path.parent.mkdir()
    path.write_bytes(b'{"seq":1,"ti')
    fill(path, 1)
    assert verify(path) == Verdict(True, 1, json.loads(path.read_bytes().splitlines()[-1])["hash"], torn=(1,))


def test_long_lines(path: Path) -> None:
    """An entry longer than the first look at the end of the file is found whole."""
    journal = FileJournal(path)
    for size in (10, 300_000, 10, 20_000, 10):
        journal.record("ask", {"pad": "x" * size})
    assert verify(path).entries == 5


def test_reads_only_the_end(path: Path) -> None:
    """A large journal costs no more than a small one: the bytes read from it stay few."""
    fill(path, 2)
    line = path.read_bytes().splitlines(keepends=True)[-1]
    with path.open("ab") as file:
        file.write(line * (30_000_000 // len(line)))
    counters = Path("/proc/self/io")
    if not counters.exists():
        pytest.skip("this system does not count what a process reads")

    def bytes_read() -> int:
        return int(counters.read_text().split("rchar: ")[1].split()[0])

    before = bytes_read()
    FileJournal(path).record("ask", {})
    assert bytes_read() - before < 200_000


def test_many_writers_at_once(path: Path) -> None:
    """Processes and threads may write at the same time; every entry is there once and the chain holds."""
    command = [sys.executable, "-c", _WRITER, str(path), "30"]
    writers = [subprocess.Popen([*command, str(number), "50"]) for number in range(3)]
    journal = FileJournal(path)

    def write() -> None:
        for number in range(20):
            journal.record("chat", {"number": number})

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    verdict = verify(path)
    assert (verdict.ok, verdict.entries, verdict.torn) == (True, 3 * 30 + 3 * 20, ())


def test_killed_writer(path: Path) -> None:
    """A writer that is killed at any moment leaves a journal that holds and goes on."""
    command = [sys.executable, "-c", _WRITER, str(path), "1000000", "k", "5000"]
    for goal in (50_000, 123_456, 1_000_000):
        with subprocess.Popen(command) as writer:
            while not path.exists() or path.stat().st_size < goal:
                assert writer.poll() is None
                time.sleep(0.001)
            writer.kill()
    fill(path, 1)
    verdict = verify(path)
    assert verdict.ok
    assert verdict.entries > 1_000_000 // 6000


def test_full_disk(tmp_path: Path) -> None:
    """A write that stops in the middle is taken back, warned of once, and the journal still holds."""
    path = tmp_path / "journal.jsonl"
    script = f"""
import resource, signal
from pathlib import Path
from localdev.audit.journal import FileJournal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = FileJournal(Path({str(path)!r}), print)
journal.record("ask", {{"fits": 1}})
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for _ in range(3):
    journal.record("ask", {{"pad": "x" * 2000}})
journal.record("ask", {{"fits": 2}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert str(path) in done.stdout
    assert verify(path).entries == 2
    assert verify(path).torn == ()


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A journal in an impossible place warns once and lets the work go on."""
    (tmp_path / "file").write_text("x")
    warnings: list[str] = []
    journal = FileJournal(tmp_path / "file" / "journal.jsonl", warnings.append)
    journal.record("ask", {})
    journal.record("ask", {})
    assert len(warnings) == 1


def test_folder_in_its_place(tmp_path: Path) -> None:
    """A folder where the journal should be is a warning when writing and an error when verifying."""
    warnings: list[str] = []
    FileJournal(tmp_path, warnings.append).record("ask", {})
    assert len(warnings) == 1
    with pytest.raises(StorageError):
        verify(tmp_path)


def test_default_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without a listener the warning goes to the log."""
    FileJournal(tmp_path).record("ask", {})
    assert "entries are lost" in caplog.text


def test_waits_for_its_turn(path: Path) -> None:
    """While another process holds the lock an entry waits instead of being lost."""
    path.parent.mkdir()
    journal = FileJournal(path)
    with locked(path.with_name("journal.jsonl.lock")):
        thread = threading.Thread(target=journal.record, args=("ask", {}))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join()
    assert verify(path).entries == 1


def test_reserved_names(path: Path) -> None:
    """An entry that would hide a member of the chain is a bug and said so."""
    with pytest.raises(ValueError, match="hash"):
        FileJournal(path).record("ask", {"hash": "x"})
    assert not path.exists()
