"""Warming what the next question needs while nobody asks: the model, and the state of the prompt's stable part."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.cancelling import Cancellation, Cancelled
from localdev.app.pools import Host, Pools
from localdev.service.frames import RunJob
from localdev.service.ledger import Ledger
from localdev.service.log import Log
from localdev.service.outcomes import where

if TYPE_CHECKING:
    from collections.abc import Callable

# Whoever starts the service often asks at once; a question is served before anything is warmed for it.
_QUIET_SECONDS = 0.5


class Warmer:
    """Warms when a client asks for it and no model is loaded.

    Not after a job: the engine then holds the state of a whole prompt, which the next question shares more of than
    its stable part; warming would throw the rest away.
    """

    def __init__(self, pools: Pools, ledger: Ledger, log: Log) -> None:
        self._pools = pools
        self._ledger = ledger
        self._log = log
        self._due: RunJob | None = None
        self._cancellation = Cancellation()
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether it is warming."""
        return self._thread is not None and self._thread.is_alive()

    def wanted(self, request: RunJob) -> None:
        """Warm with these settings as soon as it is quiet."""
        self._due = request

    def warm_if_due(self) -> None:
        """Begin to warm when it is wanted and quiet."""
        request = self._due
        if request is None or self.busy or self._ledger.idle_seconds() < _QUIET_SECONDS:
            return
        self._due = None
        if self._pools.models.facts():
            return
        self._cancellation = Cancellation()
        self._thread = threading.Thread(
            target=self._warm, args=(request, self._cancellation), name="service-warm", daemon=True
        )
        self._thread.start()

    def yield_to(self) -> None:
        """Stop warming: a client came, and must not wait until an engine that is loading can be told."""
        if self.busy:
            threading.Thread(target=self._cancellation.cancel, name="service-warm-end", daemon=True).start()

    def close(self) -> None:
        """Stop for good."""
        self._due = None
        self.yield_to()

    def _warm(self, request: RunJob, cancellation: Cancellation) -> None:
        """Run the job; whatever goes wrong with it is told to whoever asks next."""
        from localdev.app.jobs import LocalJobs

        host = Host(self._pools, request.secrets, cancellation)
        jobs = LocalJobs(request.settings, request.folders, Path(request.root), aside=_checked(cancellation), host=host)
        started = time.monotonic()
        try:
            jobs.warm(request.options.get("job", "ask"))
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001 - nobody waits for it, and the next question meets the same
            self._log.line("warning", f"warm failed: {where(error)}")
            return
        self._log.line("info", f"warm ok, {time.monotonic() - started:.1f} s")


def _checked(cancellation: Cancellation) -> Callable[[object], None]:
    """Give an aside that tells nobody, and ends the job when it was cancelled."""
    return lambda _event: cancellation.check()
