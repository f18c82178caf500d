"""The store when it is killed or refused by the disk at any step: nothing is half there, nothing lost or left over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process for each step")
@pytest.mark.parametrize(
    ("how", "scenario"),
    [
        *(("kill", scenario) for scenario in ("link", "move", "move far", "split adopt", "split remove", "split move")),
        *(("fail", scenario) for scenario in ("copy", "move far", "adopt", "split remove")),
    ],
)
def test_at_every_step(how: str, scenario: str, tmp_path: Path) -> None:
    """After kill -9, and after an error of the disk, each at every change of the file system; see `interrupting`."""
    arguments = [sys.executable, "-m", "tests.models.interrupting", how, scenario, str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 4
