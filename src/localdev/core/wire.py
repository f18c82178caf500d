"""Values to plain JSON and back, for processes that talk to each other: frozen dataclasses, tuples, unions and errors.

Every dataclass is written with its class's name, so that a union of several is read back as what it was. Reading is
strict: an unknown class or field, a missing field or a value of another type is a `WireError`. `Any` carries JSON as it
is: a tuple inside comes back as a list. Lone surrogates, as in file names that are not UTF-8, survive.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from localdev.core.errors import LocaldevError

_CLASS = "$"
_PLAIN = (str, int, float, bool, type(None))
Decoder = Callable[[Any], Any]


class WireError(ValueError):
    """What came is not what was to come: another program version, or a bug."""


def dumps(value: Any) -> bytes:
    """Write a value as one line of JSON, its line end included."""
    return json.dumps(to_json(value), separators=(",", ":")).encode("ascii") + b"\n"


def loads(kind: Any, line: bytes) -> Any:
    """Read a line that `dumps` wrote of a value of the type `kind` (a class, or a union of classes).

    Raises:
        WireError: it is no JSON, or not of this type.
    """
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error
    return from_json(kind, data)


def to_json(value: Any) -> Any:
    """Turn a value into dictionaries, lists, texts, numbers, booleans and None.

    Raises:
        WireError: it holds something that cannot travel.
    """
    if type(value) in _PLAIN:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        names = _field_names(type(value))
        return {_CLASS: type(value).__name__} | {name: to_json(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, set | frozenset):
        return [to_json(item) for item in sorted(value)]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise WireError("only texts can be keys")
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, Path):
        return str(value)
    raise WireError(f"a {type(value).__name__} cannot travel")


def from_json(kind: Any, data: Any) -> Any:
    """Turn what `to_json` gave into a value of the type `kind` again.

    Raises:
        WireError: it is not of this type.
    """
    return _decoder(kind)(data)


@functools.cache
def _field_names(kind: type) -> tuple[str, ...]:
    """Give the names of a dataclass's fields."""
    return tuple(item.name for item in fields(kind))


@functools.cache
def _decoder(kind: Any) -> Decoder:
    """Make what reads one type; made once for each."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return _as_it_is
    if kind in _PLAIN or kind is None:
        return functools.partial(_plain, type(None) if kind is None else kind)
    if kind is Path:
        return lambda data: Path(_plain(str, data))
    if _is_dataclass(kind):
        return functools.partial(_dataclass, {kind.__name__: kind})
    if origin is typing.Literal:
        return functools.partial(_literal, arguments)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin in (list, set, frozenset):
        return lambda data: origin(map(_decoder(arguments[0]), _items(data)))
    if origin in (dict, Mapping):
        return lambda data: {key: _decoder(arguments[1])(item) for key, item in _object(data).items()}
    raise WireError(f"values of the type {kind} cannot travel")


def _is_dataclass(kind: Any) -> bool:
    """Say whether a type is a dataclass."""
    return isinstance(kind, type) and is_dataclass(kind)


def _as_it_is(data: Any) -> Any:
    """Read JSON of any shape."""
    return data


def _plain(kind: type, data: Any) -> Any:
    """Read a text, number, boolean or None; a whole number may stand for a float."""
    if type(data) is kind:
        return data
    if kind is float and type(data) is int:
        return float(data)
    raise WireError(f"expected {kind.__name__}, found {type(data).__name__}")


def _literal(allowed: tuple[Any, ...], data: Any) -> Any:
    """Read one of a few values."""
    if data not in allowed:
        raise WireError(f"expected one of {allowed}, found {data!r}")
    return data


def _items(data: Any) -> list[Any]:
    """Read a list."""
    if not isinstance(data, list):
        raise WireError(f"expected a list, found {type(data).__name__}")
    return data


def _object(data: Any) -> dict[str, Any]:
    """Read an object."""
    if not isinstance(data, dict):
        raise WireError(f"expected an object, found {type(data).__name__}")
    return data


def _dataclass(classes: Mapping[str, type], data: Any) -> Any:
    """Read one of several dataclasses, by the name of its class."""
    found = _object(data)
    name = found.get(_CLASS, "an object of no class")
    kind = classes.get(name) if isinstance(name, str) else None
    if kind is None:
        raise WireError(f"expected {' or '.join(classes)}, found {name!r}")
    decoders = _field_decoders(kind)
    if found.keys() - {_CLASS} != decoders.keys():
        raise WireError(f"{kind.__name__} has other fields: {', '.join(decoders.keys() ^ (found.keys() - {_CLASS}))}")
    return kind(**{name: decode(found[name]) for name, decode in decoders.items()})


@functools.cache
def _field_decoders(kind: type) -> dict[str, Decoder]:
    """Give what reads each field of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {name: _decoder(hints[name]) for name in _field_names(kind)}


def _union(members: tuple[Any, ...]) -> Decoder:
    """Make what reads a union: dataclasses by name, None and plain values by type, and at most one kind beside them."""
    classes = {member.__name__: member for member in members if _is_dataclass(member)}
    plain = tuple(member for member in members if member in _PLAIN)
    others = [member for member in members if not _is_dataclass(member) and member not in _PLAIN]
    if len(classes) != sum(map(_is_dataclass, members)) or len(others) > 1 or (others and str in plain):
        raise WireError(f"a union of {members} cannot be told apart")

    def decode(data: Any) -> Any:
        if type(data) in plain:
            return data
        if others and not (classes and isinstance(data, dict) and _CLASS in data):
            return _decoder(others[0])(data)
        return _dataclass(classes, data)

    return decode


def _tuple(arguments: tuple[Any, ...]) -> Decoder:
    """Make what reads a tuple, of any length or with a type for each place."""
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return lambda data: tuple(map(_decoder(arguments[0]), _items(data)))

    def decode(data: Any) -> Any:
        items = _items(data)
        if len(items) != len(arguments):
            raise WireError(f"expected {len(arguments)} items, found {len(items)}")
        return tuple(_decoder(kind)(item) for kind, item in zip(arguments, items, strict=True))

    return decode


def error_to_json(error: LocaldevError) -> dict[str, str]:
    """Write an error: its code, what it says, and its hint."""
    return {"code": error.code, "message": str(error), "hint": error.hint}


def error_from_json(data: Any) -> LocaldevError:
    """Give an error of the class it was; a class that is not loaded here becomes the base of all.

    Raises:
        WireError: it is no error that was written by `error_to_json`.
    """
    found = _decoder(dict[str, str])(data)
    if found.keys() != {"code", "message", "hint"}:
        raise WireError("an error has other fields")
    kind = next((known for known in _error_classes(LocaldevError) if known.code == found["code"]), LocaldevError)
    return kind(found["message"], found["hint"])


def _error_classes(kind: type[LocaldevError]) -> Iterator[type[LocaldevError]]:
    """Give a class of errors and those below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from _error_classes(below)
