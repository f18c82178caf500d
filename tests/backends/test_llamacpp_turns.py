"""Whose turn it is, and how streams are cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.llamacpp.turns import Turns
from localdev.core.chat import ChatRequest
from localdev.core.errors import BackendError
from localdev.core.events import BackendEvent, Finished, TextDelta
from tests.backends.conftest import ask, collect

QUESTION = "open: Open a file and return a reader."
LONG = "x = 1\n" * 400


def nothing() -> None:
    """Neither stop nor clear nor free."""


def wait_until(true: Callable[[], bool]) -> None:
    """Wait at most ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "waited ten seconds"
        time.sleep(0.001)


def test_first_come_first_served() -> None:
    """Twenty threads get their turns in the order in which they stood in line."""
    turns, order = Turns(nothing, nothing, nothing), list[int]()
    threads = []

    def work(number: int) -> None:
        with turns.turn(number):
            order.append(number)

    with turns.turn("first"):
        for number in range(20):
            thread = threading.Thread(target=work, args=(number,))
            thread.start()
            threads.append(thread)
            wait_until(lambda expected=number + 1: len(turns._waiting) == expected)  # type: ignore[misc]
    for thread in threads:
        thread.join(10)
    assert order == list(range(20))


def test_an_eager_thread_does_not_overtake() -> None:
    """A thread that comes again at once stands behind those that wait."""
    turns, order = Turns(nothing, nothing, nothing), list[str]()

    def work() -> None:
        with turns.turn("patient"):
            order.append("patient")

    thread = threading.Thread(target=work)
    with turns.turn("eager"):
        thread.start()
        wait_until(lambda: len(turns._waiting) == 1)
    with turns.turn("eager"):
        order.append("eager")
    thread.join(10)
    assert order == ["patient", "eager"]


def test_ending_the_line() -> None:
    """Those that wait are sent home, what runs is stopped, and the end comes once when it has left."""
    said: list[str] = []
    turns = Turns(lambda: said.append("stop"), nothing, lambda: said.append("free"))
    mine: list[bool] = []

    def work() -> None:
        with turns.turn("waits") as granted:
            mine.append(granted)

    thread = threading.Thread(target=work)
    with turns.turn("runs"):
        thread.start()
        wait_until(lambda: len(turns._waiting) == 1)
        turns.end()
        thread.join(10)
        assert (mine, said) == ([False], ["stop"])
    assert said == ["stop", "free"]


def test_a_failure_gives_the_turn_back() -> None:
    """What ends with an error does not block the line."""
    turns = Turns(nothing, nothing, nothing)
    with pytest.raises(KeyboardInterrupt), turns.turn("a"):
        raise KeyboardInterrupt
    with turns.turn("b") as mine:
        assert mine
    assert not turns.cancel() and not turns.cancel("b")


def in_thread(backend: LlamaCppBackend, request: ChatRequest) -> tuple[threading.Thread, list[BackendEvent]]:
    """Run a stream in a thread of its own."""
    events: list[BackendEvent] = []
    thread = threading.Thread(target=lambda: events.extend(backend.stream(request)))
    thread.start()
    return thread, events


@pytest.mark.llama
def test_cancelling_a_prompt(tiny: LlamaCppBackend) -> None:
    """A long prompt is left within a step; what was evaluated of it is used again, for the same answer."""
    request = ask(LONG, max_tokens=20)
    whole = len(tiny._prompts.chat(request.messages))
    engine = tiny._engine
    expected, _ = collect(tiny.stream(request))
    engine.keep(0)
    thread, events = in_thread(tiny, request)
    wait_until(lambda: len(engine.held) > 0)
    assert tiny.cancel()
    thread.join(10)
    assert [event.reason for event in events if isinstance(event, Finished)] == ["cancelled"]
    assert 0 < len(engine.held) < whole
    text, finished = collect(tiny.stream(request))
    assert text == expected
    assert finished.usage.cached_tokens > 0


@pytest.mark.llama
def test_cancelling_an_answer(tiny: LlamaCppBackend) -> None:
    """No token comes after `cancel`, and the next request is served."""
    request = ask(QUESTION, max_tokens=200)
    stream = tiny.stream(request)
    assert isinstance(next(stream), TextDelta)
    assert not tiny.cancel(ask("other"))
    assert tiny.cancel(request)
    [last] = list(stream)
    assert isinstance(last, Finished) and last.reason == "cancelled" and last.usage.completion_tokens == 1
    assert not tiny.cancel()
    assert collect(tiny.stream(ask(QUESTION, max_tokens=3)))[1].reason == "length"


@pytest.mark.llama
def test_cancelling_what_waits(tiny: LlamaCppBackend) -> None:
    """A request that waits leaves the line at once and costs nothing; the one that runs goes on."""
    running = tiny.stream(ask(QUESTION, max_tokens=4))
    next(running)
    waiting = ask("other", max_tokens=4)
    thread, events = in_thread(tiny, waiting)
    wait_until(lambda: len(tiny._turns._waiting) == 1)
    assert tiny.cancel(waiting)
    thread.join(10)
    assert [event.reason for event in events if isinstance(event, Finished)] == ["cancelled"]
    assert list(running)[-1].reason == "length"  # type: ignore[union-attr]


@pytest.mark.llama
def test_cancelling_all(tiny: LlamaCppBackend) -> None:
    """Without a request both what runs and what waits end."""
    running = tiny.stream(ask(QUESTION, max_tokens=200))
    next(running)
    thread, events = in_thread(tiny, ask("other", max_tokens=4))
    wait_until(lambda: len(tiny._turns._waiting) == 1)
    assert tiny.cancel()
    rest = list(running)
    thread.join(10)
    assert [each[-1].reason for each in (rest, events)] == ["cancelled"] * 2  # type: ignore[union-attr]
    assert not tiny.cancel()


@pytest.mark.llama
def test_closing_with_a_line(tiny: LlamaCppBackend) -> None:
    """Who waits for a model that is closed gets the error at once."""
    running = tiny.stream(ask(QUESTION, max_tokens=50))
    next(running)
    found: list[Exception] = []

    def work() -> None:
        try:
            list(tiny.stream(ask("other")))
        except BackendError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: len(tiny._turns._waiting) == 1)
    tiny.close()
    thread.join(10)
    assert "was closed" in str(found[0])
    with pytest.raises(BackendError, match="was closed"):
        list(running)
