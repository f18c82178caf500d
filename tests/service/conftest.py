"""A home whose service is ended with the test, a small repository, and localdev as a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.core.folders import Folders, find_folders
from localdev.service import client
from tests.cli.conftest import Outcome, Run, command, repository, run, shell

__all__ = ["Outcome", "Run", "command", "repository", "run", "shell"]

Script = Callable[..., str]


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    """Switch the service on in a home with a short path (a socket's may not be long), and end it with the test."""
    home = tempfile.mkdtemp(prefix="ld")
    monkeypatch.setenv("LOCALDEV_HOME", home)
    monkeypatch.delenv("LOCALDEV_SERVICE_ENABLED")
    found = find_folders()
    yield found
    client.stop(found)
    shutil.rmtree(home)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Give a function that writes a scripted model and names it: `script("answer", delay=0.1)`."""

    def write(text: str, **more: object) -> str:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"name": "scripted", "replies": [{"text": text, **more}]}))
        return f"fake:{path}"

    return write


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until something holds, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to be in time"
        time.sleep(0.02)
    return found


def facts(folders: Folders) -> dict[str, Any]:
    """Give what the running service says of itself."""
    found = client.status(folders)
    assert found is not None
    return found


def background(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """Start localdev and go on."""
    return subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
