"""Starts a chat's jobs in the background service; where that cannot be had, in this process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localdev.app.conversation.choosing import settings_for
from localdev.config.settings import Settings
from localdev.core.errors import EnvironmentFault, LocaldevError
from localdev.core.events import Event, Notice, Progress
from localdev.core.folders import Folders
from localdev.core.ports import JobRun, JobStarter
from localdev.service.client import ServiceJobs, Unavailable, reach
from localdev.service.frames import Aside, Cancel, Line

_ENDED = "ask again: it is started anew then; `localdev service logs` shows what happened"
_AGAIN = "the background service had ended; it is started again"


@dataclass(slots=True)
class ServiceStarter:
    """Starts jobs of one repository in the service, which is started where none runs.

    `alone` starts those that no service can be had for, which is said.
    """

    settings: Settings
    folders: Folders
    root: Path
    secrets: Mapping[str, str] = field(repr=False)
    alone: JobStarter
    used: bool = False

    def start(self, job: str, options: Mapping[str, Any], *, model: str = "", adapter: str = "") -> ServiceRun:
        """Start a job by name; nothing is done before its events are read.

        Raises:
            ConfigError: the settings cannot be used.
        """
        settings = settings_for(self.settings, job, model=model, adapter=adapter)

        def served(line: Line) -> ServiceJobs:
            return ServiceJobs(settings, self.folders, self.root, lambda _event: None, self.secrets, line)

        def alone() -> JobRun:
            return self.alone.start(job, options, model=model, adapter=adapter)

        return ServiceRun(self, (job, options), served, alone)

    def warm(self) -> None:
        """Have the service load what the first question needs; does not wait for it.

        What is in the way of that is said when the first question meets it.
        """
        with contextlib.suppress(LocaldevError):
            settings = settings_for(self.settings, "chat")
            ServiceJobs(settings, self.folders, self.root, lambda _event: None, self.secrets).warm("chat")
            self.used = True


class ServiceRun:
    """A job in the service: read by one thread, cancelled from any."""

    def __init__(
        self,
        starter: ServiceStarter,
        asked: tuple[str, Mapping[str, Any]],
        served: Callable[[Line], ServiceJobs],
        alone: Callable[[], JobRun],
    ) -> None:
        self._starter = starter
        self._asked = asked
        self._served = served
        self._alone = alone
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._run: JobRun | None = None
        self._cancelled = False

    def events(self) -> Iterator[Event]:
        """Yield its events, progress from inside long work included; a cancelled job just ends.

        Raises:
            LocaldevError: what the job itself raises.
            Unavailable: the service ended in the middle, or has gone silent.
        """
        line = yield from self._reached()
        if line is None:
            yield from self._run_alone()
            return
        with self._lock:
            self._line = line
            if self._cancelled:
                line.close()
                return
        try:
            yield from self._told(line)
        finally:
            with self._lock:
                self._line = None

    def cancel(self) -> None:
        """End it within one token, from any thread; again, or when it is over, is harmless."""
        with self._lock:
            self._cancelled = True
            line, run = self._line, self._run
            if line is not None:
                with contextlib.suppress(OSError, ValueError):
                    line.send(Cancel())
                line.end_reading()  # whoever reads does not wait for the service's last word
        if run is not None:
            run.cancel()

    def _reached(self) -> Generator[Event, None, Line | None]:
        """Give a line to the service, started where none runs; None, with a warning, where it cannot be had."""
        starter = self._starter
        try:
            line = reach(starter.folders, start=False)
            if line is None and not self._cancelled:
                if starter.used:
                    yield Notice("info", _AGAIN)
                yield Progress("starting the background service", unit="steps")
                line = reach(starter.folders, start=True)
        except EnvironmentFault as error:
            what = error if isinstance(error, Unavailable) else f"no background service: {error}"
            yield Notice("warning", f"{what}: running without it ({error.hint})")
            return None
        starter.used = True
        return line

    def _told(self, line: Line) -> Iterator[Event]:
        """Yield what comes from the service; what it says once the job was cancelled counts no more."""
        try:
            with contextlib.closing(self._served(line).replies(*self._asked)) as replies:
                for reply in replies:
                    if self._cancelled:
                        return
                    yield reply.event if isinstance(reply, Aside) else reply
        except Unavailable as error:
            if not self._cancelled:
                raise Unavailable(str(error), _ENDED) from error

    def _run_alone(self) -> Iterator[Event]:
        """Run the job in this process."""
        with self._lock:
            if self._cancelled:
                return
            run = self._run = self._alone()
        yield from run.events()
