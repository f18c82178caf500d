"""Reads a turn's events in a thread and hands them to the screen in batches, so that no event can hold up a key."""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol

from localdev.core.events import Event
from localdev.core.ports import JobRun
from localdev.core.talk import Turn

# So many batches a second: text seems to flow, and what is typed is drawn between two of them. With 30 the slowest
# echo of a key took twice as long.
BATCHES_PER_SECOND = 15
# A batch that would take longer to show than the time to the next one is cut: the rest waits for that.
_MOST_EVENTS = 500


class RunningTurn(JobRun, Protocol):
    """A turn being answered."""

    @property
    def turn(self) -> Turn:
        """The turn as it is now."""
        ...

    @property
    def reformed(self) -> tuple[Turn, ...]:
        """Earlier turns of which the prompt holds less than before."""
        ...


class Pump:
    """One turn at a time: its thread, what has come of it and was not shown yet, and how it ended."""

    def __init__(self) -> None:
        self._run: RunningTurn | None = None
        self._waiting: deque[Event] = deque()
        self._thread: threading.Thread | None = None
        self._bug: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether a turn is being answered, or its last events were not taken yet."""
        return self._thread is not None

    @property
    def turn(self) -> Turn | None:
        """The turn being answered, as it is now, or the last one."""
        return self._run.turn if self._run is not None else None

    @property
    def reformed(self) -> tuple[Turn, ...]:
        """Earlier turns of which the last one's prompt holds less than before."""
        return self._run.reformed if self._run is not None else ()

    def start(self, run: RunningTurn) -> None:
        """Start reading; there must be no other turn under way."""
        assert self._thread is None
        self._run, self._bug = run, None
        self._thread = threading.Thread(target=self._read, args=(run,), name="chat-turn", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End the turn; what is still to come of it comes as before."""
        if self._run is not None and self.busy:
            self._run.cancel()

    def take(self) -> tuple[list[Event], bool]:
        """Give what came since, and whether the turn is over and all was taken; then another may start.

        Raises:
            BaseException: the bug that ended the turn.
        """
        assert self._thread is not None
        over = not self._thread.is_alive()  # asked first: nothing comes after it
        events = [self._waiting.popleft() for _ in range(min(_MOST_EVENTS, len(self._waiting)))]
        if not over or self._waiting:
            return events, False
        self._thread.join()
        self._thread = None
        if self._bug is not None:
            raise self._bug
        return events, True

    def wait(self, seconds: float = 5.0) -> None:
        """Wait until the turn is saved, from any thread."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _read(self, run: RunningTurn) -> None:
        """Read all events of the turn."""
        try:
            for event in run.events():
                self._waiting.append(event)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the screen lives
            self._bug = error
