"""Asking git for the files of a work tree: tracked ones, and untracked ones that no rule ignores."""

from __future__ import annotations

import os
import subprocess

from localdev.source.git import clean_environment

# A repository may not name a program that we then run for it.
_NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


class GitTrouble(Exception):
    """Git is missing or refuses to list this work tree; the text says why in one line."""


def git_paths(root: str) -> tuple[list[str], tuple[str, ...]]:
    """Give paths relative to `root`, sorted, with forward slashes, and git's warnings.

    A path with a slash at the end is a repository inside this one. A plain process instead of GitPython, whose import
    alone costs 160 ms: this runs before every search.

    Raises:
        GitTrouble: there is no answer; the caller walks by itself.
    """
    command = ("git", *_NO_PROGRAMS, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    try:
        done = subprocess.run(
            command, cwd=root, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise GitTrouble(f"git does not run ({error.strerror or error})") from error
    said = [line for line in os.fsdecode(done.stderr).splitlines() if line.strip()]
    if done.returncode:
        raise GitTrouble(said[0] if said else f"git ended with code {done.returncode}")
    # An unmerged file is listed once per stage. Sorted, because the system finds neighbours faster.
    paths = sorted(set(os.fsdecode(done.stdout).split("\0")))
    return paths[1:], tuple(f"git: {line}" for line in said)
