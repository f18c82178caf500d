"""The `.localdev.toml` to begin with: every key that a repository may set, with its default, switched off."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from localdev.config.files import PROJECT_FILE
from localdev.config.settings import Key, keys
from localdev.core.errors import ConfigError, UsageError
from localdev.core.files import write_atomic

_HEAD = """\
# Settings of this repository for localdev. Every line below is a default, switched off: take its # away to change it.
# Those marked (trusted) act once you have said `localdev trust`. `localdev config show --origin` says what counts.
"""
# As git and editors read it too.
_READABLE_BY_ALL = 0o644


def starter_text() -> str:
    """Give the text of the file; as it is, it changes nothing."""
    lines, section = [_HEAD.rstrip("\n")], ""
    for name, key in keys().items():
        if key.project == "never":
            continue
        if name.partition(".")[0] != section:
            section = name.partition(".")[0]
            lines.append("")
        lines.append(_line(key))
    return "\n".join(lines) + "\n"


def _line(key: Key) -> str:
    """Write one key with its default and what it is for."""
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    mark = " (trusted)" if key.project == "trusted" else ""
    return f"# {key.name} = {json.dumps(default)}  # {key.help}{mark}"


def write_starter(root: Path, *, replace: bool) -> Path:
    """Write the file into a repository.

    Raises:
        UsageError: there is one already and it may not be replaced.
        ConfigError: what is there is a link or no file.
        StorageError: it cannot be written.
    """
    path = root / PROJECT_FILE
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ConfigError(f"{path} is a link or no file", "remove it first")
    if path.exists() and not replace:
        raise UsageError(f"{path} is there already", "look at it; with --yes it is replaced")
    write_atomic(path, starter_text().encode())
    with contextlib.suppress(OSError):  # the content is right; a mode that cannot be set is not worth failing for
        path.chmod(_READABLE_BY_ALL)
    return path
