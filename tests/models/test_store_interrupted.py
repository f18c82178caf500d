"""The store when it is killed or refused by the disk at any step: nothing is half there, nothing lost or left over."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SCENARIOS = (
    *("kill:link", "kill:move far", "kill:split adopt", "kill:split remove", "kill:split move", "kill:split own"),
    *("fail:copy", "fail:move far", "fail:adopt", "fail:split remove"),
)
_MEMORY = Path("/dev/shm")  # where flushing costs nothing; a process that is killed loses nothing there either


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process for each step")
def test_at_every_step(tmp_path: Path) -> None:
    """After kill -9, and after an error of the disk, each at every change of the file system; see `interrupting`."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else tmp_path) as folder:
        arguments = [sys.executable, "-m", "tests.models.interrupting", folder, *SCENARIOS]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert tuple(steps) == SCENARIOS and min(map(int, steps.values())) > 4
