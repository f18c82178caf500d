"""Digests of large files, remembered so that a file is read again only when it seems to have changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    try:
        stats = [path.stat() for path in files]
    except OSError as error:
        raise _unreadable(error) from error
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


def _digest(files: Sequence[Path], base: Path, total: int, *, progress: ProgressSink | None) -> str:
    """Read the files."""
    whole, done = hashlib.sha256(), 0
    for path in files:
        one = hashlib.sha256()
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    one.update(block)
                    done += len(block)
                    if progress is not None:
                        progress(Progress("hash", done, total, "bytes"))
        except OSError as error:
            raise _unreadable(error) from error
        whole.update(json.dumps([path.relative_to(base).as_posix(), one.hexdigest()]).encode())
    return whole.hexdigest()


def _read(record: Path) -> dict[str, Any]:
    """Read what is known, nothing where that is not readable."""
    try:
        known = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _unreadable(error: OSError) -> ModelError:
    """Make the error for a file that cannot be read."""
    return ModelError(f"cannot read {error.filename}: {error.strerror or error}", "check the file and its permissions")
