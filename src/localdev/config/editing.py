"""`config set`: changing one key of a TOML file, keeping its comments and order."""

from __future__ import annotations

import contextlib
from collections.abc import MutableMapping
from pathlib import Path

from localdev.config import files, values
from localdev.config.settings import Key, Value
from localdev.core.errors import ConfigError
from localdev.core.files import write_atomic

_READABLE_BY_ALL = 0o644


def set_value(path: Path, name: str, text: str, *, project: bool = False) -> Value:
    """Set the key `name` in the file at `path` to the value written in `text`; gives the checked value.

    Raises:
        ConfigError: no such key, a value that does not fit, a key a project file may not set, a file not TOML, or a
            project file that is a link out of its repository.
        StorageError: the file cannot be written.
    """
    key = values.find_key(name, "config set")
    value = values.parse(key, text, "config set")
    if project and key.project == "never":
        raise ConfigError(f"a project file may not set {name}", "leave out --project to set it in your own file")
    files.read(path)  # a file that is not readable TOML is reported as everywhere else, before anything is changed
    # The file behind a link is replaced, not the link: people keep their configuration in a repository of their own.
    target = path.resolve()
    # But a cloned repository may not point at the user's other files.
    if project and not target.is_relative_to(path.parent.resolve()):
        raise ConfigError(f"{path} is a link to {target}, outside the repository", "replace it by a file of its own")
    content = _edited(target, key, value)
    write_atomic(target, content.encode())
    if project:
        with contextlib.suppress(OSError):  # the content is right; a mode that cannot be set is not worth failing for
            target.chmod(_READABLE_BY_ALL)
    return value


def _edited(path: Path, key: Key, value: Value) -> str:
    """Give the text of the file with the key set."""
    import tomlkit  # 20 ms: only where a file is changed

    document = tomlkit.parse(path.read_text(encoding="utf-8-sig")) if path.exists() else tomlkit.document()
    section, dot, inner = key.name.rpartition(".")
    if not dot:
        document[inner] = list(value) if isinstance(value, tuple) else value
        return tomlkit.dumps(document)
    table = document.setdefault(section, tomlkit.table())
    if not isinstance(table, MutableMapping):
        raise ConfigError(f"{section} in {path} is not a table", f"write [{section}] there, and its keys below it")
    table[inner] = list(value) if isinstance(value, tuple) else value
    return tomlkit.dumps(document)
