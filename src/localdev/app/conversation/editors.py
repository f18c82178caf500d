"""How editors are called to open a file at a line."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from localdev.core.errors import UsageError

# Where neither VISUAL nor EDITOR is set: what Debian's `editor`, and nearly every other system, has.
_USUAL = ("editor", "nano", "vim", "vi") if os.name != "nt" else ("notepad",)
# Each family with its way to name a line; from their manuals.
_PLUS = frozenset({
    "vi", "vim", "nvim", "gvim", "view", "nano", "pico", "emacs", "emacsclient", "joe", "kak", "ne", "mg", "jed",
    "mcedit", "gedit", "editor", "xed", "pluma",
})  # fmt: skip
_COLON = frozenset({"hx", "helix", "micro", "subl", "sublime_text", "zed", "zeditor", "lapce"})
_GOTO = frozenset({"code", "codium", "vscodium", "code-insiders", "cursor", "windsurf"})
_LINE_FLAG = frozenset({"idea", "pycharm", "webstorm", "goland", "clion", "rubymine", "phpstorm", "kate", "mate"})
# These give the terminal back at once, unless they are told to wait.
_WAIT = {"subl": "--wait", "sublime_text": "--wait", "zed": "--wait", "zeditor": "--wait", "mate": "--wait"}


def editor_command(environ: Mapping[str, str], path: Path, line: int) -> list[str]:
    """Give the command of the user's editor for a file and a line, from 1 on.

    Raises:
        UsageError: no editor is named, and none of the usual ones is there.
    """
    named = environ.get("VISUAL", "").strip() or environ.get("EDITOR", "").strip()
    if named:
        words = _words(named)
    else:
        found = next((name for name in _USUAL if shutil.which(name, path=environ.get("PATH"))), "")
        if not found:
            raise UsageError("no editor is named", "set VISUAL or EDITOR, for example: export EDITOR=nano")
        words = [found]
    return [*words, *_at(os.path.basename(words[0]).removesuffix(".exe").lower(), str(path), max(1, line), words)]


def _words(named: str) -> list[str]:
    """Split what EDITOR holds; the shell does so too, but a path with blanks is meant as it is."""
    if Path(named).is_file():
        return [named]
    try:
        return shlex.split(named, posix=os.name != "nt")
    except ValueError:
        return named.split()


def _at(name: str, path: str, line: int, words: list[str]) -> list[str]:
    """Give the arguments that open a path at a line; an unknown editor is given the path alone."""
    wait = [_WAIT[name]] if name in _WAIT and not {"-w", _WAIT[name]} & set(words) else []
    if name in _PLUS:
        return [f"+{line}", path]
    if name in _COLON:
        return [*wait, f"{path}:{line}"]
    if name in _GOTO:
        waiting = [] if {"-w", "--wait"} & set(words) else ["--wait"]
        return [*waiting, "--goto", f"{path}:{line}"]
    if name in _LINE_FLAG:
        return [*wait, "--line", str(line), path]
    if name.startswith("notepad++"):
        return [f"-n{line}", path]
    return [path]
