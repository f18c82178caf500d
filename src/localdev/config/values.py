"""Checking one value against its key, whether it came from TOML, an environment variable or a flag."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable

from localdev.config.settings import Key, Value, keys
from localdev.core.errors import ConfigError

_SHORT = 8
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name most like `name`, or that it begins; an empty text when none is close."""
    names = list(known)
    begun = [each for each in names if each.startswith(name)] if len(name) > 1 else []
    # Half the letters of a short word are two or three, which many words have.
    close = begun or difflib.get_close_matches(name, names, n=1, cutoff=0.7 if len(name) <= _SHORT else 0.5)
    return close[0] if close else ""


def find_key(name: str, where: str) -> Key:
    """Give the key called `name`.

    Raises:
        ConfigError: there is none; the message names `where` it stood, the hint the nearest known key.
    """
    known = keys()
    if name in known:
        return known[name]
    close = nearest(name, known)
    hint = f"did you mean {close}?" if close else "`localdev config show` lists the known keys"
    raise ConfigError(f"unknown setting {name} ({where})", hint)


def parse(key: Key, text: str, where: str) -> Value:
    """Read a value from text, as environment variables and `config set` give it."""
    lowered = text.strip().lower()
    value: object = text
    try:
        if key.type is bool:
            if lowered not in _TRUE | _FALSE:
                raise wrong(key, text, where)
            value = lowered in _TRUE
        elif key.type is int:
            value = int(lowered.replace("_", ""))
        elif key.type is float:
            value = float(lowered)
        elif key.type is tuple:
            value = _listed(key, text.strip(), where)
    except ValueError as error:
        raise wrong(key, text, where) from error
    return check(key, value, where)


def check(key: Key, value: object, where: str) -> Value:
    """Give `value` when it has the key's type and stays within its limits.

    Raises:
        ConfigError: it does not; the message says where the value stood and what was expected.
    """
    if key.type is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError as error:  # hundreds of digits
            raise wrong(key, value, where) from error
    if key.type is tuple:
        value = _texts(value)
    # bool is an int in Python, but `k = true` is not a number.
    if not isinstance(value, key.type) or (isinstance(value, bool) and key.type is not bool):
        raise wrong(key, value, where)
    if isinstance(value, int | float) and not isinstance(value, bool):
        too_low = key.low is not None and value < key.low
        too_high = key.high is not None and value > key.high
        if too_low or too_high or math.isnan(value):
            raise wrong(key, value, where)
    if key.choices and value not in key.choices:
        raise wrong(key, value, where)
    return value


def _listed(key: Key, text: str, where: str) -> object:
    """Give the parts of a list: `A,B`, or as in a settings file `["A", "B"]`."""
    # An address such as `[::1]` and globs such as `[ab]*` have brackets too.
    quoted = '"' in text or "'" in text or (text.count("[") == 1 and "," in text)
    if text.startswith("[") and text.endswith("]") and (quoted or text == "[]"):
        try:
            return tomllib.loads(f"list = {text}")["list"]
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(
                f"{key.name} = {text!r} is not valid ({where})", 'a list is written A,B or as in TOML: ["A", "B"]'
            ) from error
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _texts(value: object) -> object:
    """Give a list of texts as a tuple, and one text alone as a list of it; anything else as it is."""
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return tuple(value)
    return value


def wrong(key: Key, value: object, where: str) -> ConfigError:
    """Make the error for a value that does not fit its key."""
    return ConfigError(f"{key.name} = {value!r} is not valid ({where})", f"{key.name} has to be {key.expects}")
