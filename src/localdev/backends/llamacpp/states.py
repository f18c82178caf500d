"""Kept states of prompts on disk: one file each, found again by the tokens they begin with.

`<folder>/<owner>/<name>.kv` holds the mark, a JSON header, the token ids (int32) and the state, little-endian. A file
is written aside and renamed; one that is torn, changed or not of this form is never used. Any number of processes may
read, write and remove at once. What is kept is a cache: whatever goes wrong costs time and is no error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import struct
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from localdev.core.errors import StorageError
from localdev.core.folders import ensure

_MAGIC, _VERSION = b"LDEVKV", 1
_PREFIX = struct.Struct("<6sHI")  # magic, version, bytes of the header
_LARGEST_HEADER = 4096
_NAME, _ASIDE = ".kv", ".part"
_SHARED = "shared"  # owner of what belongs to no repository
_OWNER = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")
# What a process that was killed left half-written is removed when nobody can be writing it any more.
_STALE_SECONDS = 600
# The stable beginnings are small and save the most: for so long after their last use they outlast everything else.
_STABLE_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class State:
    """One file: whose state it is, and of which tokens (int32 bytes) under which key.

    `prompt` is how many of the tokens were asked, the others answered; 0 for the stable beginning of many prompts.
    """

    path: Path
    key: str
    tokens: bytes
    prompt: int
    size: int
    digest: str

    @property
    def length(self) -> int:
        """The number of tokens."""
        return len(self.tokens) // 4

    @property
    def ids(self) -> list[int]:
        """The tokens."""
        return unpack_tokens(self.tokens)

    @property
    def stable(self) -> bool:
        """Whether it is the beginning of many prompts."""
        return not self.prompt


class StateFolder:
    """The states under one folder, at most `most_bytes` of them; `warn` is told once when they cannot be written."""

    def __init__(self, folder: Path, most_bytes: int, warn: Callable[[str], None] | None = None) -> None:
        self._folder = folder
        self._most = most_bytes
        self._warn = warn
        self._known: dict[Path, _Known] = {}

    def find(self, key: str, tokens: Sequence[int], *, most: int, whole: bool = False) -> tuple[State, int] | None:
        """Give the state that shares the longest beginning with `tokens`, and its length; the smallest among equals.

        None of more than `most` tokens is given; with `whole` none that is longer than what it shares, which a model
        that cannot forget could not use.
        """
        wanted = pack_tokens(tokens)
        best: tuple[State, int] | None = None
        for state in self._of(key):
            same = common(state.tokens, wanted)
            if not same or state.length > (same if whole else most):
                continue
            if best is None or (same, -state.size) > (best[1], -best[0].size):
                best = (state, same)
        return best

    def covers(self, key: str, tokens: Sequence[int], *, whole: bool = False) -> bool:
        """Say whether the state of all these tokens is kept, and mark it as used.

        It may be the beginning of a longer one, unless it is to be `whole`.
        """
        wanted = pack_tokens(tokens)
        for state in self._of(key):
            if state.tokens == wanted if whole else state.tokens.startswith(wanted):
                _touch(state.path)
                return True
        return False

    def load(self, state: State) -> bytearray | None:
        """Read a state and mark it as used; a damaged one is removed and None given."""
        try:
            data = bytearray(state.size)
            with state.path.open("rb") as file:
                file.seek(-len(state.tokens) - state.size, os.SEEK_END)
                tokens = file.read(len(state.tokens))
                complete = file.readinto(data) == state.size
        except (OSError, ValueError, MemoryError):
            return None
        if not complete or _digest(tokens, data) != state.digest:
            _remove(state.path)
            return None
        _touch(state.path)
        return data

    def save(self, owner: str, key: str, tokens: Sequence[int], data: Any, *, prompt: int = 0) -> bool:
        """Keep the state `data` (bytes-like) of `tokens`, of which `prompt` were asked; 0 marks a stable beginning.

        An older state of this owner that the new one makes useless is removed: one whose prompt it begins with.
        Removes what was longest unused beyond the room there is. False when it could not be written or has no room.
        """
        packed, view = pack_tokens(tokens), memoryview(data).cast("B")
        if len(view) + len(packed) > self._most:
            return False
        header = {"key": key, "tokens": len(tokens), "prompt": prompt, "bytes": len(view)}
        folder = owner_folder(self._folder, owner)
        name = hashlib.blake2b(f"{key}:{prompt > 0}".encode() + packed, digest_size=12).hexdigest() + _NAME
        try:
            self._write(folder / name, header, packed, view)
        except (OSError, StorageError) as error:
            self._complain(error)
            return False
        if prompt:
            self._replace(folder, name, key, packed)
        self._make_room(folder / name)
        return True

    def _write(self, path: Path, header: dict[str, object], tokens: bytes, data: memoryview) -> None:
        """Write one file aside and move it into place.

        It is not forced to the disk: a file that a power cut tears does not have its digest.
        """
        text = json.dumps({**header, "sha256": _digest(tokens, data)}).encode()
        handle, aside = tempfile.mkstemp(prefix=".", suffix=_ASIDE, dir=ensure(path.parent))
        try:
            with os.fdopen(handle, "wb") as file:
                for part in (_PREFIX.pack(_MAGIC, _VERSION, len(text)), text, tokens, data):
                    file.write(part)
            os.replace(aside, path)
        except BaseException:
            _remove(Path(aside))
            raise

    def _complain(self, error: Exception) -> None:
        """Say once why nothing is kept."""
        warn, self._warn = self._warn, None
        if warn is not None:
            said = (isinstance(error, OSError) and error.strerror) or error
            warn(f"the state of this prompt was not kept for later questions: {said}")

    def _replace(self, folder: Path, name: str, key: str, tokens: bytes) -> None:
        """Remove the states that a new one stands for."""
        for state in self._of(key):
            if state.path.parent != folder or state.path.name == name or state.stable:
                continue
            if common(state.tokens, tokens) >= state.prompt:
                _remove(state.path)

    def _make_room(self, new: Path) -> None:
        """Remove the longest unused files beyond the size, never the new one, and what killed processes left."""
        now, kept = time.time(), []
        for path, status in _files(self._folder):
            if path.suffix == _ASIDE and now - status.st_mtime > _STALE_SECONDS:
                _remove(path)
            if path.suffix != _NAME:
                continue
            state = self._known[path].state if path in self._known else None
            longer = _STABLE_SECONDS if state is not None and state.stable else 0
            kept.append((path == new, status.st_mtime + longer, status.st_size, path))
        left = sum(size for _, _, size, _ in kept)
        for is_new, _, size, path in sorted(kept):
            if left <= self._most or is_new:
                break
            _remove(path)
            left -= size

    def _of(self, key: str) -> list[State]:
        """Give the states of a key; only files that were not seen before are read."""
        known: dict[Path, _Known] = {}
        for path, status in _files(self._folder):
            if path.suffix == _NAME:
                identity = (status.st_ino, status.st_size, status.st_mtime_ns)
                before = self._known.get(path)
                known[path] = before if before and before.identity == identity else _Known(identity, _read(path))
        self._known = known
        return [each.state for each in known.values() if each.state is not None and each.state.key == key]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a file, and of which one: another with its name has another identity."""

    identity: tuple[int, int, int]
    state: State | None


