"""Tasks for llama.cpp done in a process of their own: on some files it ends its process instead of saying why."""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import IO

from localdev.backends.engine.launch import error_of, last_words, manner, start_process
from localdev.backends.engine.wire import Done, FromTask, Going, Task
from localdev.backends.llamacpp.perplexity import Measuring, Perplexity
from localdev.backends.llamacpp.quantise import Quantised, Quantising
from localdev.core.errors import BackendError, MissingExtra
from localdev.core.events import Progress
from localdev.core.wire import dumps, loads

_HOST = "localdev.backends.engine.host"


class Worker:
    """A process that does tasks, one after another."""

    def __init__(self, process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
        self._process = process
        self._complaints = complaints

    def quantise(self, task: Quantising, told: Callable[[Progress], None]) -> Quantised:
        """Do what `quantise` does.

        Raises:
            BackendError: the process died.
        """
        found = self._result(task, told)
        assert isinstance(found, Quantised)
        return found

    def measure(self, task: Measuring, told: Callable[[Progress], None]) -> Perplexity:
        """Do what `measure` does.

        Raises:
            BackendError: the process died.
        """
        found = self._result(task, told)
        assert isinstance(found, Perplexity)
        return found

    def _result(self, task: Task, told: Callable[[Progress], None]) -> Quantised | Perplexity:
        """Send the task and read what comes back."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(dumps(task))
            process.stdin.flush()
        except OSError:  # it has died already, which reading tells
            pass
        for line in process.stdout:
            message: FromTask = loads(FromTask, line)
            if isinstance(message, Going):
                told(message.progress)
            elif isinstance(message, Done):
                return message.result
            else:
                raise error_of(message)
        what = f"the engine {manner(process.wait())} at work on {task.called}"
        if last := last_words(self._complaints):
            what += f": {last}"
        raise BackendError(
            what, "the file may be damaged, or the memory have run out: get the file again, or close other programs"
        )


@contextlib.contextmanager
def working(module: str = _HOST) -> Iterator[Worker]:
    """Start a process for tasks; whatever the body raises, Ctrl-C too, the process has ended behind it.

    Raises:
        MissingExtra: llama-cpp-python is not installed.
        BackendError: the system starts no further process.
    """
    if importlib.util.find_spec("llama_cpp") is None:
        raise MissingExtra("the embedded engine is not installed", "add it: `localdev setup llama`")
    with tempfile.TemporaryFile() as complaints:
        process = start_process(module, complaints)
        try:
            yield Worker(process, complaints)
        finally:
            process.kill()
            process.communicate()  # closes the pipes and waits
