"""Turns and sessions as rows of the database, and back.

A row of a turn holds what is searched or asked for as columns, and the rest as JSON without what is as by default: a
field that a later version adds is as by default in what was stored before.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from localdev.core.chat import Usage
from localdev.core.errors import StorageError
from localdev.core.events import Citation, Notice, Timings
from localdev.core.talk import Attachment, SessionInfo, Turn

TURN = "number, kind, state, asked, answer, rest, sent"
SESSION = "id, title, root, created_at, changed_at, turns, model"
_COLUMNS = ("number", "kind", "state", "asked", "answer", "sent")


def stored(text: str) -> str | bytes:
    """Give a text as SQLite takes it: one with halves of characters, as in broken file names, as its bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def restored(value: str | bytes) -> str:
    """Give back the text that `stored` was given."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def turn_row(turn: Turn) -> tuple[Any, ...]:
    """Give the values of the columns `TURN`."""
    text = json.dumps(_rest(turn), separators=(",", ":"), default=asdict)
    return turn.number, turn.kind, turn.state, stored(turn.asked), stored(turn.answer), text, stored(turn.sent)


def turn_of(row: tuple[Any, ...]) -> Turn:
    """Make a turn of the values of the columns `TURN`.

    Raises:
        StorageError: the row holds what is no turn.
    """
    number, kind, state, asked, answer, rest, sent = row
    try:
        found = {name: _READERS.get(name, _as_it_is)(value) for name, value in json.loads(rest).items()}
        known = _known(Turn, found)
        texts = {"asked": restored(asked), "answer": restored(answer), "sent": restored(sent)}
        return Turn(**(known | texts | {"number": number, "kind": kind, "state": state}))
    except (ValueError, TypeError, AttributeError) as error:
        hint = "delete the session with `localdev sessions delete`, or restore the file from a copy"
        raise StorageError(f"turn {number} of the session is damaged: {error}", hint) from error


def session_of(row: tuple[Any, ...]) -> SessionInfo:
    """Make a session of the values of the columns `SESSION`."""
    id, title, root, created_at, changed_at, turns, model = row
    return SessionInfo(id, restored(title), restored(root), created_at, changed_at, turns, restored(model))


def _rest(turn: Turn) -> dict[str, Any]:
    """Give the fields of a turn that have no column of their own and are not as by default."""
    named = {name: getattr(turn, name) for name in _defaults(Turn) if name not in _COLUMNS}
    return {name: value for name, value in named.items() if value != _defaults(Turn)[name]}


@functools.cache
def _defaults(kind: type) -> dict[str, Any]:
    """Give the fields of a dataclass and their defaults; a field without one is never as by default."""
    made = {each.name: each.default_factory() for each in fields(kind) if each.default_factory is not MISSING}
    return {each.name: made.get(each.name, each.default) for each in fields(kind)}


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of fields that the class has; a later version may have stored others."""
    if data.keys() <= _defaults(kind).keys():
        return dict(data)
    return {name: value for name, value in data.items() if name in _defaults(kind)}


def _one(kind: type) -> Callable[[Any], Any]:
    """Make what reads one value of a class."""
    return lambda data: kind(**_known(kind, data))


def _several(kind: type) -> Callable[[Any], Any]:
    """Make what reads several values of a class."""
    return lambda data: tuple(kind(**_known(kind, each)) for each in data)


def _as_it_is(data: Any) -> Any:
    """Read what JSON holds as it is."""
    return data


_READERS: dict[str, Callable[[Any], Any]] = {
    "attachments": _several(Attachment),
    "sources": _several(Citation),
    "said": _several(Notice),
    "cited": tuple,
    "unverified": tuple,
    "usage": _one(Usage),
    "timings": _one(Timings),
}