def owner_folder(folder: Path, owner: str) -> Path:
    """Give where the states of an owner lie."""
    return folder / (owner if _OWNER.match(owner) else _SHARED)


def pack_tokens(tokens: Sequence[int]) -> bytes:
    """Give tokens as int32, little-endian."""
    packed = array("i", tokens)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_tokens(packed: bytes) -> list[int]:
    """Give the tokens that `pack_tokens` packed."""
    tokens = array("i", packed)
    if sys.byteorder == "big":
        tokens.byteswap()
    return tokens.tolist()


def common(one: bytes, other: bytes) -> int:
    """Give the number of tokens that two packed sequences begin with alike, by halving: memory is compared fast."""
    low, high = 0, min(len(one), len(other)) // 4
    while low < high:
        middle = (low + high + 1) // 2
        if one[: middle * 4] == other[: middle * 4]:
            low = middle
        else:
            high = middle - 1
    return low


def _digest(tokens: bytes, data: bytearray | memoryview) -> str:
    """Give the digest that stands in the header."""
    digest = hashlib.sha256(tokens)
    digest.update(data)
    return digest.hexdigest()


def _read(path: Path) -> State | None:
    """Read the header and the tokens of a file; one that is ours and not whole is removed."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_PREFIX.size)
            _, version, length = _PREFIX.unpack(head) if len(head) == _PREFIX.size else ("", _VERSION, 0)
            if not _MAGIC.startswith(head[: len(_MAGIC)]) or version != _VERSION:
                return None  # not ours to judge: another program's, or a later form of this one
            state = _parse(path, file.read(min(length, _LARGEST_HEADER)), file, size)
    except OSError:
        return None
    if state is None:
        _remove(path)
    return state


def _parse(path: Path, text: bytes, file: BinaryIO, size: int) -> State | None:
    """Make a state of a header's text and of the tokens that come next; None where they do not fit the file's size."""
    try:
        header = json.loads(text)
        count, data = int(header["tokens"]), int(header["bytes"])
        if min(count, data) < 0 or _PREFIX.size + len(text) + 4 * count + data != size:
            return None
        key, digest, prompt = str(header["key"]), str(header["sha256"]), int(header["prompt"])
        return State(path, key, file.read(4 * count), prompt, data, digest)
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """List the files of all owners; what vanishes meanwhile is left out."""
    for owner in _entries(folder):
        if owner.is_dir(follow_symlinks=False):
            for entry in _entries(owner.path):
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), entry.stat(follow_symlinks=False)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    """List a folder, as empty where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _touch(path: Path) -> None:
    """Mark a file as used now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _remove(path: Path) -> None:
    """Remove a file if it is there and may be removed."""
    with contextlib.suppress(OSError):
        path.unlink()
