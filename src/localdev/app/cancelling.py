"""Cancelling a job from another thread, as closing its iterator does from its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Cancelled(BaseException):
    """The job was cancelled; like Ctrl-C it is no failure of anything below, so nothing that handles those sees it."""


class Cancellation:
    """Whether a job was cancelled, and what to wake for it."""

    def __init__(self) -> None:
        self._still = threading.Lock()
        self._calls: list[Callable[[], object]] = []
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether it was."""
        return self._cancelled

    def cancel(self) -> None:
        """Cancel the job, from any thread; again is harmless."""
        with self._still:
            self._cancelled = True
            for call in self._calls:
                call()

    def check(self) -> None:
        """Raise `Cancelled` if the job was cancelled; called wherever work can end."""
        if self._cancelled:
            raise Cancelled

    @contextlib.contextmanager
    def calling(self, call: Callable[[], object]) -> Iterator[None]:
        """Have `call` called when the job is cancelled while the body waits for something that cannot look."""
        with self._still:
            self.check()
            self._calls.append(call)
        try:
            yield
        finally:
            with self._still:
                self._calls.remove(call)
