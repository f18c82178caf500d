"""Where ignore rules come from: files in the tree, the repository's own excludes, and the user's global ones."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from localdev.source.git import clean_environment
from localdev.source.ignore import RuleSet, parse_rules

GIT_RULES = ".gitignore"
OWN_RULES = ".localdevignore"
_LARGEST = 4_000_000  # an ignore file beyond this is no ignore file


def read_rules(folder: str, base: str, name: str) -> RuleSet | None:
    """Read the ignore file `name` in `folder` (a path on disk that is `base` relative to the root); None without one.

    A link is not followed, as in git; a file that cannot be read counts as absent, also as in git.
    """
    path = f"{folder}{name}" if folder.endswith(os.sep) else f"{folder}/{name}"
    if not os.access(path, os.F_OK):  # the usual case, and an exception would cost five times this question
        return None
    text = _read(path, follow=False)
    return parse_rules(base, text) if text else None


def outer_rules(root: Path) -> list[RuleSet]:
    """Give the rules from outside the tree, weakest first: the user's global excludes, then `.git/info/exclude`."""
    found = [
        _read(path, follow=True) for path in (_global_excludes(root), str(root / ".git" / "info" / "exclude")) if path
    ]
    return [rules for rules in (parse_rules("", text) for text in found) if rules is not None]


def _read(path: str, *, follow: bool) -> str:
    """Give the text of an ignore file, or nothing when it is not a readable regular file."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    try:
        handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return ""
    try:
        with os.fdopen(handle, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _global_excludes(root: Path) -> str:
    """Find the user's global excludes file: git's `core.excludesFile`, else its default place."""
    try:
        asked = subprocess.run(
            ["git", "config", "--type=path", "--get", "core.excludesFile"],
            cwd=root,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        configured = ""  # no git on this machine
    else:
        configured = os.fsdecode(asked.stdout).strip("\n") if asked.returncode == 0 else ""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return configured or f"{home}/git/ignore"
