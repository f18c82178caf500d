"""What git says about the work tree, whatever surrounds the call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.source.git import GitFailed, branch, clean_environment, head, run_git


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


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_repository_of_somebody_else(tree: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused, as its settings name programs, until git's own `safe.directory` allows it."""
    (tree / ".gitattributes").write_text("* filter=planted\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("config", "filter.planted.clean", f"touch {tree.parent}/ran; cat")
    (tree / ".gitattributes").write_text("* filter=planted\n\n")
    os.chown(tree / ".git", 1234, 1234)
    with pytest.raises(GitFailed, match="belongs to somebody else") as refused:
        run_git(tree, "diff", "HEAD")
    assert f"safe.directory {tree}" in refused.value.hint and not (tree.parent / "ran").exists()
    assert head(tree) is None
    allowed = tree.parent / "allowed"
    allowed.write_text(f"[safe]\n\tdirectory = {tree}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(allowed))
    assert "+\n" in run_git(tree, "diff", "HEAD")


def test_how_the_callers_git_reads_paths_is_not_ours(
    tree: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git --literal-pathspecs commit` hands that on to its hooks."""
    (tree / "a b").write_text("1\n")
    git("add", ".")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert run_git(tree, "ls-files", "--", ":(top,literal)a b") == "a b\n"


def test_a_folder_named_like_a_variable(tree: Path, git: Callable[..., str]) -> None:
    """`$HOME` in a path is no variable."""
    git("clone", "-q", ".", "$HOME")
    assert run_git(tree / "$HOME", "rev-parse", "--show-toplevel").strip() == str(tree / "$HOME")


def test_no_git_at_all(tree: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said, and what to do about it."""
    monkeypatch.setenv("PATH", str(tree))
    with pytest.raises(GitFailed, match="no git") as refused:
        run_git(tree, "diff")
    assert "install git" in refused.value.hint
    assert head(tree) is None


def test_a_partial_clone(tree: Path, git: Callable[..., str]) -> None:
    """What it lacks is not fetched, and that is said."""
    for text in ("one\n", "two\n"):
        (tree / "a.txt").write_text(text)
        git("add", ".")
        git("commit", "-q", "-m", text)
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "-q", "--filter=blob:none", f"file://{tree}", str(tree.parent / "partial"))
    with pytest.raises(GitFailed) as refused:
        run_git(tree.parent / "partial", "diff", "HEAD~1", "HEAD")
    assert "partial" in refused.value.hint and "warning" not in str(refused.value)
