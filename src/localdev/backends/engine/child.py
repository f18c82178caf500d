"""One process that runs a model, seen from the program: started, spoken to, and mourned."""

from __future__ import annotations

import contextlib
import itertools
import queue
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from localdev.backends.engine.launch import error_of, last_words, manner, start_process
from localdev.backends.engine.wire import (
    Ask,
    At,
    Cancel,
    Close,
    Count,
    Counted,
    Failed,
    FromHost,
    Given,
    Open,
    Phase,
    Ready,
    ToHost,
    Warned,
)
from localdev.core.chat import ChatRequest, ModelInfo, Usage
from localdev.core.errors import BackendError, LocaldevError
from localdev.core.events import BackendEvent, Finished
from localdev.core.logs import log_warning
from localdev.core.processes import resident_bytes
from localdev.core.wire import WireError, dumps, loads

# An answer's state may be on its way to the disk: a gigabyte takes a few seconds.
CLOSE_SECONDS = 10.0
# Python on Windows notices Ctrl-C only between two waits.
_LOOK_UP_SECONDS = 0.5
_DOING: dict[Phase, str] = {
    "loading": "while it loaded the model",
    "template": "while it built the prompt from the model's chat template",
    "answering": "while it answered",
    "idle": "while it had nothing to do",
}
Answer = Given | Counted | Failed
Answers = queue.SimpleQueue[Answer | Exception]


@dataclass(frozen=True, slots=True)
class _Waits:
    """Somebody who waits for answers; `request` is None for a count."""

    request: ChatRequest | None
    answers: Answers


