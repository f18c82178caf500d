"""One client of the service: what it asks is run, what comes of it is sent, and when it leaves its job is cancelled."""

from __future__ import annotations

import contextlib
import hmac
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localdev.app.cancelling import Cancellation, Cancelled
from localdev.app.pools import Host, Pools
from localdev.core.chat import Usage
from localdev.core.errors import BackendError
from localdev.core.events import Answered, Event, Notice, Progress, Result
from localdev.core.wire import WireError, dumps
from localdev.service import frames
from localdev.service.frames import Line
from localdev.service.ledger import Ledger, Running
from localdev.service.log import Log
from localdev.service.outcomes import as_frame, where
from localdev.service.warming import Warmer

# A client that hears nothing for several of these takes the service for dead.
BEAT_SECONDS = 5.0
# A client has this long for its greeting and its request, which it sends at once.
GREETING_SECONDS = 30.0
# A client that does not read (stopped in its terminal, piped into a pager) lets its job run on for so many events.
_AHEAD = 1000
_STOPPED = ("the background service was stopped while it was working", "run the command again")


@dataclass(frozen=True, slots=True)
class Service:
    """What sessions need of the service as a whole."""

    identity: str
    pid: int
    token: str
    pools: Pools
    ledger: Ledger
    log: Log
    status: Callable[[], dict[str, Any]]
    retire: Callable[[], None]
    stop: Callable[[], None]
    stopping: threading.Event
    warmer: Warmer


class Session:
    """One connection, served in a thread of its own."""

    def __init__(self, made: socket.socket, service: Service) -> None:
        self._line = Line(made)
        self._service = service

    def serve(self) -> None:
        """Greet the client and do what it asks; never raises for anything a client does."""
        try:
            self._line.wait_at_most(GREETING_SECONDS)
            if not self._greeted():
                return
            request = self._line.receive(frames.Request)
            self._line.wait_at_most(None)
            if isinstance(request, frames.RunJob):
                self._run(request)
            elif isinstance(request, frames.Warm):
                self._service.ledger.idle_minutes = request.job.settings.service.idle_minutes
                self._service.warmer.wanted(request.job)
                self._line.send(frames.Done())
            elif isinstance(request, frames.AskStatus):
                self._line.send(frames.Status(self._service.status()))
            elif isinstance(request, frames.Forget):
                self._service.pools.forget()
                self._line.send(frames.Done())
            elif isinstance(request, frames.Retire):
                self._service.retire()
                self._line.send(frames.Done())
            elif isinstance(request, frames.Stop):
                self._service.stop()
                self._line.send(frames.Done())
        except (OSError, WireError) as error:
            self._service.log.line("warning", f"a client was dropped: {where(error)}")
        finally:
            self._line.close()

    def hang_up(self) -> None:
        """Listen to the client no more, as if it had left; it is still told how its job, which is cancelled, ended."""
        self._line.end_reading()

    def _greeted(self) -> bool:
        """Exchange greetings; False for a client without the token."""
        hello = self._line.receive(frames.Hello)
        if hello is None:
            return False
        if not hmac.compare_digest(hello.token.encode("utf-8", "surrogatepass"), self._service.token.encode()):
            self._service.log.line("warning", "a client without the token was dropped")
            return False
        self._line.send(frames.Welcome(self._service.identity, self._service.pid))
        return True

    def _run(self, request: frames.RunJob) -> None:
        """Run a job in a thread, while this one listens for the client to cancel or to leave."""
        job = JobThread(request, self._service, Outgoing(self._line))
        job.start()
        with contextlib.suppress(OSError, WireError):
            self._line.receive(frames.Cancel)  # None, too, when the client is gone
        job.cancel()
        job.join()


