"""What git is in the middle of, and the messages of past commits, in real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localdev.source.commit_state import CommitState, comment_mark, commit_state, without_comments
from localdev.source.git import GitFailed
from localdev.source.messages import PastMessage, past_messages


def git(root: Path, *words: str, check: bool = True) -> None:
    """Run git."""
    subprocess.run(["git", *words], cwd=root, check=check, capture_output=True)


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    """Make a repository with two branches that changed one line differently."""
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "a b.txt").write_text("one\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first\n\nwhy\n\nRefs: A-1")
    git(root, "checkout", "-qb", "other")
    (root / "a b.txt").write_text("two\n")
    git(root, "commit", "-qam", "other")
    git(root, "checkout", "-q", "main")
    (root / "a b.txt").write_text("three\n")
    git(root, "commit", "-qam", "ours")
    return root


@pytest.mark.parametrize(
    ("words", "doing", "message"),
    [
        (("merge", "other"), "merge", "Merge branch 'other'"),
        (("cherry-pick", "other"), "cherry-pick", "other"),
        (("revert", "--no-edit", "HEAD~1"), "revert", "Revert"),
        (("rebase", "other"), "rebase", "ours"),
    ],
)
def test_what_is_under_way(parted: Path, words: tuple[str, ...], doing: str, message: str) -> None:
    """A conflict leaves git in the middle of something: what it is, its message without comments, and the paths."""
    git(parted, *words, check=False)
    state = commit_state(parted)
    assert (state.doing, state.unmerged) == (doing, ("a b.txt",))
    assert state.message.startswith(message) and "#" not in state.message


def test_nothing_under_way(parted: Path) -> None:
    """Changed and untracked paths are told apart; the branch and a detached head too."""
    (parted / "a b.txt").write_text("four\n")
    (parted / "new.txt").write_text("x\n")
    assert commit_state(parted) == CommitState(unstaged=("a b.txt",), untracked=("new.txt",), branch="main")
    git(parted, "checkout", "-q", "--detach")
    assert commit_state(parted).branch == ""


def test_before_the_first_commit(tmp_path: Path) -> None:
    """An empty repository has a branch and no commit; a folder is none."""
    with pytest.raises(GitFailed):
        commit_state(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    state = commit_state(tmp_path)
    assert (state.first, state.branch, past_messages(tmp_path, 5)) == (True, "main", [])


def test_past_messages(parted: Path) -> None:
    """Subject, text and paths of each commit, the newest first, merges left out."""
    git(parted, "merge", "-q", "-X", "ours", "-m", "merged", "other")
    first = PastMessage("first", "why\n\nRefs: A-1", ("a b.txt",))
    found = past_messages(parted, 10)
    assert {each.subject for each in found} == {"ours", "other", "first"} and found[-1] == first
    assert len(past_messages(parted, 1)) == 1


def test_comments_of_a_message(parted: Path) -> None:
    """The sign that begins a comment is the repository's."""
    git(parted, "config", "core.commentChar", ";")
    assert comment_mark(parted) == ";"
    assert without_comments("a\n\n; b\n# c \n", ";") == "a\n\n# c"
    git(parted, "config", "core.commentChar", "auto")
    assert comment_mark(parted) == "#"
