"""Starts jobs in this process, with one set of pools for a whole chat; progress of long work comes as events too."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.anywhere import secrets_of
from localdev.app.cancelling import Cancellation, Cancelled
from localdev.app.conversation.choosing import settings_for
from localdev.config.settings import Settings
from localdev.core.errors import LocaldevError
from localdev.core.events import Event, Notice, Progress
from localdev.core.folders import Folders

if TYPE_CHECKING:
    from localdev.app.pools import Pools

# A reader that is this far behind holds the job up: no answer has so many events.
_AHEAD = 1000
_LOOK_SECONDS = 0.1
# A cancelled job that is inside work which cannot be ended is left to end by itself after so long.
_PATIENCE = 2.0


class LocalStarter:
    """Starts jobs of one repository in threads of this process; models and indexes stay open between them."""

    def __init__(self, settings: Settings, folders: Folders, root: Path) -> None:
        """Take what every job needs; nothing is opened before the first one."""
        self._settings = settings
        self._folders = folders
        self._root = root
        self._lock = threading.Lock()
        self._pools: Pools | None = None  # reading their modules can wait until the screen is there

    def start(self, job: str, options: Mapping[str, Any], *, model: str = "", adapter: str = "") -> LocalRun:
        """Start a job by name; nothing is done before its events are read.

        Raises:
            ConfigError: the settings cannot be used.
        """
        settings = settings_for(self._settings, job, model=model, adapter=adapter)
        return LocalRun(settings, self._folders, self._root, self._opened, (job, options))

    def close(self) -> None:
        """Close models and indexes."""
        with self._lock:
            if self._pools is not None:
                self._pools.close()

    def _opened(self) -> Pools:
        """Give the pools, and let go of what was not used for long."""
        from localdev.app.pools import Pools

        with self._lock:
            self._pools = self._pools or Pools()
        self._pools.sweep()
        return self._pools


class LocalRun:
    """A job in a thread of its own."""

    def __init__(
        self,
        settings: Settings,
        folders: Folders,
        root: Path,
        pools: Callable[[], Pools],
        asked: tuple[str, Mapping[str, Any]],
    ) -> None:
        self._cancellation = Cancellation()
        self._place = (settings, folders, root)
        self._pools = pools
        self._asked = asked
        self._queue: queue.Queue[Event] = queue.Queue(_AHEAD)
        self._over = threading.Event()
        self._error: BaseException | None = None

    def events(self) -> Iterator[Event]:
        """Yield its events, progress from inside long work included; a cancelled job just ends.

        Raises:
            LocaldevError: what the job itself raises.
        """
        if self._cancellation.cancelled:
            return
        threading.Thread(target=self._work, name=f"chat-{self._asked[0]}", daemon=True).start()
        try:
            yield from self._read()
        finally:
            if not self._over.is_set():
                self._cancellation.cancel()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """End it within one token, from any thread; again, or when it is over, is harmless."""
        if not self._over.is_set():
            self._cancellation.cancel()

    def _read(self) -> Iterator[Event]:
        """Yield what comes until the job is over, or was cancelled and does not hear of it."""
        deadline = float("inf")
        while True:
            over = self._over.is_set()  # asked first: nothing comes after it
            try:
                yield self._queue.get(block=not over, timeout=_LOOK_SECONDS)
            except queue.Empty:
                if over or time.monotonic() > deadline:
                    return
            if self._cancellation.cancelled:
                deadline = min(deadline, time.monotonic() + _PATIENCE)

    def _work(self) -> None:
        """Run the job."""
        from localdev.app.jobs import LocalJobs
        from localdev.app.pools import Host

        job, options = self._asked
        try:
            host = Host(self._pools(), secrets_of(os.environ), self._cancellation)
            events = LocalJobs(*self._place, aside=self._put, host=host).run(job, options)
            try:
                for event in events:
                    self._put(event)
            finally:
                close = getattr(events, "close", None)
                if close is not None:
                    close()
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again where the events are read
            if not (self._cancellation.cancelled and isinstance(error, LocaldevError)):
                self._error = error
        finally:
            self._over.set()

    def _put(self, event: Event | Progress | Notice) -> None:
        """Hand an event to the reader; a cancelled job ends here."""
        while True:
            self._cancellation.check()
            try:
                self._queue.put(event, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return