class Outgoing:
    """Frames on their way to a client; sent by a thread of its own, so that a slow reader holds up no engine."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._frames: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self._gone = False
        self._thread = threading.Thread(target=self._send, name="service-send", daemon=True)
        self._thread.start()

    def put(self, frame: Any, cancellation: Cancellation) -> None:
        """Have a frame sent; waits while the client is far behind, but not for a cancelled job.

        Raises:
            WireError: it holds something that cannot travel.
            Cancelled: the job was cancelled.
        """
        line = dumps(frame)
        while True:
            cancellation.check()
            if self._taken(line):
                return

    def finish(self, frame: Any) -> None:
        """Have the last frame sent and wait until it is, or until the client is gone."""
        for each in (dumps(frame), None):
            while not self._gone and not self._taken(each):
                pass
        self._thread.join()

    def drop(self) -> None:
        """Send nothing any more: the client is gone."""
        self._gone = True
        self._line.close()
        with contextlib.suppress(queue.Full):
            self._frames.put_nowait(None)
        self._thread.join()

    def _taken(self, line: bytes | None) -> bool:
        """Put a frame into the queue, if there is room within a moment."""
        try:
            self._frames.put(line, timeout=0.2)
        except queue.Full:
            return False
        return True

    def _send(self) -> None:
        """Send what comes; where nothing does, that the service is alive."""
        try:
            while not self._gone:
                try:
                    line = self._frames.get(timeout=BEAT_SECONDS)
                except queue.Empty:
                    line = dumps(frames.Beat())
                if line is None:
                    return
                self._line.write(line)
        except (OSError, ValueError):  # the client left, or its line was closed
            self._gone = True


class JobThread:
    """A job with its thread."""

    def __init__(self, request: frames.RunJob, service: Service, outgoing: Outgoing) -> None:
        self._request = request
        self._service = service
        self._outgoing = outgoing
        self._cancellation = Cancellation()
        self._running = Running(request.job, request.root)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"service-{request.job}", daemon=True)

    def start(self) -> None:
        """Start the job; nothing is warmed meanwhile."""
        self._service.warmer.yield_to()
        self._thread.start()

    def cancel(self) -> None:
        """Cancel it; a job that is over is left alone."""
        if not self._over.is_set():
            self._cancellation.cancel()

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join()

    def _work(self) -> None:
        """Run the job, send what comes of it, and note how it ended."""
        service, request = self._service, self._request
        service.ledger.idle_minutes = request.settings.service.idle_minutes
        last: frames.Outcome | None = None
        with service.ledger.job(self._running):
            try:
                self._run_job()
                last, self._running.end = frames.Done(), "ok"
            except Cancelled:
                if service.stopping.is_set():
                    last = as_frame(BackendError(*_STOPPED))
            except BaseException as error:  # noqa: BLE001 - libraries in Rust raise such too; the client must hear of it
                last = as_frame(error)
                self._running.end = "bug" if isinstance(last, frames.Bug) else "failed"
                service.log.line("warning", f"{request.job} {self._running.end}: {where(error)}")
        self._over.set()
        if self._running.end not in ("bug", "failed"):  # of those the log has the reason already
            service.log.line("info", f"{request.job} {self._running.end}")
        if last is None:
            self._outgoing.drop()
        else:
            self._outgoing.finish(last)

    def _run_job(self) -> None:
        """Run the job and pass its events on.

        Raises:
            Cancelled: the client left, or the service stops.
        """
        from localdev.app.jobs import LocalJobs

        request = self._request
        host = Host(self._service.pools, request.secrets, self._cancellation)
        jobs = LocalJobs(request.settings, request.folders, Path(request.root), aside=self._aside, host=host)
        events = jobs.run(request.job, request.options)
        try:
            for event in events:
                self._outgoing.put(event, self._cancellation)
                self._note(event)
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def _note(self, event: Event) -> None:
        """Count the tokens of an answer."""
        if isinstance(event, Answered):
            self._service.ledger.used(event.usage)
        elif isinstance(event, Result) and (usage := event.payload.get("usage")):
            self._service.ledger.used(Usage(usage["prompt_tokens"], usage["cached_tokens"]))

    def _aside(self, event: Progress | Notice) -> None:
        """Pass on what is told from inside long work, which ends here when the job is cancelled."""
        self._outgoing.put(frames.Aside(event), self._cancellation)
