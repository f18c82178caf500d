"""Opens a model for a job that has little time: what is not there in time is left, and closed when it comes."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localdev.core.errors import LocaldevError

if TYPE_CHECKING:
    from localdev.app.engines import Engine


@dataclass(slots=True)
class _Opening:
    """A model that is being opened in a thread of its own."""

    open: Callable[[], Engine]
    engine: Engine | None = None
    error: BaseException | None = None
    given_up: bool = False
    _still: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        """Open it, and wait until it is loaded; close it where nobody waits any more."""
        try:
            engine = self.open()
            if engine.backend is not None:
                with contextlib.suppress(LocaldevError):  # whoever uses it meets this again
                    engine.backend.describe()
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
            self.error = error
            return
        with self._still:
            self.engine = engine
            late = self.given_up
        if late and engine.backend is not None:
            engine.backend.close()

    def give_up(self) -> Engine | None:
        """Wait no longer; gives the engine if it has just come."""
        with self._still:
            self.given_up = self.engine is None
            return self.engine


def opened_in_time(open: Callable[[], Engine], seconds: float) -> Engine | None:
    """Open a model and wait for it; None where it is not loaded within so many seconds (infinite: no limit).

    In the background service such a model goes on loading and is kept for the next job.

    Raises:
        LocaldevError: what opening it says.
    """
    if seconds == float("inf"):
        return open()
    opening = _Opening(open)
    context = contextvars.copy_context()  # whom the guard of connections tells stands there
    thread = threading.Thread(target=lambda: context.run(opening.work), name="opening", daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    if opening.error is not None:
        raise opening.error
    return opening.give_up()
