"""The journal: one JSON line per entry, each holding the hash of the line before.

A line is the compact, ASCII-only JSON object `{"seq", "time", "kind", fields..., "previous", "hash"}`. `hash` is the
SHA-256 of the line as it would stand without its `hash` member, so changing, removing, adding or moving a line inside
the journal breaks the chain at that place. Cutting lines off the end does not: keep `Verdict.last` elsewhere to prove
that the end is still the end.

A process that dies while it writes leaves a torn line. The next entry closes it and vouches for it with a `torn`
member (how many lines, and the SHA-256 of their bytes); `verify` then names the lines and does not call them a break.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localdev.core.errors import LocaldevError, StorageError
from localdev.core.files import locked, storage_error
from localdev.core.folders import ensure
from localdev.core.logs import log_warning

FIRST_PREVIOUS = "0" * 64  # what the first entry names as the hash before it
RESERVED = frozenset({"seq", "time", "kind", "torn", "previous", "hash"})

_END = re.compile(rb',"hash":"([0-9a-f]{64})"\}')
_END_LENGTH = len(',"hash":""}') + 64
_TAIL = 16_384  # bytes read from the end at first; holds the last line of nearly any journal
_PATIENCE = 5.0  # seconds to wait for other writers, who need well under a millisecond each


class FileJournal:
    """Appends entries to a journal file; threads and processes may do so at once. Implements `core.ports.Journal`."""

    def __init__(self, path: Path, on_warning: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._warn = on_warning or log_warning
        self._warned = False
        self._turn = threading.Lock()

    def record(self, kind: str, entry: Mapping[str, Any]) -> None:
        """Append one entry; when that fails (disk full, no permission) warn, once, and go on.

        Raises:
            ValueError: the entry uses one of the `RESERVED` names: a bug of the caller.
        """
        taken = RESERVED.intersection(entry)
        if taken:
            raise ValueError(f"journal entries cannot use the names {sorted(taken)}")
        try:
            # The lock between processes is polled; threads of this one wait their turn here without delay.
            with self._turn, locked(self._path.with_name(f"{self._path.name}.lock"), _PATIENCE):
                _append(self._path, kind, entry)
        except (OSError, LocaldevError) as error:
            if not self._warned:
                self._warned = True
                self._warn(f"the journal {self._path} cannot be written, entries are lost: {error}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a journal: `line` is the first broken line (1-based, 0 when the chain holds), `reason` says why.

    `entries` counts the good ones up to there, `last` is the hash of the last of them, `torn` the numbers of the lines
    that a dying process left unfinished.
    """

    ok: bool
    entries: int
    last: str = FIRST_PREVIOUS
    line: int = 0
    reason: str = ""
    torn: tuple[int, ...] = ()


def verify(path: Path) -> Verdict:
    """Follow the chain from the first line to the last; a journal that is not there yet has nothing wrong with it.

    Raises:
        StorageError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _follow(iter(file))
    except FileNotFoundError:
        return Verdict(True, 0)
    except OSError as error:
        raise storage_error(path, error, "read") from error


def _follow(lines: Iterator[bytes]) -> Verdict:
    """Check line after line."""
    last, entries, number = FIRST_PREVIOUS, 0, 0
    torn: list[int] = []
    waiting: list[bytes] = []  # torn lines that no entry has vouched for yet
    for number, line in enumerate(lines, start=1):
        bare = line.removesuffix(b"\n")
        if not _is_whole(bare):
            waiting.append(bare)
            continue
        fields, wrong = _check(bare, last, entries + 1)
        if not wrong and fields.get("torn") != _vouch(waiting):
            wrong = "torn lines before it are missing, or are not the ones it names"
        if wrong:
            return Verdict(False, entries, last, number, wrong, tuple(torn))
        torn.extend(range(number - len(waiting), number))
        waiting.clear()
        last, entries = fields["hash"], entries + 1
    torn.extend(range(number - len(waiting) + 1, number + 1))
    return Verdict(True, entries, last, torn=tuple(torn))


def _check(line: bytes, last: str, number: int) -> tuple[dict[str, Any], str]:
    """Read one whole line; gives its fields, and what is wrong with it or nothing."""
    body = line[:-_END_LENGTH] + b"}"
    stated = line[-_END_LENGTH + len(',"hash":"') : -len('"}')].decode()
    if hashlib.sha256(body).hexdigest() != stated:
        return {}, "it was changed: its hash does not match its content"
    try:
        fields = json.loads(line)
    except ValueError:
        return {}, "it is not JSON"
    if fields.get("previous") != last:
        return {}, "a line before it was removed, added or changed"
    return fields, "" if fields.get("seq") == number else f"its number is {fields.get('seq')} where {number} is due"


def _is_whole(line: bytes) -> bool:
    """Say whether a line ends as every finished entry does; a torn one cannot."""
    return line.startswith(b"{") and _END.fullmatch(line[-_END_LENGTH:]) is not None


def _vouch(torn: list[bytes]) -> dict[str, Any] | None:
    """Give what the next entry says about torn lines; None where there are none."""
    return {"lines": len(torn), "sha256": hashlib.sha256(b"\n".join(torn)).hexdigest()} if torn else None


def _append(path: Path, kind: str, entry: Mapping[str, Any]) -> None:
    """Write one entry in one go; the lock is ours. What cannot be written whole is taken back."""
    ensure(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o600)
    try:
        size = os.fstat(handle).st_size
        last, torn, closed = _end_of(handle, size)
        line = _line(kind, entry, last, _vouch(torn))
        data = line if closed else b"\n" + line
        os.lseek(handle, size, os.SEEK_SET)
        written = 0
        try:
            while written < len(data):
                written += os.write(handle, data[written:])
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def _line(kind: str, entry: Mapping[str, Any], last: bytes, torn: dict[str, Any] | None) -> bytes:
    """Give the line of an entry that follows the line `last` (empty for the first).

    Raises:
        StorageError: that line was changed so that nothing can follow it.
    """
    try:
        before: dict[str, Any] = json.loads(last) if last else {"seq": 0, "hash": FIRST_PREVIOUS}
        number, previous = before["seq"] + 1, before["hash"]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise StorageError("its last line is damaged; move the file away and a new one is begun") from error
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {"seq": number, "time": now, "kind": kind, **entry}
    if torn is not None:
        fields["torn"] = torn
    fields["previous"] = previous
    body = json.dumps(fields, separators=(",", ":"), default=str).encode("ascii")
    return body[:-1] + b',"hash":"' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'


def _end_of(handle: int, size: int) -> tuple[bytes, list[bytes], bool]:
    """Read the end of a journal: its last whole line (empty if none), torn lines after it, whether the end is closed.

    Reads from the end in growing pieces, until a whole line is found or the file is at its beginning.
    """
    reach = _TAIL
    while True:
        start = max(0, size - reach)
        os.lseek(handle, start, os.SEEK_SET)
        lines = _read(handle, size - start).split(b"\n")
        closed = not lines[-1]
        if closed:
            lines.pop()
        # The first piece may begin in the middle of a line.
        torn: list[bytes] = []
        for index in range(len(lines) - 1, -1 if start == 0 else 0, -1):
            if _is_whole(lines[index]):
                return lines[index], torn[::-1], closed
            torn.append(lines[index])
        if start == 0:
            return b"", torn[::-1], closed
        reach *= 8


def _read(handle: int, count: int) -> bytes:
    """Read exactly `count` bytes, or what there is."""
    parts: list[bytes] = []
    while count > 0 and (part := os.read(handle, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
