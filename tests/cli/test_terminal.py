"""What reaches the terminal: progress and colours only where they are wanted, stdin only when there is some."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.cli.progress import ProgressLine, plain
from localdev.cli.terminal import Printer, folded, wants_color
from localdev.core.events import Progress
from localdev.core.neutral import neutral
from tests.cli.conftest import Run, command


@given(st.text())
def test_neutral_text_holds_nothing_a_terminal_obeys(text: str) -> None:
    """Only tabs and line ends stay of the control characters; harmless text is not changed."""
    shown = neutral(text)
    assert all(letter.isprintable() or letter in "\t\n" or ord(letter) > 0x9F for letter in shown)
    assert not set("\x1b\x07\r\x7f\x9b\u061c\u202e\u2066") & set(shown)
    assert neutral(shown) == shown
    assert neutral("naïve ✓ 漢字\tx") == "naïve ✓ 漢字\tx"


@pytest.mark.parametrize(
    ("environment", "terminal", "choice", "wanted"),
    [
        ({"TERM": "xterm"}, True, "auto", True),
        ({"TERM": "xterm"}, False, "auto", False),
        ({"TERM": "dumb"}, True, "auto", False),
        ({}, True, "auto", False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, "auto", False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, "always", True),
        ({"TERM": "xterm"}, True, "never", False),
    ],
)
def test_colours(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool, choice: str, wanted: bool
) -> None:
    """The setting decides first, then NO_COLOR, TERM and whether it is a terminal."""

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(Stream(), choice) is wanted


@pytest.mark.parametrize(
    ("progress", "seconds", "text"),
    [
        (Progress("indexing", 120, 420), 2.0, "indexing 120/420 files, 60 files/s, 5 s left"),
        (Progress("indexing", 0, 420), 2.0, "indexing 0/420 files"),
        (Progress("reading", 7), 1.0, "reading 7 files, 7 files/s"),
        (Progress("a\x1b[31m", 7), 1.0, r"a\x1b[31m 7 files, 7 files/s"),
        (Progress("copy", 5_000_000, 10_000_000, "bytes"), 1.0, "copy 5/10 MB, 5 MB/s, 1 s left"),
    ],
)
def test_progress_in_plain_words(progress: Progress, seconds: float, text: str) -> None:
    """Count, rate and time left, as far as they are known; bytes are shown in MB."""
    assert plain(progress, seconds) == text


def test_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """At blanks alone, under the indent; blanks within stay, and the codes of styles take no room."""
    monkeypatch.setenv("COLUMNS", "40")
    assert folded("short") == "short"
    text = "     1  \x1b[31mhigh\x1b[0m  a message that is a little longer than that \x1b[2m[a-rule]\x1b[0m"
    assert folded(text, 13) == (
        "     1  \x1b[31mhigh\x1b[0m  a message that is a little\n             longer than that \x1b[2m[a-rule]\x1b[0m"
    )
    assert folded("see " + "x" * 50 + " there") == "see\n  " + "x" * 50 + "\n  there"


LONG_WORK = """
import time
from localdev.cli.progress import ProgressLine
from localdev.cli.terminal import Printer
from localdev.core.events import Progress
line = ProgressLine(Printer())
for done in range(8):
    line.update(Progress("indexing [/x] \\x1b]0;owned\\x07", done, 8))
    time.sleep(0.1)
line.close()
print("done")
"""


@pytest.mark.parametrize(("term", "bar"), [("xterm", True), ("dumb", False)])
def test_a_bar_on_a_terminal(term: str, bar: bool) -> None:
    """Work of more than half a second shows a bar on a terminal; a dumb one gets none, and stdout stays plain.

    What the work is called may be a server's words: no terminal obeys it.
    """
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LONG_WORK], stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": term}
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that the other side of a terminal is gone
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"done\n")
    assert ("\x1b[" in shown.decode() and "/s" in shown.decode()) is bar
    assert "\x1b]" not in shown.decode() and ("[/x] \\x1b]0;owned" in shown.decode()) is bar


@pytest.mark.parametrize(("quiet", "rows"), [(False, 1), (True, 0)])
def test_progress_beside_a_terminal(capsys: pytest.CaptureFixture[str], quiet: bool, rows: int) -> None:
    """Long work says now and then how far it is where stderr is kept; what is to be quiet there says nothing."""
    line = ProgressLine(Printer(), quiet=quiet)
    line._started = line._last_plain = time.monotonic() - 60
    line.update(Progress("checking", 1, 53, "rules"))
    assert len(capsys.readouterr().err.splitlines()) == rows


def test_text_on_stdin(repository: Path, shell: Run, tmp_path: Path) -> None:
    """A file on stdin is used; an empty one is not; too much is refused."""
    text = tmp_path / "error.txt"
    for content, code, found in (("KeyError: name", 0, True), ("", 0, False), ("x" * 1_000_001, 2, False)):
        text.write_text(content)
        with text.open() as file:
            done = subprocess.run(
                command("ask", "settings?", "--show-prompt"), cwd=repository, stdin=file, capture_output=True, text=True
            )
        assert done.returncode == code, done.stderr
        assert ("KeyError: name" in done.stdout) is found


def test_a_silent_pipe_is_not_waited_for(repository: Path) -> None:
    """An inherited pipe that nobody writes to delays the answer by a moment, with a hint, and never for good."""
    silent, writer = os.pipe()
    started = time.monotonic()
    done = subprocess.run(
        command("ask", "settings?"), cwd=repository, stdin=silent, capture_output=True, text=True, timeout=30
    )
    os.close(silent)
    os.close(writer)
    assert done.returncode == 0 and done.stdout.startswith("[1] ")
    assert "nothing came on stdin" in done.stderr
    assert time.monotonic() - started < 20


def test_closed_streams(repository: Path) -> None:
    """With stdin and stderr closed the answer still comes, and a closed stdout is no bug."""
    line = f'"{sys.executable}" -m localdev ask settings? <&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", line], cwd=repository, stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("[1] ")
    line = f'"{sys.executable}" -m localdev --version >&-'
    assert subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", ["--version", "config show"])
def test_a_full_disk_behind_stdout(arguments: str) -> None:
    """What cannot be written is an error of the environment, not silence."""
    line = f'"{sys.executable}" -m localdev {arguments} > /dev/full'
    done = subprocess.run(["/bin/sh", "-c", line], stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 4
    assert done.stderr.splitlines()[0] == "error: cannot write the output: No space left on device"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("naïve ✓".encode(), "naïve ✓"),
        ("caf\xe9 au lait".encode("latin-1"), "caf\ufffd au lait"),
        ("\ufeffüber".encode("utf-16-le"), "über"),
        (b"a\0b", None),
        (bytes(range(128, 256)) * 99, None),
        (bytes(range(1, 256)) * 99, None),
    ],
)
def test_stdin_is_text_or_refused(repository: Path, data: bytes, text: str | None) -> None:
    """Text in the usual encodings is read; what is none is an error."""
    done = subprocess.run(
        command("ask", "settings?", "--show-prompt"), cwd=repository, input=data, capture_output=True, timeout=60
    )
    if text is None:
        assert (done.returncode, done.stdout) == (2, b"") and b"error: stdin is not text" in done.stderr
    else:
        assert done.returncode == 0 and text in done.stdout.decode()
