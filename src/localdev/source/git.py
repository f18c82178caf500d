"""What localdev asks of git (the commit and branch of a work tree), and the environment of every git process."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.errors import NotFound

if TYPE_CHECKING:
    import git


class GitFailed(NotFound):
    """Git could not give what was asked for."""

    code = "git"


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
    "GIT_LITERAL_PATHSPECS": "0",  # `git --literal-pathspecs commit` gives these to its hooks, and ours are not meant
    "GIT_GLOB_PATHSPECS": "0",
    "GIT_NOGLOB_PATHSPECS": "0",
    "GIT_ICASE_PATHSPECS": "0",
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
    try:
        return run_git(root, command, *arguments) or None
    except GitFailed:
        return None


def run_git(root: Path, command: str, *arguments: str, index: str = "") -> str:
    """Run one reading git command in a work tree and give what it prints, as `ask_git` does; `index` as in `opened`.

    Raises:
        GitFailed: there is no git, no repository, or git refuses; the message is git's own.
    """
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a machine without git is no reason to fail at import
    import git

    try:
        with opened(root, index=index) as repository:
            plain = repository.git(c=list(_SETTINGS))
            return str(getattr(plain, command.replace("-", "_"))(*arguments, strip_newline_in_stdout=False))
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise GitFailed(f"{root} is no git repository", "name one: -C PATH") from error
    except git.GitCommandNotFound as error:
        raise GitFailed("there is no git here that runs", "install git, and see that it is in PATH") from error
    except git.CommandError as error:
        said = _said(error)
        raise GitFailed(f"git: {_reason(said)}", _hint(said)) from error


def _said(error: git.CommandError) -> str:
    """Give what git complained about."""
    said = str(error.stderr or "").strip().removeprefix("stderr:").strip().strip("'").strip()
    return said or f"it ended with {error.status}"


def _reason(said: str) -> str:
    """Give the line that says why it ended; warnings may stand before it."""
    lines = said.splitlines()
    return next((line for line in lines if line.startswith("fatal:")), lines[0]).removeprefix("fatal: ")


def _hint(said: str) -> str:
    """Say what to do about it."""
    if "lazy fetching" in said or "promisor" in said:
        return (
            "this clone is partial and nothing is fetched here: `git diff` with the same commits gets what is missing"
        )
    return "see what `git status` says"


def opened(root: Path, *, index: str = "") -> git.Repo:
    """Open the repository of exactly this work tree, whatever GIT_DIR and its like say around us.

    `index` is the index file to read where it is not the repository's own: `git commit -a` gives its hooks another one.
    GitPython adds to the caller's environment and cannot take away from it, so what would mislead is written over.

    Raises:
        git.InvalidGitRepositoryError, git.NoSuchPathError: there is none.
        GitFailed: it belongs to somebody else.
    """
    import git

    repository = git.Repo(root, expand_vars=False)
    own = Path(repository.git_dir)
    _refuse_foreign(root, own)
    repository.git.update_environment(
        GIT_DIR=str(own), GIT_WORK_TREE=str(root), GIT_INDEX_FILE=index or str(own / "index"), **_FIXED
    )
    return repository


def _refuse_foreign(root: Path, own: Path) -> None:
    """Refuse a repository of another user, unless git's own `safe.directory` allows it: its settings name programs.

    Git looks for itself where it has found the repository, but not where it is told of one, as we do.

    Raises:
        GitFailed: it is another user's.
    """
    places = (root, root / ".git", own)
    if os.name == "posix" and all(place.lstat().st_uid == os.geteuid() for place in places):
        return
    null = subprocess.DEVNULL
    asked = ("git", "rev-parse", "--git-dir")
    try:
        refused = subprocess.call(asked, cwd=root, env=clean_environment(), stdin=null, stdout=null, stderr=null)
    except OSError as error:
        raise GitFailed(f"git does not run ({error.strerror or error})", "install git") from error
    if refused:
        raise GitFailed(
            f"git does not trust {root}, which belongs to somebody else",
            f"if you do: `git config --global --add safe.directory {shlex.quote(str(root))}`",
        )


def index_of_caller(root: Path) -> str:
    """Give the index file that git has handed to the hook we run in, where it belongs to this repository; else "".

    `git commit -a` and `git commit PATH` prepare the commit in an index of their own.
    """
    named = os.environ.get("GIT_INDEX_FILE", "")
    if not named:
        return ""
    own = (ask_git(root, "rev-parse", "--absolute-git-dir") or "").strip()
    path = (root / named).resolve()  # a relative one counts from the top of the work tree
    return str(path) if own and path.exists() and path.is_relative_to(Path(own).resolve()) else ""
