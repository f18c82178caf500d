"""A worker process: takes batches of files on stdin, sends their rows on stdout, and ends when either is closed.

It holds no lock and writes no file, so the parent may kill it at any moment; and when the parent dies in whatever way,
the pipe closes and the worker ends by itself.
"""

from __future__ import annotations

import marshal
import os
import queue
import signal
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

from localdev.audit import egress
from localdev.index.prepare import Prepared, prepare

LENGTH = struct.Struct("<Q")

# (path, size, mtime_ns, known digest)
Task = tuple[str, int, int, str]


def write_frame(pipe: IO[bytes], value: Any) -> None:
    """Send one value made of plain Python data."""
    data = marshal.dumps(value)
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> Any:
    """Receive one value, or None when the other side is gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = pipe.read(length)
    return marshal.loads(data) if len(data) == length else None


def prepare_batch(root: Path, tasks: list[Task]) -> list[Prepared]:
    """Prepare some files, in their order."""
    return [prepare(root, path, size, mtime_ns, known_digest=digest) for path, size, mtime_ns, digest in tasks]


def main() -> None:
    """Serve batches until the parent closes the pipe, or is gone."""
    egress.install()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when we end
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not end up between the frames
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks), daemon=True).start()
    root = Path(tasks.get())
    while True:
        try:
            done = prepare_batch(root, tasks.get())
            write_frame(answers, [(*item[:-1], None if item.rows is None else tuple(item.rows)) for item in done])
        except BrokenPipeError:
            break
        except Exception:  # noqa: BLE001 - a bug in a worker is shown by the parent, whole
            write_frame(answers, traceback.format_exc())
            break
    os._exit(0)  # Python's own way out would find stdin held by the thread that listens, and abort


def _listen(pipe: IO[bytes], tasks: queue.SimpleQueue[Any]) -> None:
    """Pass on what comes from the parent; without a parent there is nothing to finish, however long it would take."""
    while (value := read_frame(pipe)) is not None:
        tasks.put(value)
    os._exit(0)
