"""The client of the service: the `Jobs` port over a socket, from the standard library alone."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localdev.config.settings import Settings
from localdev.core.errors import EnvironmentFault
from localdev.core.events import Event, Notice, Progress
from localdev.core.folders import Folders
from localdev.core.wire import WireError
from localdev.service.address import Address, address_of, connected
from localdev.service.frames import (
    Aside,
    AskStatus,
    Beat,
    Bug,
    Cancel,
    Done,
    Failed,
    Forget,
    Hello,
    Line,
    Refused,
    Reply,
    Retire,
    RunJob,
    Status,
    Stop,
    Warm,
    Welcome,
)
from localdev.service.identity import identity
from localdev.service.outcomes import raise_again

# Greetings are answered at once, by a thread that does nothing else.
_GREETING_SECONDS = 3.0
# The service says every few seconds that it is alive.
_SILENCE_SECONDS = 60.0
# Stopping takes some seconds where answers are to be ended and states to be kept.
_STOP_SECONDS = 15.0
_LOGS = "`localdev service logs` shows what happened; --no-service runs without it"


class Unavailable(EnvironmentFault):
    """The background service cannot be used."""

    code = "service"


@dataclass(frozen=True, slots=True)
class Found:
    """A service that has answered: the line to it, its process, and whether it is this very program."""

    line: Line
    pid: int
    same: bool


def find(address: Address) -> Found | None:
    """Greet the service at an address; None when there is none, or one that is just ending.

    Raises:
        Unavailable: somebody listens there who does not answer as a service, or cannot be asked.
    """
    try:
        reached = connected(address, _GREETING_SECONDS)
        if reached is None:
            return None
        made, token = reached
        line = Line(made)
        try:
            own = identity()
            line.send(Hello(own, token))
            welcome: Welcome | None = line.receive(Welcome)
        except (ConnectionError, BrokenPipeError):
            welcome = None
        except BaseException:
            line.close()
            raise
    except TimeoutError as error:
        raise Unavailable("the background service does not answer", _LOGS) from error
    except (OSError, WireError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unavailable(f"the background service cannot be asked: {why}", _LOGS) from error
    if welcome is None:
        line.close()
        return None
    return Found(line, welcome.pid, welcome.identity == own)


def reach(folders: Folders, *, start: bool, aside: Callable[[Progress | Notice], None] | None = None) -> Line | None:
    """Give a line to the service of this program; another program's is asked to leave when it has nothing to do.

    With `start` one is started where there is none; else None is given then.

    Raises:
        Unavailable, StorageError: it cannot be asked, or not be started.
    """
    address = address_of(folders)
    line = find_own(address)
    if line is None and start:
        from localdev.service.starting import started

        if aside is not None:
            aside(Progress("starting the background service", unit="steps"))
        return started(folders, address)
    return line


def find_own(address: Address) -> Line | None:
    """Give a line to the service of this program, None where there is none.

    Raises:
        Unavailable: somebody listens there who does not answer.
    """
    found = find(address)
    if found is None or found.same:
        return found.line if found else None
    _ask(found.line, Retire())
    return None


def _ask(line: Line, request: Forget | Retire | Stop) -> None:
    """Send a request that is answered by `Done`, and close the line; one that is just ending needs no telling."""
    with contextlib.closing(line), contextlib.suppress(OSError, WireError):
        line.send(request)
        line.receive(Done)


@dataclass(slots=True)
class ServiceJobs:
    """The jobs of one repository with one set of settings, run by the service; the same events as `LocalJobs` gives."""

    settings: Settings
    folders: Folders
    root: Path
    aside: Callable[[Progress | Notice], None]
    secrets: Mapping[str, str] = field(repr=False)
    line: Line | None = None

    def warm(self, job: str = "ask") -> None:
        """Have the service load what questions need (of a chat: `chat`), as soon as nobody asks for anything.

        Does not wait for it.
        """
        line, self.line = self.line, None
        line = line or reach(self.folders, start=True)
        assert line is not None
        with contextlib.closing(line), contextlib.suppress(OSError, WireError):
            line.send(Warm(self._request("warm", {"job": job})))
            line.receive(Done)

    def run(self, job: str, options: Mapping[str, Any]) -> Iterator[Event]:
        """Start a job by name and yield its events; closing the iterator cancels it.

        Raises:
            LocaldevError: what the job itself raises.
            Unavailable: the service ended, or has gone silent.
        """
        with contextlib.closing(self.replies(job, options)) as replies:
            for reply in replies:
                if isinstance(reply, Aside):
                    self.aside(reply.event)
                else:
                    yield reply

    def replies(self, job: str, options: Mapping[str, Any]) -> Generator[Event | Aside, None, None]:
        """Start a job as `run` does, and yield what is told from inside long work too, in its place.

        Raises:
            LocaldevError, Unavailable: as `run`.
        """
        line, self.line = self.line, None
        line = line or reach(self.folders, start=True)
        assert line is not None
        request = self._request(job, options)
        over = False
        try:
            for reply in _replies(line, request):
                over = isinstance(reply, Done | Failed | Refused | Bug)
                if isinstance(reply, Done | Failed | Refused | Bug):
                    raise_again(reply)
                    return
                if not isinstance(reply, Beat | Status):
                    yield reply
        finally:
            if not over:
                with contextlib.suppress(OSError):
                    line.send(Cancel())
            line.close()

    def _request(self, job: str, options: Mapping[str, Any]) -> RunJob:
        """Put together all that a job needs."""
        return RunJob(job, dict(options), self.settings, self.folders, str(self.root), dict(self.secrets))


def _replies(line: Line, request: RunJob) -> Iterator[Reply]:
    """Send a request and yield what comes back.

    Raises:
        Unavailable: the service ended, or has gone silent.
    """
    try:
        line.wait_at_most(_SILENCE_SECONDS)
        line.send(request)
        while (reply := line.receive(Reply)) is not None:
            yield reply
    except TimeoutError as error:
        raise Unavailable("the background service does not answer any more", _LOGS) from error
    except ConnectionError:
        pass
    except WireError as error:
        raise Unavailable(f"the background service answers in another form: {error}", _LOGS) from error
    raise Unavailable("the background service ended while it was working", f"run the command again; {_LOGS}")


def status(folders: Folders) -> dict[str, Any] | None:
    """Give the facts of the running service, None when there is none; of another program's only its process.

    Raises:
        Unavailable: it does not answer.
    """
    found = find(address_of(folders))
    if found is None:
        return None
    with contextlib.closing(found.line) as line:
        if not found.same:
            return {"pid": found.pid, "same_version": False}
        try:
            line.send(AskStatus())
            told: Status | None = line.receive(Status)
        except (OSError, WireError) as error:
            raise Unavailable("the background service does not answer", _LOGS) from error
    return None if told is None else {"same_version": True, **told.facts}


def forget(folders: Folders) -> None:
    """Have the running service let go of what it has read of repositories; another program's ends, as after an update.

    Raises:
        Unavailable: it does not answer.
    """
    line = find_own(address_of(folders))
    if line is not None:
        line.wait_at_most(_STOP_SECONDS)
        _ask(line, Forget())


def stop(folders: Folders) -> int:
    """End the running service, whatever program's, and give its process; 0 when there is none.

    Raises:
        Unavailable: it does not answer, or does not end.
    """
    address = address_of(folders)
    found = find(address)
    if found is None:
        return 0
    _ask(found.line, Stop())
    deadline = time.monotonic() + _STOP_SECONDS
    while _alive(found.pid, address):
        if time.monotonic() > deadline:
            raise Unavailable(f"the background service (pid {found.pid}) does not end", f"end it: kill {found.pid}")
        time.sleep(0.02)
    return found.pid


def _alive(pid: int, address: Address) -> bool:
    """Tell whether the process is still there; on Windows, whether anybody listens."""
    if sys.platform == "win32":
        reached = connected(address, _GREETING_SECONDS)
        if reached is not None:
            reached[0].close()
        return reached is not None
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:1]
    except ProcessLookupError:
        return False
    except OSError:
        return not Path("/proc/self").exists()  # without /proc the signal's word counts
    return state != [b"Z"]  # one that nobody has taken notice of yet is over all the same
