"""A task for llama.cpp done in a process of its own: on some files it ends its process instead of saying why."""

from __future__ import annotations

import importlib.util
import subprocess
import tempfile
from collections.abc import Callable
from typing import IO

from localdev.backends.engine.launch import error_of, last_words, manner, start_process
from localdev.backends.engine.wire import Done, FromTask, Going, Task
from localdev.backends.llamacpp.perplexity import Measuring, Perplexity
from localdev.backends.llamacpp.quantise import Quantised, Quantising
from localdev.core.errors import BackendError, MissingExtra
from localdev.core.events import Progress
from localdev.core.wire import dumps, loads

_HOST = "localdev.backends.engine.host"


def quantise_apart(task: Quantising, told: Callable[[Progress], None], *, module: str = _HOST) -> Quantised:
    """Do what `quantise` does, in a process of its own.

    Raises:
        BackendError: the process died; `told` and Ctrl-C end it, whatever they raise.
    """
    found = _run(task, told, module)
    assert isinstance(found, Quantised)
    return found


def measure_apart(task: Measuring, told: Callable[[Progress], None], *, module: str = _HOST) -> Perplexity:
    """Do what `measure` does, in a process of its own.

    Raises:
        BackendError: the process died; `told` and Ctrl-C end it, whatever they raise.
    """
    found = _run(task, told, module)
    assert isinstance(found, Perplexity)
    return found


def _run(task: Task, told: Callable[[Progress], None], module: str) -> Quantised | Perplexity:
    """Start the process and wait for its result; however this ends, the process has ended then."""
    if importlib.util.find_spec("llama_cpp") is None:
        raise MissingExtra("the embedded engine is not installed", "add it: `localdev setup llama`")
    with tempfile.TemporaryFile() as complaints:
        process = start_process(module, complaints)
        try:
            return _result(process, task, told, complaints)
        finally:
            process.kill()
            process.communicate()  # closes the pipes and waits


def _result(
    process: subprocess.Popen[bytes], task: Task, told: Callable[[Progress], None], complaints: IO[bytes]
) -> Quantised | Perplexity:
    """Send the task and read what comes back."""
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
    what = f"the engine {manner(process.wait())} at work on {_file(task)}"
    if last := last_words(complaints):
        what += f": {last}"
    raise BackendError(
        what, "the file may be damaged, or the memory have run out: get the file again, or close other programs"
    )


def _file(task: Task) -> str:
    """Name the file that a task is about."""
    return task.source.name if isinstance(task, Quantising) else task.path.name
