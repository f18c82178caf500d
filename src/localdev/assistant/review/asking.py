"""Asks a model one thing: its whole answer, or as much of it as comes before the deadline."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal

from localdev.core.chat import ChatRequest, Usage
from localdev.core.errors import BackendError, CutShort
from localdev.core.events import Finished, Progress, TextDelta
from localdev.core.ports import ChatBackend

# A cancelled stream may not have begun when the time is up: it is told again so often.
_TELL_SECONDS = 0.05
# So often it is said that the work goes on; whoever no longer wants it is found out then.
_BEAT_SECONDS = 0.5
# No tokenizer's tokens of words and code are longer on average: what is longer does not heed its limit.
_CHARACTERS_A_TOKEN = 16
_SPARE = 1_000

Reason = Literal["stop", "length", "deadline"]


@dataclass(slots=True)
class Asked:
    """An answer: its text, why it ended, and what it cost."""

    text: str = ""
    reason: Reason = "stop"
    usage: Usage = field(default_factory=Usage)


def asked(
    backend: ChatBackend, request: ChatRequest, *, deadline: float, progress: Progress
) -> Generator[Progress, None, Asked]:
    """Ask, yielding `progress` now and then, and give the answer; `deadline` is a moment of `time.monotonic`.

    At the deadline the engine is stopped, even while it reads the prompt. So is one that goes on beyond its limit.

    Raises:
        BackendError: the engine failed, ended without saying why, or was stopped by someone else.
    """
    answer, beat = Asked(), time.monotonic()
    longest = request.sampling.max_tokens * _CHARACTERS_A_TOKEN + _SPARE
    with _stopped_at(deadline, backend, request), contextlib.ExitStack() as open_parts:
        stream = backend.stream(request)
        close = getattr(stream, "close", None)
        if close is not None:
            open_parts.callback(close)
        try:
            for event in stream:
                if isinstance(event, Finished):
                    answer.usage, answer.reason = event.usage, _reason(event, deadline)
                    return answer
                if isinstance(event, TextDelta):
                    answer.text += event.text
                if (now := time.monotonic()) >= deadline or len(answer.text) > longest:
                    answer.reason = "deadline" if now >= deadline else "length"
                    return answer
                if now - beat >= _BEAT_SECONDS:
                    beat = now
                    yield progress
        except CutShort:
            answer.reason = "length"
            return answer
    if time.monotonic() < deadline:
        raise BackendError("the engine ended without saying why", "run the command again")
    answer.reason = "deadline"
    return answer


def _reason(event: Finished, deadline: float) -> Reason:
    """Say why an answer ended."""
    if event.reason == "cancelled":
        if time.monotonic() >= deadline:
            return "deadline"
        raise BackendError("the engine was stopped while it answered", "run the command again")
    return "length" if event.reason == "length" else "stop"


@contextlib.contextmanager
def _stopped_at(deadline: float, backend: ChatBackend, request: ChatRequest) -> Iterator[None]:
    """Have a thread of its own stop the engine at the deadline, while this one waits for its next word."""
    if deadline == float("inf"):
        yield
        return
    over = threading.Event()

    def watch() -> None:
        if not over.wait(max(0.0, deadline - time.monotonic())):
            while not backend.cancel(request) and not over.wait(_TELL_SECONDS):
                pass

    watcher = threading.Thread(target=watch, name="review-deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
