"""Models that are opened for a job with little time."""

from __future__ import annotations

import threading
import time

import pytest

from localdev.app.engines import Engine
from localdev.app.in_time import opened_in_time
from localdev.backends.fake import FakeBackend
from localdev.core.chat import ModelInfo
from localdev.core.errors import NotFound


class Slow(FakeBackend):
    """Takes its time to load."""

    def __init__(self, seconds: float) -> None:
        super().__init__([])
        self.seconds, self.closed = seconds, threading.Event()

    def describe(self) -> ModelInfo:
        """Wait until it is loaded."""
        time.sleep(self.seconds)
        return super().describe()

    def close(self) -> None:
        """Note it."""
        self.closed.set()


@pytest.mark.parametrize("seconds", [5.0, float("inf")])
def test_one_that_is_there_in_time(seconds: float) -> None:
    """It is given, and left open."""
    backend = Slow(0.01)
    engine = opened_in_time(lambda: Engine(backend), seconds)
    assert engine is not None and engine.backend is backend and not backend.closed.is_set()
    assert opened_in_time(lambda: Engine(None), seconds) == Engine(None)


def test_one_that_is_late() -> None:
    """Nobody waits for it; when it comes it is closed."""
    backend, started = Slow(0.4), time.monotonic()
    assert opened_in_time(lambda: Engine(backend), 0.05) is None
    assert time.monotonic() - started < 0.35 and not backend.closed.is_set()
    assert backend.closed.wait(5)


def test_an_error_is_the_callers() -> None:
    """What opening says is raised where it is waited for."""

    def fails() -> Engine:
        raise NotFound("there is no such model", "add it")

    for seconds in (5.0, float("inf")):
        with pytest.raises(NotFound, match="no such model"):
            opened_in_time(fails, seconds)
