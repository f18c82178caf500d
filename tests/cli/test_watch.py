"""`index --watch` as a person sees it: the report once, then one line for each change."""

from __future__ import annotations

import queue
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import IO

from localdev.cli.progress import ProgressLine
from localdev.cli.terminal import Printer
from localdev.core.events import Progress
from localdev.core.folders import find_folders
from tests.cli.conftest import command

CHANGE = re.compile(r"\d\d:\d\d:\d\d  (.*); \d+ chunks in all\n")


def lines_of(stream: IO[str] | None) -> queue.Queue[str]:
    """Read a stream in the background and give its lines as they come."""
    found: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stream or ():
            found.put(line)

    threading.Thread(target=read, daemon=True).start()
    return found


def until(lines: queue.Queue[str], wanted: str) -> list[str]:
    """Take lines up to the one that holds a text."""
    taken = [lines.get(timeout=30)]
    while wanted not in taken[-1]:
        taken.append(lines.get(timeout=30))
    return taken


def test_one_line_for_each_change(repository: Path) -> None:
    """The skipped files are listed once; a change is named by its path or counted; a lost index is told of."""
    (repository / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    watching = subprocess.Popen(
        command("index", "--watch"), cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        out, err = lines_of(watching.stdout), lines_of(watching.stderr)
        until(err, "watching; Ctrl-C ends")
        assert "logo.png" in "".join(until(out, "logo.png"))
        time.sleep(1.5)  # the first look without an event
        main = repository / "app" / "main.py"
        main.write_text("def started() -> None: ...\n")
        (repository / "logo.png").touch()
        assert change(out) == "app/main.py changed"
        main.unlink()
        assert change(out) == "app/main.py removed"
        for name in ("one.py", "two.py"):
            (repository / name).write_text("def added() -> None: ...\n")
        assert change(out) in ("2 files added", "one.py added")
        shutil.rmtree(find_folders().indexes)
        main.write_text("def again() -> None: ...\n")
        assert "built anew" in until(err, "the index was removed meanwhile")[-1]
        until(out, "6 files added")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=20) == 130
    finally:
        watching.kill()
        watching.communicate()


def change(lines: queue.Queue[str]) -> str:
    """Give what the next line says has changed."""
    found = CHANGE.fullmatch(lines.get(timeout=30))
    assert found
    return found[1]


def test_progress_that_is_over_leaves_no_bar() -> None:
    """A progress without a stage ends it, and the next work has to take its time before it is shown."""
    line = ProgressLine(Printer())
    line._started = time.monotonic() - 10
    line._terminal = True
    line.update(Progress("indexing", 1, 2))
    assert line._bar is not None
    line.update(Progress(""))
    time.sleep(0.6)  # idle time is not work
    assert line._bar is None
    line.update(Progress("indexing", 1, 2))
    assert line._bar is None
