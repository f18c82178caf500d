"""The one loader of settings: flags > environment > project file > user file > defaults, each with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localdev.config import files, trust, values
from localdev.config.settings import Key, Settings, Value, build, keys
from localdev.core.errors import ConfigError
from localdev.core.events import Notice
from localdev.core.folders import Folders

# Variables with our prefix that are not settings: where localdev keeps its files, the checkout it was started from, and
# what the test suite is told.
_RESERVED = ("LOCALDEV_HOME", "LOCALDEV_CHECKOUT", "LOCALDEV_TEST_")
_PREFIX = "LOCALDEV_"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: `where` is the flag, variable or file, `line` its line in the file or 0."""

    kind: Literal["flag", "environment", "project", "user", "default"]
    where: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Give `default`, `$LOCALDEV_ASK_K`, `--model` or `/path/config.toml:3`."""
        return f"{self.where}:{self.line}" if self.line else (self.where or self.kind)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the origin of each value, and what the user should know about them."""

    settings: Settings
    origins: dict[str, Origin]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look: the user's folders, the repository (None outside of one), variables, and flags by dotted name."""

    folders: Folders
    root: Path | None
    environ: Mapping[str, str]
    flags: Mapping[str, tuple[str, Value]]


Layer = dict[str, tuple[Value, Origin]]


def load(sources: Sources) -> Loaded:
    """Read every layer and give the settings that result.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, or a file that cannot be read.
    """
    layers = [_user(sources.folders)]
    notices: list[Notice] = []
    if sources.root is not None:
        project, notices = _project(sources.root, sources.folders)
        layers.append(project)
    layers += [_environment(sources.environ), _flags(sources.flags)]
    chosen: Layer = {name: (key.default, Origin("default")) for name, key in keys().items()}
    for layer in layers:
        chosen.update(layer)
    return Loaded(
        build({name: value for name, (value, _) in chosen.items()}),
        {name: origin for name, (_, origin) in chosen.items()},
        tuple(notices),
    )


def user_file(folders: Folders) -> Path:
    """Give the path of the user's configuration file; it need not exist."""
    return folders.config / files.USER_FILE


def project_file(root: Path) -> Path:
    """Give the path of a repository's configuration file; it need not exist."""
    return root / files.PROJECT_FILE


def _user(folders: Folders) -> Layer:
    """Read the user's file."""
    path = user_file(folders)
    layer: Layer = {}
    for name, (value, line) in files.read(path).items():
        origin = Origin("user", str(path), line)
        key = values.find_key(name, str(origin))
        layer[name] = (values.check(key, value, str(origin)), origin)
    return layer


def _project(root: Path, folders: Folders) -> tuple[Layer, list[Notice]]:
    """Read the repository's file; keys it may not set are left out, with a notice."""
    path = project_file(root)
    layer: Layer = {}
    refused: dict[str, list[str]] = {"trusted": [], "never": []}
    found = files.read(path)
    state = trust.state(root, folders) if found else "absent"
    for name, (value, line) in found.items():
        origin = Origin("project", str(path), line)
        key = values.find_key(name, str(origin))
        checked = values.check(key, value, str(origin))
        if key.project == "free" or (key.project == "trusted" and state == "trusted"):
            layer[name] = (checked, origin)
        else:
            refused[key.project].append(name)
    return layer, _refusals(refused, state)


def _refusals(refused: Mapping[str, list[str]], state: trust.State) -> list[Notice]:
    """Say which keys of the project file were left out, and what to do about it."""
    notices = []
    if names := ", ".join(refused["trusted"]):
        why = "changed since you trusted it" if state == "changed" else "is not trusted yet"
        notices.append(
            Notice("warning", f"{files.PROJECT_FILE} {why}: {names} not used (look at it, then run `localdev trust`)")
        )
    if names := ", ".join(refused["never"]):
        notices.append(Notice("warning", f"{files.PROJECT_FILE} may not set {names}: not used"))
    return notices


def _environment(environ: Mapping[str, str]) -> Layer:
    """Read the variables with our prefix; an empty one counts as not set."""
    by_variable = {key.variable: key for key in keys().values()}
    layer: Layer = {}
    for variable, text in environ.items():
        if not variable.startswith(_PREFIX) or variable.startswith(_RESERVED) or not text:
            continue
        key = by_variable.get(variable)
        if key is None:
            raise _unknown_variable(variable, by_variable)
        origin = Origin("environment", f"${variable}")
        layer[key.name] = (values.parse(key, text, str(origin)), origin)
    return layer


def _unknown_variable(variable: str, known: Mapping[str, Key]) -> ConfigError:
    """Make the error for a variable with our prefix that sets nothing."""
    close = values.nearest(variable, known)
    hint = f"did you mean {close}?" if close else f"unset it; known ones are {', '.join(known)}"
    return ConfigError(f"unknown environment variable {variable}", hint)


def _flags(flags: Mapping[str, tuple[str, Value]]) -> Layer:
    """Check the flags given on the command line: {dotted name: (flag as typed, value)}."""
    layer: Layer = {}
    for name, (flag, value) in flags.items():
        layer[name] = (values.check(values.find_key(name, flag), value, flag), Origin("flag", flag))
    return layer
