"""Folders for what is not in the store yet, on the store's own disk; what a killed process left in one is removed.

staging/NAME/       what is being brought in
staging/NAME.lock   held by the process that works there, so that no other takes it for a leftover
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from localdev.core.errors import Busy, StorageError
from localdev.core.files import locked, storage_error
from localdev.core.folders import ensure

_KEPT = "kept-"
# What a download left is gone on with by the next one; after so long nobody will.
_KEPT_SECONDS = 14 * 86_400


@contextlib.contextmanager
def staging(folder: Path, key: str = "") -> Iterator[Path]:
    """Give a folder below `folder` for this block alone; it is removed at the end, and after a crash by the next one.

    Without a `key` it is empty at first. With one (any text that names a download) it stays when the block does not
    end well, and the next block of the same key goes on with what is there, for two weeks.

    Raises:
        Busy: another process works with this key.
        StorageError: the folder cannot be written.
    """
    name = (
        _KEPT + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32] if key else secrets.token_hex(8)
    )
    place = folder / name
    try:
        with contextlib.ExitStack() as held:
            with locked(folder / "lock"):  # sweeping, too, is done under it, so that no lock is removed from under us
                _sweep(folder)
                _hold(place, held)
                ensure(place)
            try:
                yield place
            except BaseException:
                if not key:
                    _remove(place)
                raise
            _remove(place)
    finally:
        if not key:  # nobody else knows this name; another process may wait for that of a download
            with contextlib.suppress(OSError):
                _lock_of(place).unlink()


def leftovers(folder: Path) -> tuple[int, int]:
    """Give the bytes that the next block sweeps away, and those of downloads that may be gone on with.

    What a process works in counts for neither, nor does what has another name elsewhere and so takes no room here.
    """
    swept = kept = 0
    for place in filter(Path.is_dir, folder.glob("*")):
        with (
            contextlib.suppress(Busy, StorageError, OSError),  # Busy: its process lives
            locked(folder / "lock", timeout=0),
            locked(_lock_of(place), timeout=0),
        ):
            stats = [path.stat() for path in place.rglob("*") if path.is_file()]
            size = sum(stat.st_size for stat in stats if stat.st_nlink < 2)
            swept, kept = (swept, kept + size) if _wanted(place) else (swept + size, kept)
    return swept, kept


def kept(folder: Path) -> list[Path]:
    """Give the folders of downloads that may be gone on with, those included that a process works in."""
    return sorted(place for place in folder.glob(f"{_KEPT}*") if place.is_dir() and _wanted(place))


def _hold(place: Path, held: contextlib.ExitStack) -> None:
    """Take the lock of a folder for as long as `held` is open."""
    try:
        held.enter_context(locked(_lock_of(place), timeout=0))
    except Busy as error:
        raise Busy(f"another process works in {place}", "wait for it to end, then run the command again") from error


def _sweep(folder: Path) -> None:
    """Remove the folders that no process works in, but of downloads only those that are old."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise storage_error(folder, error, "read") from error
    for place in {entry.with_suffix("") if entry.suffix == ".lock" else entry for entry in entries}:
        if place.name != "lock" and not _wanted(place):
            with contextlib.suppress(Busy, StorageError, OSError):  # Busy: its process lives
                with locked(_lock_of(place), timeout=0):
                    _remove(place)
                _lock_of(place).unlink()


def _wanted(place: Path) -> bool:
    """Say whether this is a download that may still be gone on with."""
    try:
        times = [path.stat().st_mtime for path in (place, *place.iterdir())]
    except OSError:
        return False
    return place.name.startswith(_KEPT) and time.time() - max(times) < _KEPT_SECONDS


def _lock_of(place: Path) -> Path:
    """Give the lock of a folder."""
    return place.with_name(place.name + ".lock")


def _remove(place: Path) -> None:
    """Remove a folder and what is in it; what cannot be removed now is found again next time."""
    shutil.rmtree(place, ignore_errors=True)
