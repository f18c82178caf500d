"""What git is in the middle of: which message the next commit gets by itself, and what keeps it from being made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localdev.source.git import ask_git, branch, run_git

Doing = Literal["", "merge", "cherry-pick", "revert", "rebase"]
# A file in git's folder says what goes on; the first that is there counts, as a rebase picks commits itself.
_SIGNS: tuple[tuple[str, Doing], ...] = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)


@dataclass(frozen=True, slots=True)
class CommitState:
    """`doing` is what is under way, `message` git's own words for it, without comments.

    `unmerged` are paths with conflicts; `first` says that there is no commit yet; `branch` is empty on a detached head.
    `unstaged` and `untracked` are paths that `git add` would take.
    """

    doing: Doing = ""
    message: str = ""
    unmerged: tuple[str, ...] = ()
    unstaged: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    first: bool = False
    branch: str = ""


def commit_state(root: Path, *, index: str = "") -> CommitState:
    """Look at a work tree; `index` is the index file where it is not the repository's own.

    Raises:
        GitFailed: this is no git repository.
    """
    folder = Path(run_git(root, "rev-parse", "--absolute-git-dir").rstrip("\n"))
    doing: Doing = next((what for name, what in _SIGNS if (folder / name).exists()), "")
    return CommitState(
        doing,
        _message(root, folder) if doing else "",
        _names(run_git(root, "diff", "--name-only", "-z", "--diff-filter=U", "--no-ext-diff", index=index)),
        _names(run_git(root, "diff", "--name-only", "-z", "--diff-filter=u", "--no-ext-diff", index=index)),
        _names(run_git(root, "ls-files", "--others", "--exclude-standard", "--directory", "-z", index=index)),
        ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD") is None,
        branch(root) or "",
    )


def comment_mark(root: Path) -> str:
    """Give what begins a comment in this repository's messages."""
    names = ("core.commentString", "core.commentChar")  # the first one since git 2.45
    said = next((text for name in names if (text := (ask_git(root, "config", "--get", name) or "").strip())), "")
    return said if said and said != "auto" else "#"


def without_comments(text: str, mark: str) -> str:
    """Give a message as git would commit it after an editor: no comments, no blanks around it."""
    rows = [row.rstrip() for row in text.split("\n") if not row.startswith(mark)]
    return "\n".join(rows).strip()


def _message(root: Path, folder: Path) -> str:
    """Give the message that git has put together; empty where it has none."""
    try:
        text = (folder / "MERGE_MSG").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return without_comments(text, comment_mark(root))


def _names(said: str) -> tuple[str, ...]:
    """Read names that end with a NUL each."""
    return tuple(dict.fromkeys(name for name in said.split("\0") if name))
