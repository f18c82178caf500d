"""The background process: one thread for each client, an end after idle time, and an orderly end on SIGTERM."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from localdev.app.pools import Pools
from localdev.core.errors import LocaldevError
from localdev.core.processes import open_descriptors, resident_bytes
from localdev.service.address import Address, Listener, own_user, peer_user
from localdev.service.identity import identity
from localdev.service.ledger import Ledger
from localdev.service.log import Log
from localdev.service.outcomes import where
from localdev.service.session import GREETING_SECONDS, Service, Session
from localdev.service.warming import Warmer

# How long after what is idle, replaced or removed is noticed.
_LOOK_SECONDS = 1.0
# What has not stopped by then is ended with the process. A system that shuts down waits for less than ten seconds; else
# there is time for the engines to keep gigabytes of state.
_SIGNAL_SECONDS = 4.0
_END_SECONDS = 12.0
# When the address is another's, a client that has no job is waited for as long as its request may take to come. One
# that was stopped in its terminal does not read how its job ended, and would keep gigabytes loaded.
LINGER_SECONDS = GREETING_SECONDS


class Server:
    """One service; `serve` returns when it is over."""

    def __init__(self, address: Address, log: Log, *, program: str = "") -> None:
        """Listen, as the program that is running unless another one is named.

        Raises:
            StorageError: it cannot be listened there.
        """
        self._log = log
        self._pools = Pools()
        self._ledger = Ledger()
        self._stopping = threading.Event()
        self._retired = threading.Event()
        self._since = time.monotonic()  # when it was retired
        self._why = ""
        self._sessions: dict[threading.Thread, Session] = {}
        self._warmer = Warmer(self._pools, self._ledger, log)
        self._identity = program or identity()
        self._listener = Listener(address)
        self._listener.socket.setblocking(False)
        self._end_seconds = _END_SECONDS
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._service = Service(
            identity=self._identity,
            pid=os.getpid(),
            token=self._listener.token,
            pools=self._pools,
            ledger=self._ledger,
            log=log,
            status=self.status,
            retire=self._retire,
            stop=self.stop,
            stopping=self._stopping,
            warmer=self._warmer,
        )

    def serve(self) -> None:
        """Serve clients until idle, retired or stopped."""
        self._log.line("info", f"started, pid {os.getpid()}, {self._identity}")
        threading.Thread(target=_load_code, name="service-load", daemon=True).start()
        looked = time.monotonic()
        try:
            while not self._over():
                self._accept()
                if time.monotonic() - looked >= _LOOK_SECONDS:
                    looked = time.monotonic()
                    self._look()
        finally:
            self._end()

    def stop(self) -> None:
        """End now: running jobs are cancelled; may be called from any thread."""
        self._stopping.set()
        self._wake_up()

    def _wake_up(self) -> None:
        """Have the loop look at once whether it is over."""
        with contextlib.suppress(OSError):  # it is woken already
            self._wake.send(b"x")

    def on_signal(self, _signal: int, _frame: FrameType | None) -> None:
        """End now, and soon."""
        self._end_seconds = _SIGNAL_SECONDS
        self.stop()

    def status(self) -> dict[str, Any]:
        """Give what `service status` shows."""
        pid = os.getpid()
        return {
            "pid": pid,
            "identity": self._identity,
            "since": datetime.fromtimestamp(self._ledger.began, UTC).isoformat(timespec="seconds"),
            "memory_bytes": resident_bytes(pid),
            "descriptors": open_descriptors(pid),
            "models": self._pools.models.facts(),
            "repositories": sorted({str(root) for root in self._pools.repositories.idle()}),
            **self._ledger.facts(),
        }

    def _accept(self) -> None:
        """Take a client, if one comes within a moment."""
        listening = [] if self._retired.is_set() else [self._listener.socket]
        try:
            ready = select.select([*listening, self._woken], [], [], _LOOK_SECONDS)[0]
            if self._woken in ready:
                self._woken.recv(1024)
            if self._listener.socket not in ready:
                return
            made, _ = self._listener.socket.accept()
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:  # out of descriptors, some of which will be closed; or just retired
            if not self._retired.is_set():
                self._log.line("error", f"cannot take a client: {where(error)}")
            self._stopping.wait(_LOOK_SECONDS)
            return
        made.setblocking(True)
        if peer_user(made) not in (None, own_user()):
            self._log.line("warning", "a client of another user was dropped")
            made.close()
            return
        session = Session(made, self._service)
        thread = threading.Thread(target=self._serve_one, args=(session,), name="service-client", daemon=True)
        self._sessions[thread] = session
        thread.start()

    def _serve_one(self, session: Session) -> None:
        """Serve one client."""
        try:
            session.serve()
        except Exception as error:  # noqa: BLE001 - one client's trouble is not the service's end
            self._log.line("error", f"a bug while a client was served: {where(error)}")
        finally:
            del self._sessions[threading.current_thread()]
            if self._retired.is_set():
                self._wake_up()

    def _look(self) -> None:
        """Do what is due every moment."""
        try:
            self._pools.sweep()
        except Exception as error:  # noqa: BLE001 - what cannot be closed is no reason to end
            self._log.line("error", f"a bug while unused things were let go: {where(error)}")
        if not self._retired.is_set() and not self._listener.in_place:
            self._log.line("warning", "the socket was removed: ending when the present clients are served")
            self._retire()
        if not self._sessions:
            self._warmer.warm_if_due()

    def _over(self) -> bool:
        """Tell whether it is time to end."""
        if self._stopping.is_set():
            return True
        if self._ledger.idle_seconds() >= self._ledger.idle_minutes * 60 and not self._warmer.busy:
            self._retire("idle")  # who has just come is still served
        if not self._retired.is_set() or self._warmer.busy:
            return False
        return not self._sessions or min(self._ledger.idle_seconds(), time.monotonic() - self._since) > LINGER_SECONDS

    def _retire(self, why: str = "replaced") -> None:
        """Free the address for another service; the present clients are served to their end."""
        if self._retired.is_set():
            return
        self._why, self._since = why, time.monotonic()
        self._retired.set()
        self._listener.close()
        self._wake_up()

    def _end(self) -> None:
        """Cancel what runs, keep what is to be kept, and leave; all within seconds."""
        why = "stopped" if self._stopping.is_set() else self._why
        self._stopping.set()
        self._listener.close()
        deadline = time.monotonic() + self._end_seconds
        self._warmer.close()
        sessions = list(self._sessions.items())
        for _, session in sessions:
            session.hang_up()
        for thread, _ in sessions:
            thread.join(max(0.0, deadline - time.monotonic()))
        closing = threading.Thread(target=self._close_pools, daemon=True)
        closing.start()
        closing.join(max(0.5, deadline - time.monotonic()))
        self._log.line("info", f"ended: {why}")

    def _close_pools(self) -> None:
        """Close models and repositories."""
        with contextlib.suppress(LocaldevError):
            self._pools.close()


def _load_code() -> None:
    """Import what the first job needs, while its client is still on its way."""
    import localdev.app.embedders
    import localdev.app.jobs
    import localdev.assistant.ask
    import localdev.backends.embedders
    import localdev.backends.registry
    import localdev.index.repository
    import localdev.retrieval.search  # noqa: F401


def run(address: Address, log: Log) -> None:
    """Serve in this process: signals, the connections guard, then clients.

    Raises:
        StorageError: it cannot be listened there.
    """
    from localdev.audit import egress

    egress.install(lambda attempt, host: log.line("warning", f"refused outside of any job: {attempt} {host}"))
    server = Server(address, log)
    signal.signal(signal.SIGTERM, server.on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    server.serve()
