"""Server-sent events: bytes in, events out, wherever the bytes are cut."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localdev.core.errors import BackendError

# One event of an answer is a few hundred bytes, some kilobytes with log-probabilities. More than this is no answer.
_LARGEST = 4 * 1024 * 1024
_LINE_END = re.compile(rb"\r\n|\n|\r")
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its lines of data joined, and the name the server gave it (empty for none)."""

    data: str
    name: str = ""


class EventParser:
    """Reads an event stream as the HTML standard lays it down (section "Server-sent events")."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._size = 0
        self._data: list[str] = []
        self._name = ""
        self._after_return = False
        self._first = True

    def feed(self, data: bytes) -> list[ServerEvent]:
        """Give the events that `data` completes.

        Raises:
            BackendError: one event is larger than any answer's.
        """
        if self._after_return and data.startswith(b"\n"):  # the second half of a line end that was cut in two
            data = data[1:]
            self._after_return = False
        if not data:
            return []
        self._after_return = data.endswith(b"\r")
        found: list[ServerEvent] = []
        first, *rest = _LINE_END.split(data)
        self._grow(first)
        for piece in rest:
            found += self._end_line()
            self._grow(piece)
        return found

    def finish(self) -> list[ServerEvent]:
        """Give what a stream held that ends without its last empty line; its reader judges whether it is whole."""
        return [*self._end_line(), *self._dispatch()]

    def _grow(self, piece: bytes) -> None:
        """Add to the line that is being read."""
        self._line.append(piece)
        self._size += len(piece)
        if self._size > _LARGEST:
            raise BackendError("the server sent an event of more than 4 MB", "this is no server of language models")

    def _end_line(self) -> list[ServerEvent]:
        """Take in one whole line; an empty one ends the event."""
        raw = b"".join(self._line)
        self._line.clear()
        if self._first:
            self._first = False
            raw = raw.removeprefix(_MARK)
        if not raw:
            return self._dispatch()
        field, _, value = raw.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return []  # comments (an empty field), `id`, `retry` and unknown fields say nothing to us

    def _dispatch(self) -> list[ServerEvent]:
        """End the event; one without data is none."""
        data, name = "\n".join(self._data), self._name
        self._data.clear()
        self._name, self._size = "", 0
        return [ServerEvent(data, name)] if data else []
