"""Digests of large files, remembered so that a file is read again only when it seems to have changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from localdev.core.errors import ModelError, StorageError
from localdev.core.events import Progress
from localdev.core.files import write_atomic
from localdev.core.ports import ProgressSink

_BLOCK = 4 << 20
# A file may be written again within one tick of its file system's clock, with the same size and time.
_RACY_NS = 2_000_000_000
_MOST = 64


def digest_of(files: Sequence[Path], base: Path, record: Path, progress: ProgressSink | None = None) -> str:
    """Give a SHA-256 over names (relative to `base`) and contents of `files`, which `record` may know already.

    While every file's size and time stamp are the recorded ones, the recorded digest is taken; this leaves open a
    change that keeps the size and sets the time stamp back. A record that cannot be read or written only costs time:
    then the files are read again, a second for some hundred megabytes.

    Raises:
        ModelError: a file cannot be read.
    """
    stats = [_stat(path) for path in files]
    seen = [
        [path.relative_to(base).as_posix(), stat.st_size, stat.st_mtime_ns]
        for path, stat in zip(files, stats, strict=True)
    ]
    key, known = str(base.resolve()), _read(record)
    entry = known.pop(key, None)
    if isinstance(entry, dict) and entry.get("files") == seen and isinstance(entry.get("digest"), str):
        return str(entry["digest"])
    digest = _digest(files, base, sum(stat.st_size for stat in stats), progress=progress)
    if time.time_ns() - max((stat.st_mtime_ns for stat in stats), default=0) > _RACY_NS:
        kept = dict(list(known.items())[-_MOST:])
        with contextlib.suppress(StorageError):
            write_atomic(record, json.dumps({**kept, key: {"digest": digest, "files": seen}}).encode() + b"\n")
    return digest


def digest_of_parts(parts: Iterable[tuple[str, str]]) -> str:
    """Give one SHA-256 in hex for several files, of their (name, SHA-256 in hex) in order."""
    whole = hashlib.sha256()
    for name, digest in parts:
        whole.update(json.dumps([name, digest]).encode())
    return whole.hexdigest()


class Counted:
    """Reads files block by block and reports how far it is in all of them, in bytes of `total`."""

    def __init__(self, stage: str, total: int, progress: ProgressSink | None) -> None:
        self._stage, self._total, self._progress = stage, total, progress
        self._done = 0

    def digest(self, path: Path) -> str:
        """Give the SHA-256 of a file in hex.

        Raises:
            ModelError: it cannot be read.
        """
        digest = hashlib.sha256()
        for block in self._blocks(path):
            digest.update(block)
        return digest.hexdigest()

    def copy(self, path: Path, target: Path) -> str:
        """Copy a file, flush it to the disk, and give the SHA-256 of what was written.

        Raises:
            ModelError: it cannot be read.
            OSError: `target` is there already, or cannot be written.
        """
        digest = hashlib.sha256()
        with target.open("xb") as written:
            for block in self._blocks(path):
                digest.update(block)
                written.write(block)
            written.flush()
            os.fsync(written.fileno())
        return digest.hexdigest()

    def _blocks(self, path: Path) -> Iterator[bytes]:
        """Read a file to its end."""
        try:
            file = path.open("rb")
        except OSError as error:
            raise _unreadable(path, error) from error
        with file:
            while block := _next(file, path):
                yield block
                self._done += len(block)
                if self._progress is not None:
                    self._progress(Progress(self._stage, self._done, self._total, "bytes"))


def _next(file: BinaryIO, path: Path) -> bytes:
    """Read a block, empty at the end."""
    try:
        return file.read(_BLOCK)
    except OSError as error:
        raise _unreadable(path, error) from error


def _digest(files: Sequence[Path], base: Path, total: int, *, progress: ProgressSink | None) -> str:
    """Read the files."""
    counted = Counted("hash", total, progress)
    return digest_of_parts([(path.relative_to(base).as_posix(), counted.digest(path)) for path in files])


def _read(record: Path) -> dict[str, Any]:
    """Read what is known, nothing where that is not readable."""
    try:
        known = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _stat(path: Path) -> os.stat_result:
    """Look at a file."""
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ModelError:
    """Make the error for a file that cannot be read."""
    return ModelError(f"cannot read {path}: {error.strerror or error}", "check the file and its permissions")
