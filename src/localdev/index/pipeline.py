"""Preparing many files: here for a few, in worker processes for many, always in the order given."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from localdev.core.errors import StorageError
from localdev.index.prepare import Prepared, settled
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
CRASHED = "crashes the parser"
# By these signals native code (a grammar's scanner) ends its process; any other end is somebody else's doing.
_CRASHES = frozenset(
    -int(number)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE")
    if (number := getattr(signal, name, None)) is not None
)


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
        yield from _in_turn(root, crew, batches)
    finally:
        for worker in crew:
            worker.stop()


def _in_turn(root: Path, crew: list[_Worker], batches: list[list[Task]]) -> Iterator[list[Prepared]]:
    """Deal the batches round and take the answers back in the same order, each worker `_AHEAD` batches ahead."""
    sent = 0
    for taken in range(len(batches)):
        while sent < len(batches) and sent - taken < len(crew) * _AHEAD:
            crew[sent % len(crew)].send(batches[sent])
            sent += 1
        place = taken % len(crew)
        try:
            answer = crew[place].receive()
        except _Crashed:
            crew[place] = crew[place].successor()
            for lost in range(taken + len(crew), sent, len(crew)):
                crew[place].send(batches[lost])
            answer = _one_by_one(root, batches[taken])
        yield answer


def _one_by_one(root: Path, batch: list[Task]) -> list[Prepared]:
    """Prepare a batch that ended a worker: each file by itself, so that only the culprit is left out."""
    done: list[Prepared] = []
    worker = _Worker(root)
    try:
        for task in batch:
            worker.send([task])
            try:
                done += worker.receive()
            except _Crashed:
                path, size, mtime_ns, _ = task
                done.append(Prepared(path, size, settled(mtime_ns), "", CRASHED, None))
                worker = worker.successor()
    finally:
        worker.stop()
    return done


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


class _Crashed(Exception):
    """Native code ended a worker while it parsed a file."""


class _Worker:
    """One worker process, and the thread that keeps its answers from filling the pipe."""

    def __init__(self, root: Path) -> None:
        self._root = root
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
            _Crashed: native code ended it.
        """
        answer = self._answers.get()
        if answer is None:
            code = self._process.wait()
            if code in _CRASHES:
                raise _Crashed
            raise StorageError(f"a worker process ended early (status {code})", "free some memory, then run it again")
        if isinstance(answer, str):
            raise RuntimeError(f"a worker process failed:\n{answer}")
        return [Prepared._make((*item[:5], None if item[5] is None else FileRows(*item[5]))) for item in answer]

    def successor(self) -> _Worker:
        """End this worker, which has crashed, and give a new one in its place."""
        self.stop()
        return _Worker(self._root)

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
