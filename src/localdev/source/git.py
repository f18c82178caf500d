"""What localdev asks of git (the commit and branch of a work tree), and the environment of every git process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import git

# Of the caller's GIT_* variables only these reach our git processes: they say where the user's configuration is. The
# rest (GIT_DIR, GIT_INDEX_FILE and their like, set inside hooks) would point git at another repository than asked for.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"})
# Reading must never take a lock, ask for a password, or speak the user's language to our parser. Nor may it fetch
# objects that a partial clone lacks: that asks the network, and runs programs that the repository names.
_FIXED = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # for git before 2.44, which does not know the line above
    "LC_ALL": "C",
}
# The last one has files beyond it count as binary, so that a diff does not bring gigabytes of data into memory.
_SETTINGS = ("core.quotePath=false", "core.fsmonitor=false", "log.showSignature=false", "core.bigFileThreshold=4m")


def clean_environment() -> dict[str, str]:
    """Give the environment for a git process of ours: the caller's, without what points at some other repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    return {**kept, **_FIXED}


def head(root: Path) -> str | None:
    """Give the id of the commit that is checked out, as hexadecimal; None before the first commit or without git."""
    return (ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD") or "").strip() or None


def branch(root: Path) -> str | None:
    """Give the short name of the branch that is checked out, born or not; None on a detached head or without git."""
    return (ask_git(root, "symbolic-ref", "--quiet", "--short", "HEAD") or "").strip() or None


def ask_git(root: Path, command: str, *arguments: str) -> str | None:
    """Run one reading git command in a work tree; None where it fails or has nothing to say.

    Bytes that are no UTF-8 come as lone surrogates, paths without escapes unless they hold quotes or control
    characters.
    """
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a machine without git is no reason to fail at import
    import git

    try:
        with _opened(root) as repository:
            plain = repository.git(c=list(_SETTINGS))
            answer = str(getattr(plain, command.replace("-", "_"))(*arguments, strip_newline_in_stdout=False))
    except (git.InvalidGitRepositoryError, git.NoSuchPathError, git.CommandError):
        return None
    return answer or None


def _opened(root: Path) -> git.Repo:
    """Open the repository of exactly this work tree, whatever GIT_DIR and its like say around us.

    GitPython adds to the caller's environment and cannot take away from it, so what would mislead is written over.
    """
    import git

    repository = git.Repo(root)
    own = Path(repository.git_dir)
    repository.git.update_environment(
        GIT_DIR=str(own), GIT_WORK_TREE=str(root), GIT_INDEX_FILE=str(own / "index"), **_FIXED
    )
    return repository
