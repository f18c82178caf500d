"""What git says about the work tree, whatever surrounds the call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.source.git import branch, clean_environment, head


def test_born_and_unborn(tree: Path, git: Callable[..., str]) -> None:
    """Before the first commit there is a branch but no commit; afterwards both; detached, no branch."""
    assert (head(tree), branch(tree)) == (None, "main")
    git("commit", "-q", "--allow-empty", "-m", "first")
    first = git("rev-parse", "HEAD").strip()
    assert (head(tree), branch(tree)) == (first, "main")
    git("checkout", "-q", "--detach")
    assert (head(tree), branch(tree)) == (first, None)


def test_linked_work_tree(tree: Path, git: Callable[..., str]) -> None:
    """A linked work tree has its own branch."""
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("worktree", "add", "-q", "-b", "side", str(tree.parent / "linked"))
    assert branch(tree.parent / "linked") == "side"
    assert branch(tree) == "main"


def test_no_repository(tree: Path) -> None:
    """A plain folder, and one that is not there, have neither."""
    assert (head(tree), branch(tree)) == (None, None)
    assert head(tree / "nowhere") is None


def test_inside_a_hook_of_another_repository(
    tree: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's GIT_DIR does not decide which repository is asked."""
    git("commit", "-q", "--allow-empty", "-m", "first")
    here = head(tree)
    monkeypatch.setenv("GIT_DIR", str(tree.parent))
    monkeypatch.setenv("GIT_WORK_TREE", str(tree.parent))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tree.parent / "index"))
    assert head(tree) == here
    assert branch(tree) == "main"


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the GIT_* variables only those about the user's configuration stay, and no lock is taken."""
    monkeypatch.setenv("GIT_INDEX_FILE", "/elsewhere")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/mine")
    environment = clean_environment()
    assert "GIT_INDEX_FILE" not in environment
    assert environment["GIT_CONFIG_GLOBAL"] == "/mine"
    assert environment["GIT_OPTIONAL_LOCKS"] == "0"
