"""The process that runs one model of the embedded engine, or does tasks: `python -m localdev.backends.engine.host`.

It is started by `engine.process`, which says on stdin what to open and to do. Nothing but answers goes to the pipe that
was its stdout; what libraries print goes to stderr, where the program looks for the reason when the process dies.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import queue
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from localdev.backends.engine.wire import (
    Ask,
    At,
    Cancel,
    Count,
    Counted,
    Done,
    Failed,
    FromHost,
    FromTask,
    Given,
    Going,
    Open,
    Ready,
    Task,
    ToHost,
    Warned,
)
from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.llamacpp.perplexity import Measuring, measure
from localdev.backends.llamacpp.quantise import Quantising, quantise
from localdev.core.chat import Usage
from localdev.core.errors import LocaldevError
from localdev.core.events import BackendEvent, Finished, Progress
from localdev.core.wire import dumps, error_to_json, loads

# Templates render in milliseconds; one that needs longer than this loops.
TEMPLATE_SECONDS = 10.0
# Templates are rendered without the messages' texts, which takes less than a megabyte; one that needs more than this
# doubles a text until there is no memory left. Native code must not run within this limit: it would end the process.
TEMPLATE_BYTES = 512 << 20
# Waking the program up for a token costs 0.1 ms on a virtual machine. Tokens that come faster than this are sent
# together, so that a text waits for one further token at most; slower ones, as of all but tiny models, at once.
_TOGETHER_SECONDS = 0.005
_BUG = 70  # the exit code that systems have for it


@contextlib.contextmanager
def _bounded(more: int) -> Iterator[None]:
    """Let the process take at most so many bytes more, where the system has such a limit; then it is a MemoryError."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class Host:
    """Takes requests from one pipe and answers into another; `run` is the main thread's."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests, self._answers = requests, answers
        self._writing = threading.Lock()
        self._line: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._still = threading.Lock()  # held to change what follows
        self._waiting: set[int] = set()
        self._running: Ask | None = None
        self._closing = False
        self._backend: LlamaCppBackend | None = None

    def run(self) -> None:
        """Do tasks, or load a model and answer until told to close; the pipe's end ends the process from within."""
        first: Open | Task = loads(Open | Task, self._requests.readline())
        threading.Thread(target=self._listen, daemon=True).start()
        if isinstance(first, Open):
            self._serve(first)
            return
        self._do(first)
        while True:
            self._do(self._tasks.get())

    def _do(self, task: Task) -> None:
        """Do a task, and give its result."""

        def told(progress: Progress) -> None:
            self._say(Going(progress))

        try:
            result = quantise(task, told) if isinstance(task, Quantising) else measure(task, told)
        except Exception as error:  # noqa: BLE001 - whatever it is, the program must hear of it
            self._fail(0, error)
            return
        self._say(Done(result))

    def _serve(self, opening: Open) -> None:
        """Load the model, then answer until told to close."""
        try:
            backend = self._backend = LlamaCppBackend(
                opening.path, opening.options, rendering=self._rendering, warn=lambda text: self._say(Warned(text))
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the program must hear of it
            self._fail(0, error)
            return
        self._say(Ready(backend.describe()))
        while (ask := self._line.get()) is not None:
            if self._begin(ask):
                self._answer(ask, backend)

    @contextlib.contextmanager
    def _rendering(self) -> Iterator[None]:
        """Bound the time and memory that a chat template takes; one that does not end ends the process.

        Nothing in Python can stop a template, least of all inside one huge step; the fault handler's own thread ends
        the process without Python's help.
        """
        self._say(At("template"))
        try:
            with _bounded(TEMPLATE_BYTES):
                faulthandler.dump_traceback_later(TEMPLATE_SECONDS, exit=True)
                try:
                    yield
                finally:
                    faulthandler.cancel_dump_traceback_later()
        finally:
            self._say(At("answering"))

    def _begin(self, ask: Ask) -> bool:
        """Note what runs; False where it is not wanted any more, which the program is told."""
        with self._still:
            wanted = not self._closing and ask.number in self._waiting
            self._waiting.discard(ask.number)
            self._running = ask if wanted else None
        if not wanted:
            self._say(Given(ask.number, (Finished("cancelled", Usage()),)))
        return wanted

    def _answer(self, ask: Ask, backend: LlamaCppBackend) -> None:
        """Answer one request."""
        self._say(At("answering"))
        try:
            self._pass_on(ask.number, backend.stream(ask.request))
        except Exception as error:  # noqa: BLE001 - the program raises it where the answer is waited for
            self._fail(ask.number, error)
        finally:
            with self._still:
                self._running = None
            self._say(At("idle"))

    def _pass_on(self, number: int, stream: Iterator[BackendEvent]) -> None:
        """Send the events of an answer."""
        held: list[BackendEvent] = []
        sent = 0.0
        try:
            for event in stream:
                held.append(event)
                now = time.monotonic()
                if now - sent >= _TOGETHER_SECONDS or isinstance(event, Finished):
                    self._say(Given(number, tuple(held)))
                    held, sent = [], now
        finally:
            if held:
                self._say(Given(number, tuple(held)))

    def _listen(self) -> None:
        """Take messages as they come, beside the main thread; the end of the pipe means that the program is gone."""
        try:
            for line in self._requests:
                self._take(loads(ToHost | Task, line))
        except BaseException:  # noqa: BLE001 - nobody is above this thread to see it
            traceback.print_exc()
            os._exit(_BUG)
        os._exit(0)  # at once, also out of native work

    def _take(self, message: ToHost | Task) -> None:
        """Do what one message says."""
        if isinstance(message, Ask):
            with self._still:
                self._waiting.add(message.number)
            self._line.put(message)
        elif isinstance(message, Count):
            self._count(message)
        elif isinstance(message, Cancel):
            self._cancel(message.number)
        elif isinstance(message, Quantising | Measuring):
            self._tasks.put(message)
        else:
            with self._still:
                self._closing = True
                running = self._running
            self._line.put(None)
            self._stop(running)

    def _count(self, message: Count) -> None:
        """Count tokens."""
        assert self._backend is not None, "the program waits until the model is loaded"
        try:
            tokens = self._backend.count_tokens(message.text)
        except Exception as error:  # noqa: BLE001 - the program raises it where the count is waited for
            self._fail(message.number, error)
            return
        self._say(Counted(message.number, tokens))

    def _cancel(self, number: int) -> None:
        """Stop a request that runs, or see that one that waits is passed over."""
        with self._still:
            self._waiting.discard(number)
            running = self._running if self._running and self._running.number == number else None
        self._stop(running)

    def _stop(self, running: Ask | None) -> None:
        """Stop the answer that runs."""
        while running is not None and running is self._running:
            assert self._backend is not None
            if self._backend.cancel(running.request):
                return
            time.sleep(0.001)  # the engine is about to begin with it, or has just ended

    def _fail(self, number: int, error: Exception) -> None:
        """Tell the program of a failure."""
        if isinstance(error, LocaldevError):
            self._say(Failed(number, error_to_json(error)))
        else:
            self._say(Failed(number, {}, "".join(traceback.format_exception(error))))

    def _say(self, message: FromHost | FromTask) -> None:
        """Send one message; with nobody to hear it there is nothing left to do."""
        try:
            with self._writing:
                self._answers.write(dumps(message))
                self._answers.flush()
        except OSError:
            os._exit(0)


def main() -> None:
    """Keep the pipes for messages alone, and run."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silence, 0)
    os.dup2(2, 1)
    Host(requests, answers).run()
    os._exit(0)  # the interpreter's own way out would take longer and free what the system frees anyway


if __name__ == "__main__":
    main()
