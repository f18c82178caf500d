"""The requests that are being answered, so that another thread can end them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localdev.core.chat import ChatRequest


class UnderWay:
    """Holds for each request what ends it. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[tuple[ChatRequest, Callable[[], object]]] = []

    @contextlib.contextmanager
    def entered(self, request: ChatRequest, end: Callable[[], object]) -> Iterator[None]:
        """Have `end` called when the request is cancelled while the body runs; it may be called more than once."""
        entry = (request, end)
        with self._lock:
            self._entries.append(entry)
        try:
            yield
        finally:
            with self._lock:
                self._entries = [other for other in self._entries if other is not entry]

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End a request (None: every one); False where there is none, or `end` said that there was nothing to end."""
        with self._lock:
            ends = [end for asked, end in self._entries if request is None or asked is request]
        return any([end() is not False for end in ends])
