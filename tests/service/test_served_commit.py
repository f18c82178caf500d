"""`localdev commit` through the background service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from localdev.core.folders import Folders
from tests.service.conftest import Run, Script, facts


def test_the_message_is_worded_there_and_committed_here(
    shell: Run, repository: Path, folders: Folders, script: Script
) -> None:
    """The service words the message from the index it is told of; git runs here, with the caller's environment."""
    model = script(json.dumps({"type": "docs", "subject": "tell what is sold", "body": ""}))
    (repository / "README.md").write_text("# Sample\n\nA shop with books.\n")
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    hook = repository / ".git" / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\necho "ran as $GIT_AUTHOR_NAME"\n')
    hook.chmod(0o755)
    done = shell("commit", "--yes", "--model", model, cwd=repository)
    assert done.code == 0, done.err
    assert "docs: tell what is sold" in done.out and "ran as Test" in done.err
    assert facts(folders)["pid"]
    log = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=repository, capture_output=True, text=True)
    assert log.stdout == "docs: tell what is sold\n"


def test_nothing_staged_is_said_through_it(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """What is in the way is an answer, not an error of the service."""
    done = shell("commit", "--yes", "--model", script("{}"), cwd=repository)
    assert done.code == 1 and "nothing to commit" in done.err
    assert facts(folders)["pid"]


def test_a_hook_reviews_through_it_and_does_not_hang_with_it(shell: Run, repository: Path, folders: Folders) -> None:
    """The service reads the index that `git commit -a` prepares; when it answers no more, the deadline counts."""
    assert shell("hooks", "install", "--hook", "pre-commit", "--deadline", "30", cwd=repository).code == 0
    assert shell("service", "start", cwd=repository).code == 0
    (repository / "app" / "main.py").write_text("def main():\n    breakpoint()\n")
    words = ["git", "commit", "-qam", "plain words"]
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "breakpoint" in done.stdout + done.stderr
    assert shell("hooks", "install", "--hook", "pre-commit", "--deadline", "3", cwd=repository).code == 0
    pid = int(facts(folders)["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        done = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and time.monotonic() - started < 10
        assert "app/main.py" in done.stderr and "localdev review --diff HEAD~1..HEAD" in done.stderr
    finally:
        os.kill(pid, signal.SIGCONT)
