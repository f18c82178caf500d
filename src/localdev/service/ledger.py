"""What the service counts: jobs that run and ran, tokens that were kept, and how long nothing was asked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from localdev.core.chat import Usage


@dataclass(slots=True, eq=False)
class Running:
    """A job under way; `end` names how it ended."""

    job: str
    root: str
    started: float = field(default_factory=time.monotonic)
    end: str = "cancelled"


class Ledger:
    """The counts of one service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Running] = []
        self._ended: Counter[str] = Counter()
        self._prompt_tokens = self._cached_tokens = 0
        self._last = time.monotonic()
        self.idle_minutes = 15.0
        self.began = time.time()

    @contextlib.contextmanager
    def job(self, running: Running) -> Iterator[None]:
        """Count a job for as long as it runs."""
        with self._lock:
            self._running.append(running)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(running)
                self._ended[running.end] += 1
                self._last = time.monotonic()

    def used(self, usage: Usage) -> None:
        """Add the tokens of one answer."""
        with self._lock:
            self._prompt_tokens += usage.prompt_tokens
            self._cached_tokens += usage.cached_tokens

    def idle_seconds(self) -> float:
        """Give how long nothing has run; 0 while something does."""
        with self._lock:
            return 0.0 if self._running else time.monotonic() - self._last

    def facts(self) -> dict[str, Any]:
        """Give the counts for `service status`."""
        with self._lock:
            now = time.monotonic()
            return {
                "jobs_running": [
                    {"job": each.job, "root": each.root, "seconds": round(now - each.started, 1)}
                    for each in self._running
                ],
                "jobs": {end: self._ended[end] for end in ("ok", "failed", "bug", "cancelled")},
                "prompt_tokens": self._prompt_tokens,
                "cached_tokens": self._cached_tokens,
                "idle_seconds": 0.0 if self._running else round(now - self._last, 1),
                "idle_minutes": self.idle_minutes,
            }
