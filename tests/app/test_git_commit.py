"""Committing away from the terminal, and what keeps a commit from being made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localdev.app.git_commit import commit_unseen, new_commit, nothing_staged, signs, why_not
from localdev.core.errors import Busy, UsageError


def git(root: Path, *words: str) -> str:
    """Ask git."""
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a staged file."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("a\n")
    git(folder, "add", "-A")
    return folder


def test_a_commit_prints_nothing_here(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What git says is given back."""
    code, printed = commit_unseen(root, "feat: a\n\nbody\n# no comment")
    assert code == 0
    assert "feat: a" in printed
    assert capfd.readouterr() == ("", "")
    assert git(root, "log", "-1", "--format=%B") == "feat: a\n\nbody\n# no comment"
    assert new_commit(root) == git(root, "rev-parse", "HEAD")
    assert nothing_staged(root)


def test_a_hook_sees_no_terminal_and_is_quoted(root: Path) -> None:
    """It cannot wait for an answer; the message stays in git's own file."""
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nread answer || echo nobody to ask\nexit 7\n")
    hook.chmod(0o755)
    code, printed = commit_unseen(root, "feat: a")
    assert code == 1
    assert printed == "nobody to ask"
    assert (root / ".git" / "COMMIT_EDITMSG").read_text() == "feat: a\n"


def test_another_git_or_repository_is_refused(root: Path, tmp_path: Path) -> None:
    """Nothing is tried while another git holds the index, nor where there is no repository."""
    (root / ".git" / "index.lock").touch()
    with pytest.raises(Busy):
        commit_unseen(root, "feat: a")
    with pytest.raises(UsageError):
        commit_unseen(tmp_path, "feat: a")


def test_signing_is_known(root: Path) -> None:
    """By git's own reading of its configuration."""
    assert not signs(root)
    git(root, "config", "commit.gpgSign", "yes")
    assert signs(root)


@pytest.mark.parametrize(
    ("stopped", "paths", "words"),
    [
        ("", [], ""),
        ("nothing-staged", [], "there is nothing to commit: no file was changed"),
        ("nothing-staged", ["a.py", "b.py"], "nothing is staged; changed are: a.py, b.py"),
        ("unmerged", ["a.py"], "there are conflicts left in a.py"),
    ],
)
def test_what_is_in_the_way_is_said(stopped: str, paths: list[str], words: str) -> None:
    """By the payload of the job."""
    what, hint = why_not({"stopped": stopped, "paths": paths})
    assert what == words
    assert bool(hint) == bool(what)
