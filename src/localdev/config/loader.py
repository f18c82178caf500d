"""The one loader of settings: flags > environment > project file > user file > defaults, each with its origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localdev.config import files, trust, values
from localdev.config.settings import Key, Settings, Value, build, keys
from localdev.core.errors import ConfigError
from localdev.core.events import Notice
from localdev.core.folders import Folders

# Variables with our prefix that are not settings: where localdev keeps its files, the checkout it was started from, the
# secrets that a Chroma server, a server of models and a hub ask for (`config show` must not print them), what the
# test suite is told, and what git hooks are.
_RESERVED = (
    "LOCALDEV_HOME", "LOCALDEV_CHECKOUT", "LOCALDEV_STORE_TOKEN", "LOCALDEV_API_KEY", "LOCALDEV_HUB_TOKEN",
    "LOCALDEV_TEST_", "LOCALDEV_SKIP", "LOCALDEV_WITHIN",
)  # fmt: skip
_PREFIX = "LOCALDEV_"
_OF_A_RUN = ("flag", "environment")


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
    """Settings with the origin of each value, and what the user should know about them.

    `problems` are the mistakes that were passed over; there are none unless that was asked for.
    """

    settings: Settings
    origins: dict[str, Origin]
    notices: tuple[Notice, ...] = ()
    problems: tuple[ConfigError, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look: the user's folders, the repository (None outside of one), variables, and flags by dotted name."""

    folders: Folders
    root: Path | None
    environ: Mapping[str, str]
    flags: Mapping[str, tuple[str, Value]]


Layer = dict[str, tuple[Value, Origin]]
Entries = Mapping[str, tuple[object, int]]
# Takes a mistake; one that does not raise it passes over it.
Trouble = Callable[[ConfigError], None]


def load(sources: Sources, *, tolerant: bool = False) -> Loaded:
    """Read every layer and give the settings that result; `tolerant` passes over mistakes and lists them.

    A mistake in the file of a repository that is not trusted is never an error, only a warning: a cloned repository may
    not keep its reader from working.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range, or a file that cannot be read.
    """
    problems: list[ConfigError] = []
    trouble = problems.append if tolerant else _stop
    layers = [_user(sources.folders, trouble)]
    notices: list[Notice] = []
    if sources.root is not None:
        project, notices = _project(sources.root, sources.folders, trouble)
        layers.append(project)
    layers += [_environment(sources.environ, trouble), _flags(sources.flags)]
    chosen: Layer = {name: (key.default, Origin("default")) for name, key in keys().items()}
    for layer in layers:
        chosen.update(layer)
    _for_this_run(chosen)
    return Loaded(
        build({name: value for name, (value, _) in chosen.items()}),
        {name: origin for name, (_, origin) in chosen.items()},
        tuple(notices),
        tuple(problems),
    )


def _for_this_run(chosen: Layer) -> None:
    """Let `model` of a flag or a variable do every job: whoever gives it means this run, not the lists of a file."""
    origin = chosen["model"][1]
    if origin.kind not in _OF_A_RUN:
        return
    for name, (_, own) in list(chosen.items()):
        weaker = own.kind not in _OF_A_RUN or (own.kind, origin.kind) == ("environment", "flag")
        if name.startswith("models.") and weaker:
            chosen[name] = ((), origin)


def check_project(root: Path) -> None:
    """Refuse to trust a repository's file with a mistake in it.

    Raises:
        ConfigError: the mistake, as it would stop every command once the repository is trusted.
    """
    _layer(_read_project(root, _stop), "project", project_file(root), _stop)


def _stop(problem: ConfigError) -> None:
    """Pass over nothing."""
    raise problem


def user_file(folders: Folders) -> Path:
    """Give the path of the user's configuration file; it need not exist."""
    return folders.config / files.USER_FILE


def project_file(root: Path) -> Path:
    """Give the path of a repository's configuration file; it need not exist."""
    return root / files.PROJECT_FILE


def _user(folders: Folders, trouble: Trouble) -> Layer:
    """Read the user's file."""
    path = user_file(folders)
    return _layer(_read(path, trouble), "user", path, trouble)


def _read(path: Path, trouble: Trouble) -> Entries:
    """Read a file; nothing of one that cannot be read."""
    try:
        return files.read(path)
    except ConfigError as problem:
        trouble(problem)
        return {}


def _read_project(root: Path, trouble: Trouble) -> Entries:
    """Read the repository's file, unless it is a link by which a cloned repository would show another file."""
    path = project_file(root)
    if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
        trouble(ConfigError(f"{path} is a link out of the repository", "replace it by a file of its own"))
        return {}
    return _read(path, trouble)


def _layer(entries: Entries, kind: Literal["project", "user"], path: Path, trouble: Trouble) -> Layer:
    """Check what a file holds."""
    layer: Layer = {}
    for name, (value, line) in entries.items():
        origin = Origin(kind, str(path), line)
        try:
            layer[name] = (values.check(values.find_key(name, str(origin)), value, str(origin)), origin)
        except ConfigError as problem:
            trouble(problem)
    return layer


def _project(root: Path, folders: Folders, trouble: Trouble) -> tuple[Layer, list[Notice]]:
    """Read the repository's file; keys it may not set are left out, with a notice."""
    path = project_file(root)
    if not path.is_symlink() and not path.exists():
        return {}, []
    state = trust.state(root, folders)
    mistakes: list[ConfigError] = []
    noted = trouble if state == "trusted" else mistakes.append
    layer = _layer(_read_project(root, noted), "project", path, noted)
    refused: dict[str, list[str]] = {"trusted": [], "never": []}
    for name in list(layer):
        rule = keys()[name].project
        if rule != "free" and not (rule == "trusted" and state == "trusted"):
            refused[rule].append(name)
            del layer[name]
    return layer, [*_passed_over(mistakes), *_refusals(refused, state)]


def _passed_over(mistakes: Sequence[ConfigError]) -> list[Notice]:
    """Say what in the file of a repository that is not trusted was not understood; one line, however much it is."""
    if not mistakes:
        return []
    more = f", nor {len(mistakes) - 1} more" if len(mistakes) > 1 else ""
    return [Notice("warning", f"{mistakes[0]}: not used{more} ({mistakes[0].hint})")]


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


def _environment(environ: Mapping[str, str], trouble: Trouble) -> Layer:
    """Read the variables with our prefix; an empty one counts as not set."""
    by_variable = {key.variable: key for key in keys().values()}
    layer: Layer = {}
    for variable, text in environ.items():
        if not variable.startswith(_PREFIX) or variable.startswith(_RESERVED) or not text:
            continue
        origin = Origin("environment", f"${variable}")
        try:
            if variable not in by_variable:
                raise _unknown_variable(variable, by_variable)
            key = by_variable[variable]
            layer[key.name] = (values.parse(key, text, str(origin)), origin)
        except ConfigError as problem:
            trouble(problem)
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
