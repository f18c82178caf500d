"""The pump: events of a turn cross from its thread to the screen in order, and nothing of them is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from localdev.core.events import Event, TextDelta
from localdev.core.talk import Turn
from localdev.tui.pump import Pump


class Counting:
    """A turn that yields numbers until it is cancelled or has yielded enough."""

    def __init__(self, most: int, fault: BaseException | None = None, wait: float = 0.0) -> None:
        self.turn = Turn(1, "question", "?")
        self.reformed: tuple[Turn, ...] = ()
        self._left, self._fault, self._wait = most, fault, wait
        self.cancelled = threading.Event()

    def events(self) -> Iterator[Event]:
        """Yield them."""
        for number in range(self._left):
            if self.cancelled.wait(self._wait):
                return
            yield TextDelta(str(number))
        if self._fault:
            raise self._fault

    def cancel(self) -> None:
        """End it."""
        self.cancelled.set()


def drained(pump: Pump, at_each: Callable[[int], None] = lambda _count: None) -> list[str]:
    """Take everything until the turn is over."""
    found: list[str] = []
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        events, over = pump.take()
        found.extend(event.text for event in events if isinstance(event, TextDelta))
        at_each(len(events))
        if over:
            return found
        time.sleep(0.001)
    raise AssertionError("the turn did not end")


def test_all_events_in_order_and_in_small_batches() -> None:
    """However many come at once, one batch stays small enough to be shown at once."""
    pump, sizes = Pump(), list[int]()
    pump.start(Counting(20_000))
    assert drained(pump, sizes.append) == [str(number) for number in range(20_000)]
    assert max(sizes) <= 500
    assert not pump.busy
    pump.start(Counting(1))
    assert drained(pump) == ["0"]


def test_cancelling_keeps_what_came() -> None:
    """What the turn yielded before it was cancelled is still handed out, and another may start."""
    pump = Pump()
    pump.start(Counting(10_000, wait=0.01))
    while not (found := [event for event in pump.take()[0] if isinstance(event, TextDelta)]):
        time.sleep(0.005)
    pump.cancel()
    found_texts = [event.text for event in found] + drained(pump)
    assert found_texts == [str(number) for number in range(len(found_texts))]
    assert len(found_texts) < 10_000


def test_a_bug_comes_after_what_was_said() -> None:
    """The screen learns of a bug in the thread, once everything before it was taken."""
    pump = Pump()
    pump.start(Counting(3, fault=ZeroDivisionError("x")))
    with pytest.raises(ZeroDivisionError):
        drained(pump)
    assert not pump.busy


def test_waiting_waits_for_the_thread() -> None:
    """When the screen is left the turn is ended and saved first."""
    before = set(threading.enumerate())
    pump, run = Pump(), Counting(10_000, wait=0.01)
    pump.start(run)
    pump.cancel()
    pump.wait()
    assert run.cancelled.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "chat-turn" and thread not in before]
