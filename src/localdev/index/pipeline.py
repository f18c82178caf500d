"""Preparing many files: here for a few, in worker processes for many, always in the order given."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from localdev.core.errors import StorageError
from localdev.index.prepare import Prepared
from localdev.index.rows import FileRows
from localdev.index.worker import Task, prepare_batch, read_frame, write_frame

# Starting workers and their grammars costs about 0.3 s; one process parses this much in the same time.
PARALLEL_BYTES = 3_000_000
# Small enough that the workers stay level and few rows are in memory, large enough that a frame's cost vanishes.
BATCH_BYTES = 256_000
BATCH_FILES = 64
MOST_WORKERS = 8
# Finished batches that wait per worker; bounds memory when storing is slower than parsing.
_AHEAD = 4


def prepare_all(root: Path, tasks: Sequence[Task], *, workers: int | None = None) -> Iterator[list[Prepared]]:
    """Yield batches of prepared files in the order of `tasks`; closing the iterator ends the workers at once."""
    batches = _batches(tasks)
    count = _worker_count(tasks, len(batches)) if workers is None else workers
    if count < 2:
        for batch in batches:
            yield prepare_batch(root, batch)
        return
    crew = [_Worker(root) for _ in range(count)]
    try:
        yield from _in_turn(crew, batches)
    finally:
        for worker in crew:
            worker.stop()


def _in_turn(crew: list[_Worker], batches: list[list[Task]]) -> Iterator[list[Prepared]]:
    """Deal the batches round and take the answers back in the same order, each worker `_AHEAD` batches ahead."""
    sent = 0
    for taken in range(len(batches)):
        while sent < len(batches) and sent - taken < len(crew) * _AHEAD:
            crew[sent % len(crew)].send(batches[sent])
            sent += 1
        yield crew[taken % len(crew)].receive()


def _worker_count(tasks: Sequence[Task], batches: int) -> int:
    """Decide how many workers the work is worth; below two it is done here."""
    if sum(size for _, size, _, _ in tasks) < PARALLEL_BYTES:
        return 1
    return min(os.cpu_count() or 1, MOST_WORKERS, batches)


def _batches(tasks: Sequence[Task]) -> list[list[Task]]:
    """Cut the tasks into batches of about equal size."""
    batches: list[list[Task]] = []
    room = 0
    for task in tasks:
        if not batches or room <= 0 or len(batches[-1]) >= BATCH_FILES:
            batches.append([])
            room = BATCH_BYTES
        batches[-1].append(task)
        room -= task[1]
    return batches


class _Worker:
    """One worker process, and the thread that keeps its answers from filling the pipe."""

    def __init__(self, root: Path) -> None:
        start = "import sys; sys.path[:] = sys.argv[1:]; from localdev.index.worker import main; main()"
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", start, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise StorageError(f"cannot start a worker process: {error}", "free some memory and try again") from error
        self._answers: queue.Queue[Any] = queue.Queue(maxsize=_AHEAD)
        self._stopping = False
        self._reader = threading.Thread(target=self._read, name="index-worker", daemon=True)
        self._reader.start()
        self.send(str(root))

    def send(self, value: object) -> None:
        """Give it a batch; frames are far smaller than a pipe's buffer, so this does not wait."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` tells what happened
            write_frame(self._process.stdin, value)

    def receive(self) -> list[Prepared]:
        """Wait for the next batch.

        Raises:
            RuntimeError: a bug in the worker, with its traceback.
            StorageError: the system ended the worker, most likely for want of memory.
        """
        answer = self._answers.get()
        if answer is None:
            code = self._process.wait()
            raise StorageError(f"a worker process ended early (status {code})", "free some memory, then run it again")
        if isinstance(answer, str):
            raise RuntimeError(f"a worker process failed:\n{answer}")
        return [Prepared._make((*item[:5], None if item[5] is None else FileRows(*item[5]))) for item in answer]

    def stop(self) -> None:
        """End the process and its thread."""
        self._stopping = True
        self._process.kill()
        while self._reader.is_alive():
            with contextlib.suppress(queue.Empty):
                self._answers.get_nowait()
            self._reader.join(0.01)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        """Move answers from the pipe to the queue until the pipe ends."""
        assert self._process.stdout is not None
        while not self._stopping:
            answer = read_frame(self._process.stdout)
            self._answers.put(answer)
            if answer is None:
                return
