"""Whose turn it is: requests of several threads in the order they came."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator

from localdev.core.errors import BackendError


class _Ticket:
    """One request's place in the line."""

    def __init__(self, key: object) -> None:
        self.key = key
        self.thread = threading.get_ident()
        self.called = threading.Event()
        self.cancelled = False


class Turns:
    """A line of requests; a lock alone would let a busy thread overtake those that wait.

    `stop` interrupts what runs, `clear` takes that back before the next one starts, `free` is called once when the line
    was ended and nothing runs any more. All are called with the line held still, so that an interruption always meets
    the request it was meant for.
    """

    def __init__(self, stop: Callable[[], None], clear: Callable[[], None], free: Callable[[], None]) -> None:
        self._stop, self._clear, self._free = stop, clear, free
        self._still = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._running: _Ticket | None = None
        self.ended = False

    @contextlib.contextmanager
    def turn(self, key: object) -> Iterator[bool]:
        """Wait for the turn of `key` and hold it; yields False where it was cancelled while it waited.

        Raises:
            BackendError: this thread holds the turn already, so it would wait for itself.
        """
        ticket = _Ticket(key)
        with self._still:
            if self._running and self._running.thread == ticket.thread:
                raise BackendError(
                    "an answer of this model is still being streamed in this thread", "close that stream first"
                )
            self._waiting.append(ticket)
            self._call_next()
        try:
            ticket.called.wait()
            yield not ticket.cancelled
        finally:
            self._leave(ticket)

    def cancel(self, key: object = None) -> bool:
        """Cancel the request `key`, or with None all of them; False when there is no such request."""
        with self._still:
            home = self._send_home([each for each in self._waiting if key is None or each.key is key])
            running = self._running is not None and (key is None or key is self._running.key)
            if running:
                self._stop()
            return running or home

    def end(self) -> None:
        """Cancel all requests, those to come included; what runs is interrupted."""
        with self._still:
            self.ended = True
            self._send_home(list(self._waiting))
            if self._running:
                self._stop()
            else:
                self._free()

    def _send_home(self, tickets: list[_Ticket]) -> bool:
        """Take requests out of the line."""
        for ticket in tickets:
            self._waiting.remove(ticket)
            ticket.cancelled = True
            ticket.called.set()
        return bool(tickets)

    def _call_next(self) -> None:
        """Let the first in line run, if none does."""
        if self._running is None and self._waiting:
            self._running = self._waiting.popleft()
            self._clear()
            self._running.called.set()

    def _leave(self, ticket: _Ticket) -> None:
        """Give the turn back, or leave the line."""
        with self._still:
            if self._running is ticket:
                self._running = None
                self._call_next()
                if self.ended and self._running is None:
                    self._free()
            elif ticket in self._waiting:
                self._waiting.remove(ticket)
