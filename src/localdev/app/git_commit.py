"""Commits by the user's own git: their environment, hooks, signing and editor, and never a way around them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localdev.core.errors import Busy, NotFound, UsageError

# What is in the way of a commit, and what to do.
_REASONS = {
    "nothing-staged": (
        "nothing is staged; changed are: {paths}",
        "`git add -p` chooses what to commit, `git add PATH` takes new files",
    ),
    "unmerged": ("there are conflicts left in {paths}", "solve them, `git add` the files, then commit"),
    "rebase": ("a rebase is under way, which has its own message", "`git rebase --continue` commits and goes on"),
    "secret": (
        "the staged change holds what looks like a credential: nothing was committed",
        "take it out, `git add` the file again, and revoke it if it was real; a comment localdev: ignore[RULE] on "
        "its line lets through what is none",
    ),
}


def index_file(root: Path) -> str:
    """Give the index file that the user's git will commit from, in full; empty for the repository's own."""
    named = os.environ.get("GIT_INDEX_FILE", "")
    return str(root / named) if named else ""  # a relative one counts from the top of the work tree


def message_file(root: Path) -> Path:
    """Give the file that git keeps the message of a commit in, which stays when the commit is refused.

    Raises:
        UsageError: the user's git looks at another repository.
        NotFound: there is no git.
    """
    top = _said(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root.resolve():
        raise UsageError(
            f"git here works on {top or 'no repository'}, not on {root}",
            "unset GIT_DIR and GIT_WORK_TREE, or run `git commit -F` yourself with `localdev commit --print`",
        )
    return root / _said(root, "rev-parse", "--git-path", "COMMIT_EDITMSG")


def commit_with(root: Path, text: str, *, edit: bool, quiet: bool) -> int:
    """Run `git commit` with a message in this terminal and give its exit code; `quiet` sends what it prints to stderr.

    The message is left in git's own file, so that it is there when a hook refuses the commit.

    Raises:
        UsageError, NotFound: as `message_file`.
        Busy: another git process is at work on the index.
        StorageError: the message cannot be written.
    """
    words = _prepared(root, text, edit=edit)
    sys.stdout.flush()
    sys.stderr.flush()
    process = subprocess.Popen(words, stdout=_stderr() if quiet else None)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # git and its hooks have got it too, and an editor may go on
            continue


def commit_unseen(root: Path, text: str) -> tuple[int, str]:
    """Run `git commit` with a message away from the terminal; give its exit code and what it and its hooks printed.

    Raises: as `commit_with`.
    """
    words = _prepared(root, text, edit=False)
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace").rstrip("\n")


def signs(root: Path) -> bool:
    """Say whether the user's git signs commits, which may ask for a passphrase on the terminal."""
    return _said(root, "config", "--type=bool", "--get", "commit.gpgSign") == "true"


def why_not(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Give what keeps a commit from being made, by the payload of the job, and what to do; both empty for nothing."""
    stopped, named = str(payload["stopped"]), ", ".join(payload["paths"])
    if stopped == "nothing-staged" and not named:
        return "there is nothing to commit: no file was changed", "change something first"
    what, hint = _REASONS.get(stopped, ("", ""))
    return what.format(paths=named), hint


def nothing_staged(root: Path) -> bool:
    """Say whether the index holds what the last commit does."""
    try:
        return subprocess.call(["git", "-C", str(root), "diff", "--cached", "--quiet", "--no-ext-diff"]) == 0
    except OSError:
        return False


def new_commit(root: Path) -> str:
    """Give the id of the commit that was just made."""
    return _said(root, "rev-parse", "HEAD")


def _prepared(root: Path, text: str, *, edit: bool) -> list[str]:
    """Leave the message in git's own file, and give the words of the command that commits with it."""
    from localdev.core.files import write_atomic
    from localdev.source.commit_state import comment_mark

    kept = message_file(root)
    lock = Path(index_file(root) or root / _said(root, "rev-parse", "--git-path", "index")).with_suffix(".lock")
    if lock.exists():
        raise Busy(f"another git process is at work here: {lock} exists", "wait for it to end, then try again")
    encoding, data = encoded(root, text)
    write_atomic(kept, data)
    words = ["git", "-C", str(root)]
    if encoding:
        words += ["-c", f"i18n.commitEncoding={encoding}"]
    if edit and any(row.startswith(comment_mark(root)) for row in text.split("\n")):
        words += ["-c", "core.commentChar=auto"]  # git would take such a line for one of its own comments
    return [*words, "commit", "--edit" if edit else "--cleanup=whitespace", "-F", str(kept)]


def _stderr() -> int | None:
    """Give where stderr goes, for a process of its own."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return subprocess.DEVNULL


def _said(root: Path, *words: str) -> str:
    """Ask the user's git something, in the user's own environment; empty where it fails."""
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False)
    except OSError as error:
        raise NotFound("there is no git to commit with", "install git") from error
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else ""


def encoded(root: Path, text: str) -> tuple[str, bytes]:
    """Give the bytes of a message in the encoding this repository's commits have.

    UTF-8 is named where the message does not fit that encoding.
    """
    wanted = _said(root, "config", "--get", "i18n.commitEncoding")
    whole = text.rstrip("\n") + "\n"
    try:
        return "", whole.encode(wanted or "utf-8", "surrogateescape" if not wanted else "strict")
    except (LookupError, UnicodeEncodeError):
        return "UTF-8", whole.encode("utf-8", "surrogateescape")
