"""Safe writing: atomic replacement of whole files, and a lock between processes that the kernel frees when one dies."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from localdev.core.errors import Busy, DiskFull, StorageError
from localdev.core.folders import blocked, ensure
from localdev.core.sizes import sized

# How often who waits for a lock is told so.
_TELL_SECONDS = 1.0


def storage_error(path: Path, error: OSError, verb: str = "write") -> StorageError:
    """Turn an `OSError` on one of localdev's own files into an error with a hint."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno == errno.ENOTDIR:
        return blocked(path.parent, f"cannot {verb} {path}")
    return StorageError(
        f"cannot {verb} {path}: {error.strerror or error}",
        "free some disk space or check the folder's permissions, then run the command again",
    )


def disk_full(path: Path) -> DiskFull:
    """Say that there is no room for `path`."""
    return DiskFull(f"the disk is full: cannot write {path}", "free some disk space, then run the command again")


def refuse_without_room(path: Path, needed: int) -> None:
    """Look at the free space of the disk of `path` (or of the folder it is to be in) before `needed` bytes are written.

    Raises:
        DiskFull: there is less; both figures are said.
        StorageError: the disk cannot be asked.
    """
    try:
        free = shutil.disk_usage(path if path.is_dir() else path.parent).free
    except OSError as error:
        raise storage_error(path, error) from error
    if free < needed:
        full = disk_full(path)
        raise DiskFull(f"{full}: it needs {sized(needed)}, {sized(free)} are free", full.hint)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data` in one step: after a crash the old content or the new is there, never a part.

    Raises:
        StorageError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    ensure(path.parent)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        if temporary:  # not there any more when all went well; there after an error, and after Ctrl-C
            with contextlib.suppress(OSError):
                os.unlink(temporary)


@contextlib.contextmanager
def locked(path: Path, timeout: float = 600.0, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; wait up to `timeout` seconds, calling `on_wait` every second.

    What `on_wait` raises ends the waiting.

    Raises:
        Busy: another process still holds it after `timeout`.
        StorageError: the file cannot be opened, or lies where files cannot be locked.
    """
    ensure(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise storage_error(path, error, "open") from error
    try:
        _acquire(handle, path, timeout, on_wait)
        try:
            yield
        finally:
            _unlock(handle)
    finally:
        os.close(handle)


def _acquire(handle: int, path: Path, timeout: float, on_wait: Callable[[], None] | None) -> None:
    """Try the lock until it is ours or the time is over."""
    deadline = time.monotonic() + timeout
    told = -_TELL_SECONDS
    while not _lock_or_explain(handle, path):
        if on_wait is not None and time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            on_wait()
        if time.monotonic() >= deadline:
            raise Busy(f"another process holds {path}", "wait for it to end, or stop it, then run the command again")
        time.sleep(0.05)


def _lock_or_explain(handle: int, path: Path) -> bool:
    """Try the lock; some network file systems have none."""
    try:
        return _try_lock(handle)
    except OSError as error:
        raise storage_error(path, error, "lock") from error


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        """Lock the first byte without waiting; False when someone else holds it."""
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        """Give the byte back."""
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        """Lock the file without waiting; False when someone else holds it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        """Give the lock back."""
        fcntl.flock(handle, fcntl.LOCK_UN)
