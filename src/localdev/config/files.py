"""Reading configuration files: TOML to dotted names, each with the line it stands on."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

from localdev.core.errors import ConfigError

PROJECT_FILE = ".localdev.toml"
USER_FILE = "config.toml"

# A configuration file is a page of text; anything larger is a mistake or an attack.
_LARGEST_FILE = 1_000_000
# A dotted name, quoted or not; matched against a stripped text, so that a long line costs no more than its length.
_NAME = re.compile(r"[\w.\-\s\"']+")


def read(path: Path) -> dict[str, tuple[object, int]]:
    """Give {dotted name: (value, line)} of a TOML file; empty when there is no file. Line 0 means unknown.

    Raises:
        ConfigError: the file cannot be read or is not TOML.
    """
    try:
        # A link in a cloned repository may lead to a device that never ends, or to a pipe that nobody writes to.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"cannot read {path}: it is not a file", "make it a readable UTF-8 file")
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise ConfigError(f"{path} is too large for a configuration file", "it may hold at most 1 MB")
        text = data.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {reason(error)}", "make it a readable UTF-8 file") from error
    import tomllib  # 10 ms: only where a file is there

    try:
        found = flatten(tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # plain ValueError: a number of thousands of digits
        raise ConfigError(f"{path} is not valid TOML: {error}", "correct that line") from error
    places = lines(text)
    return {name: (value, _line_of(name, places)) for name, value in found.items()}


def reason(error: Exception) -> str:
    """Say in a few words why a file could not be read."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"


def flatten(document: dict[str, Any], prefix: str = "") -> dict[str, object]:
    """Turn nested tables into dotted names."""
    found: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found.update(flatten(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def lines(text: str) -> dict[str, int]:
    """Give the line of each assignment by its dotted name; the first one wins."""
    table = ""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        head, closed, _ = line.strip().removeprefix("[").partition("]")
        name, assigned, _ = line.partition("=")
        if line.lstrip().startswith("[") and closed and _NAME.fullmatch(head):
            table = _bare(head) + "."
        elif assigned and _NAME.fullmatch(name):
            found.setdefault(table + _bare(name), number)
    return found


def _bare(name: str) -> str:
    """Remove blanks and quotes around the parts of a dotted name."""
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _line_of(name: str, places: dict[str, int]) -> int:
    """Find the line of a name; a key of an inline table stands on the line of the table."""
    while name:
        if name in places:
            return places[name]
        name = name.rpartition(".")[0]
    return 0
