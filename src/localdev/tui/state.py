"""What the status line says: where the turn under way stands, and what is known of model, window and index."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from localdev.core.events import (
    Answered,
    ContextFitted,
    Event,
    Progress,
    Refreshed,
    Sources,
    TextDelta,
    ThinkingDelta,
    Timings,
)
from localdev.core.sizes import counted

# The speed shown is that of the last seconds: an average since the start hides a machine that gets slower.
_SPEED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Status:
    """The figures of the status line; what is not known yet is empty or 0, `model` None."""

    doing: str = ""
    model: str | None = None
    reach: str = ""
    tokens_per_second: float = 0.0
    used: int = 0
    window: int = 0
    index: str = ""
    queued: int = 0
    timings: Timings = field(default_factory=Timings)


class Follower:
    """Follows the events of turns and keeps the status up to date; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.status = Status()
        # Whether the index has changed since the turn under way began.
        self.refreshed = False
        self._clock = clock
        self._pieces: deque[float] = deque()

    def begin(self) -> None:
        """A turn starts."""
        self._pieces.clear()
        self.refreshed = False
        self.set(doing="starting", tokens_per_second=0.0)

    def end(self) -> None:
        """A turn is over."""
        self.set(doing="")

    def forget(self) -> None:
        """Another session is open: what was measured in the one before says nothing of it."""
        self.set(used=0, window=0, tokens_per_second=0.0, timings=Timings())

    def set(self, **changes: object) -> None:
        """Change some figures."""
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]

    def note(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, Progress):
            self.set(doing=worded(event) or "working")
        elif isinstance(event, Refreshed):
            report = event.report
            self.refreshed |= bool(report.added or report.changed or report.removed or report.rebuilt)
            self.set(doing="searching", index=worded(event))
        elif isinstance(event, ContextFitted):
            self.set(doing="reading", used=event.prompt_tokens, window=event.window)
        elif isinstance(event, Sources):
            self.set(doing="reading" if event.model else "answering", **({"model": event.model} if event.model else {}))
        elif isinstance(event, ThinkingDelta):
            self.set(doing="thinking")
        elif isinstance(event, TextDelta):
            self._measure()
        elif isinstance(event, Answered):
            self._whole(event)

    def _measure(self) -> None:
        """Count one piece of text; engines give about one a token."""
        now = self._clock()
        self._pieces.append(now)
        while self._pieces[0] < now - _SPEED_SECONDS:
            self._pieces.popleft()
        elapsed = now - self._pieces[0]
        speed = (len(self._pieces) - 1) / elapsed if elapsed > 0.2 else self.status.tokens_per_second
        self.set(doing="writing", tokens_per_second=speed)

    def _whole(self, event: Answered) -> None:
        """Take the exact figures of a whole answer."""
        written = event.usage.completion_tokens
        used = event.usage.prompt_tokens + written
        speed = event.timings.tokens_per_second(written)
        self.set(timings=event.timings, tokens_per_second=speed, used=used or self.status.used)


def worded(event: Progress | Refreshed) -> str:
    """Word long work: `indexing 1,200/5,000 files`; and what the index holds: `5,000 files`."""
    if isinstance(event, Refreshed):
        return counted(event.report.files, "file")
    if not event.total:
        return event.stage if not event.done else f"{event.stage} {event.done:,} {event.unit}"
    return f"{event.stage} {event.done:,}/{event.total:,} {event.unit}"
