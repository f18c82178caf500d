"""Our hooks in the real `pre-commit` program: in a fresh clone, with the network blocked where the system can."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = shutil.which("pre-commit") or ""
BAD = "def run(x):\n    breakpoint()\n    return x\n"
CONFIG = """\
default_install_hook_types: [pre-commit, prepare-commit-msg, commit-msg]
repos:
  - repo: {hooks}
    rev: {rev}
    hooks:
      - id: localdev-review
      - id: localdev-prepare-commit-msg
      - id: localdev-commit-msg
"""

pytestmark = pytest.mark.skipif(
    not PROGRAM and importlib.util.find_spec("pre_commit") is None, reason="the pre-commit program is not installed"
)


def _offline() -> list[str]:
    """Give what starts a process without any network, where this system lets us."""
    words = ["unshare", "--map-root-user", "--net"]
    able = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return words if able else []


def call(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run something in a repository, without a network."""
    env = {**os.environ, "GIT_EDITOR": "true", **environment}
    return subprocess.run([*_offline(), *words], cwd=root, env=env, capture_output=True, text=True, timeout=110)


def git(root: Path, *words: str) -> str:
    """Run git and give what it prints."""
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Clone a repository whose configuration names our hooks; localdev is on PATH."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "hooks"]):
        git(hooks, *words)
    config = CONFIG.format(hooks=hooks, rev=git(hooks, "rev-parse", "HEAD"))
    (repository / ".pre-commit-config.yaml").write_text(config)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "configure")
    fresh = tmp_path / "fresh"
    subprocess.run(["git", "clone", "-q", str(repository), str(fresh)], check=True)
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "localdev").write_text(f'#!/bin/sh\nexec {sys.executable} -m localdev "$@"\n')
    (bin_folder / "localdev").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "store"))
    return fresh


def program() -> list[str]:
    """Give the words that start the pre-commit program."""
    return [PROGRAM] if PROGRAM else [sys.executable, "-m", "pre_commit"]


def test_in_a_fresh_clone_without_a_network(clone: Path) -> None:
    """Installed by pre-commit, they stop a finding, draft a message, check one, and let the rest pass."""
    installed = call(clone, *program(), "install")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (clone / "app" / "new.py").write_text(BAD)
    git(clone, "add", ".")
    done = call(clone, "git", "commit", "-m", "plain words")
    assert done.returncode == 1 and "breakpoint" in done.stdout + done.stderr, done.stdout + done.stderr
    (clone / "app" / "new.py").write_text(BAD.replace("    breakpoint()\n", ""))
    git(clone, "add", ".")
    done = call(clone, "git", "commit")
    assert done.returncode == 0, done.stdout + done.stderr
    assert git(clone, "log", "-1", "--format=%s") == "feat(new): add run in new.py"
    done = call(clone, "git", "commit", "--allow-empty", "-m", "a b\n\n<<<<<<< HEAD\n")
    assert done.returncode == 1 and "mark of a conflict" in done.stdout + done.stderr
    ran = call(clone, *program(), "run", "localdev-review", "--from-ref", "HEAD~1", "--to-ref", "HEAD")
    assert ran.returncode == 0 and "Passed" in ran.stdout
