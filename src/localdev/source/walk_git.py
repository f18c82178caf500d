"""Asking git for the files of a work tree: tracked ones, and untracked ones that no rule ignores."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable

from localdev.source.git import clean_environment

# A repository may not name a program that we then run for it.
_NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


class GitTrouble(Exception):
    """Git is missing or refuses to list this work tree; the text says why in one line."""


Paths = tuple[list[str], tuple[str, ...]]


def start_git(root: str) -> Callable[[], Paths]:
    """Start git on listing `root`; the function given back waits for it.

    It gives paths relative to `root`, sorted, with forward slashes, and git's warnings; a path with a slash at the end
    is a repository inside this one. A plain process instead of GitPython, whose import alone costs 160 ms: this runs
    before every search.

    Raises:
        GitTrouble: there is no answer (the given function raises it too); the caller walks by itself.
    """
    command = ("git", *_NO_PROGRAMS, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, cwd=root, env=clean_environment(), stdin=null, stdout=pipe, stderr=pipe)
    except OSError as error:
        raise GitTrouble(f"git does not run ({error.strerror or error})") from error
    return lambda: _paths(process, root)


def _paths(process: subprocess.Popen[bytes], root: str) -> Paths:
    """Wait for git and read its answer."""
    with process:
        out, err = process.communicate()
    said = [line for line in os.fsdecode(err).splitlines() if line.strip()]
    if process.returncode:
        fatal = [line for line in said if line.startswith("fatal:")] or said  # warnings may stand before the reason
        raise GitTrouble(_plain(fatal[0], root) if fatal else f"git ended with code {process.returncode}")
    # An unmerged file is listed once per stage. Sorted, because the system finds neighbours faster.
    paths = sorted(set(os.fsdecode(out).split("\0")))
    return paths[1:], tuple(f"git: {line}" for line in said)


def _plain(said: str, root: str) -> str:
    """Give git's reason without its mark, and for the one that the user can settle, how."""
    said = said.removeprefix("fatal: ")
    if "dubious ownership" not in said:
        return said
    return (
        f"it belongs to somebody else; if you trust it, `git config --global --add safe.directory {shlex.quote(root)}`"
    )