class EngineChild:
    """A running process; `attempt` counts how often in a row this model was loaded without success."""

    def __init__(self, opening: Open, *, module: str, attempt: int = 1) -> None:
        """Start it; loading goes on meanwhile.

        Raises:
            BackendError: the system starts no further process.
        """
        self.attempt = attempt
        self.info: ModelInfo | None = None
        self.refused = False
        self.failure: Exception | None = None
        self.failed_at = 0.0
        self._name = opening.options.name or opening.path.stem
        self._phase: Phase = "loading"
        self._numbers = itertools.count(1)
        self._still = threading.Lock()  # held to change what follows
        self._waits: dict[int, _Waits] = {}
        self._writing = threading.Lock()
        self._loaded = threading.Event()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self._process = start_process(module, self._complaints)
        self._send(opening)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def facts(self) -> dict[str, Any]:
        """Give the process's id, its resident memory in bytes (None where /proc does not tell), and its open requests.

        The memory includes the model's weights, which the system may share between processes that run one file.
        """
        return {
            "pid": self._process.pid,
            "memory_bytes": resident_bytes(self._process.pid),
            "requests": len(self._waits),
        }

    def wait_until_loaded(self) -> ModelInfo:
        """Give what the model says of itself.

        Raises:
            LocaldevError: it could not be loaded, or the process has ended since.
        """
        while not self._loaded.wait(_LOOK_UP_SECONDS):
            pass
        if self.failure is not None:
            raise _afresh(self.failure)
        assert self.info is not None
        return self.info

    def answer(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Ask for an answer and yield it; closing the iterator before its end cancels the request.

        Raises:
            LocaldevError: what the process answers with, or how it died.
        """
        number, answers = self._begin(request, lambda number: Ask(number, request))
        ended = False
        try:
            while not ended:
                given = _next(answers)
                ended = not isinstance(given, Given) or isinstance(given.events[-1], Finished)
                yield from _unpacked(given)
        finally:
            self._forget(number)
            if not ended:
                self._send(Cancel(number))

    def count(self, text: str) -> int:
        """Count tokens, when the model is loaded.

        Raises:
            LocaldevError: what the process answers with, or how it died.
        """
        self.wait_until_loaded()
        number, answers = self._begin(None, lambda number: Count(number, text))
        try:
            count: int = _unpacked(_next(answers))[0]
            return count
        finally:
            self._forget(number)

    def cancel(self, request: ChatRequest | None) -> bool:
        """Have the answer to a request end with the reason `cancelled`, or all answers; False where there is none."""
        with self._still:
            found = [
                (number, waits)
                for number, waits in self._waits.items()
                if waits.request is not None and (request is None or waits.request is request)
            ]
            loading = self.info is None
        for number, waits in found:
            self._send(Cancel(number))
            if loading:  # the process would say so only when it has loaded the model
                waits.answers.put(Given(number, (Finished("cancelled", Usage()),)))
        return bool(found)

    def _begin(self, request: ChatRequest | None, message: Callable[[int], ToHost]) -> tuple[int, Answers]:
        """Give a number to a request, or to a count, and send its message; give where its answers will be.

        The pipe is held all the while: a cancellation from another thread must not be sent before the request.
        """
        answers: Answers = queue.SimpleQueue()
        with self._writing:
            with self._still:
                if self.failure is not None:
                    raise _afresh(self.failure)
                number = next(self._numbers)
                self._waits[number] = _Waits(request, answers)
            try:
                self._write(message(number))
            except BaseException:  # Ctrl-C
                self._forget(number)
                raise
        return number, answers

    def _forget(self, number: int) -> None:
        """Wait for no answer any more."""
        with self._still:
            self._waits.pop(number, None)

    def close(self) -> None:
        """End the process: at once where it is still loading, else when its state is kept, or time is up."""
        closed = BackendError("the model was closed", "ask again")
        self._fail(closed)
        try:
            if self.info is not None:
                self._send(Close())
                self._reader.join(CLOSE_SECONDS)
        finally:
            if self._reader.is_alive():
                self._process.kill()
            self._reader.join()

    def _send(self, message: Open | ToHost) -> None:
        """Send a message, when no other is being sent."""
        with self._writing:
            self._write(message)

    def _write(self, message: Open | ToHost) -> None:
        """Write a message; to a process that has just died there is nothing to say, and the reader tells of it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(dumps(message))
            self._process.stdin.flush()
        except (OSError, ValueError):  # a broken pipe; one that the reader has closed
            pass

    def _read(self) -> None:
        """Hand out what comes until the process has ended."""
        assert self._process.stdout is not None and self._process.stdin is not None
        strange: WireError | None = None
        try:
            for line in self._process.stdout:
                self._take(loads(FromHost, line))
        except WireError as error:
            strange = error
            self._process.kill()
        code = self._process.wait()
        self._fail(strange or self._obituary(code))
        self._process.stdout.close()
        with self._writing, contextlib.suppress(OSError):  # closing writes what the process has not read
            self._process.stdin.close()
        self._complaints.close()

    def _take(self, message: FromHost) -> None:
        """Note or hand out one message."""
        if isinstance(message, At):
            self._phase = message.phase
        elif isinstance(message, Ready):
            self.info, self._phase = message.info, "idle"
            self._loaded.set()
        elif isinstance(message, Warned):
            log_warning(message.text)
        elif isinstance(message, Failed) and not message.number:
            self.refused = True
            self._fail(error_of(message))
        else:
            waits = self._waits.get(message.number)
            if waits is not None:  # else it was given up meanwhile
                waits.answers.put(message)

    def _fail(self, error: Exception) -> None:
        """Refuse everything from now on, and let go of all that wait; the first reason stays."""
        with self._still:
            if self.failure is None:
                self.failure, self.failed_at = error, time.monotonic()
            waiting = list(self._waits.values())
        for waits in waiting:
            waits.answers.put(self.failure)
        self._loaded.set()

    def _obituary(self, code: int) -> BackendError:
        """Say how the process died, and what to do."""
        if self._phase == "template" and code == 1:
            return BackendError(
                f"the chat template of {self._name} does not end", "use another model, or a corrected file of this one"
            )
        what = f"the engine {manner(code)} {_DOING[self._phase]} ({self._name})"
        if last := last_words(self._complaints):
            what += f": {last}"
        if code == -getattr(signal, "SIGKILL", 9):
            return BackendError(
                what, "the memory may have run out: use a smaller model, or `localdev config set llama.context 2048`"
            )
        if self._phase == "loading":
            return BackendError(
                what, "the file may be damaged or not for this engine: get it again, or use another file of the model"
            )
        return BackendError(
            what,
            "run the command again; if it happens again, the model's file or the engine is at fault: "
            "use another file, or build the engine again with `localdev setup llama`",
        )


def _next(answers: Answers) -> Answer | Exception:
    """Wait for what comes next."""
    while True:
        with contextlib.suppress(queue.Empty):
            return answers.get(timeout=_LOOK_UP_SECONDS)


def _unpacked(answer: Answer | Exception) -> Sequence[Any]:
    """Give what an answer holds; raise the error it is."""
    if isinstance(answer, Given):
        return answer.events
    if isinstance(answer, Counted):
        return (answer.tokens,)
    raise error_of(answer) if isinstance(answer, Failed) else _afresh(answer)


def _afresh(error: Exception) -> Exception:
    """Give the same error once more: each thread that raises one adds to its traceback."""
    return type(error)(str(error), error.hint) if isinstance(error, LocaldevError) else error
