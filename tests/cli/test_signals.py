"""Ctrl-C, and an answer that ends in the middle of a line, on a real terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.cli.conftest import command


def on_a_terminal(arguments: list[str], cwd: Path, *, until: bytes = b"") -> tuple[int, list[str]]:
    """Run with stdout and stderr on one terminal; press Ctrl-C once `until` is seen. Gives the code and the lines."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        arguments,
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that a typed Ctrl-C reaches it, with its echo
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(theirs)
    shown, pressed = b"", False
    try:
        while piece := os.read(ours, 65536):
            shown += piece
            if until and until in shown and not pressed:
                pressed = True
                os.write(ours, b"\x03")
    except OSError:  # how Linux says that the other side of a terminal is gone
        pass
    os.close(ours)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n").split("\n")


def scripted(tmp_path: Path, **script: object) -> str:
    """Write a scripted model and give its name for `--model`."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"name": "scripted", **script}))
    return f"fake:{path}"


@pytest.mark.parametrize(
    ("script", "warning"),
    [
        ({"replies": [{"text": "the answer goes on and on", "fail_after": 5}]}, "error: "),
        ({"replies": [{"text": "the answer goes on and on", "reason": "length"}]}, "warning: the answer was cut"),
    ],
)
def test_what_follows_an_open_line_starts_on_its_own(
    repository: Path, tmp_path: Path, script: dict[str, object], warning: str
) -> None:
    """The end of an answer and a warning or an error share no line."""
    _, lines = on_a_terminal(command("ask", "settings?", "--model", scripted(tmp_path, **script)), repository)
    assert any(line.startswith(warning) for line in lines), lines
    assert any(line.startswith("the answer") and "warning" not in line for line in lines), lines


def test_ctrl_c_in_the_middle_of_an_answer(repository: Path, tmp_path: Path) -> None:
    """The shell's next prompt starts on a line of its own."""
    model = scripted(tmp_path, replies=[{"text": "the answer goes on " * 99, "delay": 0.05}])
    code, lines = on_a_terminal(command("ask", "settings?", "--model", model), repository, until=b"goes on")
    assert (code, lines[-2:]) == (130, ["interrupted", ""])
    assert lines[-3].startswith("the answer") and lines[-3].endswith("^C")


def test_ctrl_c_while_watching(repository: Path) -> None:
    """The usual end of `index --watch`."""
    code, lines = on_a_terminal(command("index", "--watch"), repository, until=b" s\r\n")
    assert (code, lines[-3:]) == (130, ["^C", "interrupted", ""])


SWALLOWING = """
import os, sys
from localdev.cli import run
from localdev.core.errors import ModelError

def command(arguments):
    try:
        os.kill(os.getpid(), {number})
    except BaseException as error:
        {then}
    return 0

run._invoke = lambda root, arguments: command(arguments)
from localdev.cli.main import main
sys.exit(main(["search", "x"]))
"""


@pytest.mark.parametrize("then", ["pass", "raise SystemError('x') from error", "raise ModelError('x') from error"])
@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_a_swallowed_signal_still_counts(then: str, number: int, code: int) -> None:
    """Whatever the code below made of it, the exit code is the signal's, without a word of anything else."""
    text = SWALLOWING.format(then=then, number=number)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_doctor_takes_no_ctrl_c_for_a_finding(repository: Path) -> None:
    """Pressed while grammars load, where the parser turns it into an error of its own."""
    code, lines = on_a_terminal(command("doctor"), repository, until=b"sqlite")
    assert (code, lines[-2:]) == (130, ["interrupted", ""]), lines
    assert not any("grammars" in line or "FAIL" in line for line in lines), lines


def test_a_switched_off_ctrl_c_stays_so(repository: Path) -> None:
    """Under nohup and in the background of a script SIGINT is ignored, and not brought back."""
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from localdev.cli.main import main; "
    code += "main(['config', 'path']); sys.exit(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)"
    assert subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, timeout=60).returncode == 0
