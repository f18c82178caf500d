"""Reads the values of a GGUF file one after another, never past its end and never more than asked for into memory."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import ModelError
from localdev.models.gguf_tables import ARRAY, BOOL, SCALARS, STRING

Value = str | int | float | bool | None

_BLOCK = 1 << 20
_LONGEST_KEPT = 1 << 20  # bytes of one string; the largest chat templates known are below 64 KiB
_MOST_KEPT = 1 << 24  # bytes of all kept strings together
_MOST_ITEMS = 1 << 22  # strings in all arrays together; the largest vocabularies have below 2**20 tokens and merges
HINT = "get the file again from where it came, or choose another model"


class GgufBytes:
    """A cursor over an open file of known size."""

    def __init__(self, file: BinaryIO, size: int, path: Path) -> None:
        self._file, self._size, self._path = file, size, path
        self._block, self._block_start, self._at = b"", 0, 0
        self._items = self._kept = 0

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._block_start + self._at

    def left(self) -> int:
        """Bytes between here and the end of the file."""
        return self._size - self.position

    def fault(self, what: str) -> ModelError:
        """Make the error for something wrong in this file."""
        return ModelError(f"{self._path} is not a usable GGUF file: {what}", HINT)

    def need(self, count: int, what: str) -> None:
        """Refuse when fewer than `count` bytes are left."""
        if self.left() < 0:  # the last length that was read leads beyond the end
            raise self.fault(f"truncated in {what}")
        if count > self.left():
            raise self.fault(f"truncated in {what} ({count} bytes needed, {self.left()} left)")

    def take(self, count: int, what: str) -> bytes:
        """Give the next `count` bytes; `count` was bounded by the caller."""
        end = self._at + count
        if end > len(self._block):
            self.need(count, what)
            self._refill(count)
            end = count
            if end > len(self._block):
                raise self.fault(f"truncated in {what} (it shrank while it was read)")
        found = self._block[self._at : end]
        self._at = end
        return found

    def skip(self, count: int, what: str) -> None:
        """Move on by `count` bytes without reading them."""
        self._at += count
        if self._at > len(self._block):
            self._at -= count
            self.need(count, what)
            self._at += count

    def number(self, code: str, what: str) -> int:
        """Give the next whole number of the `struct` type `code`."""
        found: int = struct.unpack(code, self.take(struct.calcsize(code), what))[0]
        return found

    def text(self, what: str, longest: int) -> str:
        """Give the next string; longer than `longest` bytes is an error."""
        length = self.number("<Q", what)
        self.need(length, what)
        if length > longest:
            raise self.fault(f"{what} is {length} bytes long")
        return self.take(length, what).decode("utf-8", errors="replace")

    def value(self, kind: int, what: str) -> Value:
        """Give the next metadata value; of an array its length, of a string over 1 MiB None."""
        if kind in SCALARS:
            code = SCALARS[kind]
            found = struct.unpack(code, self.take(struct.calcsize(code), what))[0]
            return bool(found) if kind == BOOL else found
        if kind == STRING:
            length = self.number("<Q", what)
            self.need(length, what)
            if length > _LONGEST_KEPT:
                self.skip(length, what)
                return None
            self._kept += length
            if self._kept > _MOST_KEPT:
                raise self.fault(f"its metadata holds more than {_MOST_KEPT} bytes of text")
            return self.take(length, what).decode("utf-8", errors="replace")
        if kind == ARRAY:
            return self._skip_array(what)
        raise self.fault(f"{what} has the unknown value type {kind}")

    def _skip_array(self, what: str) -> int:
        """Move past an array and give its length."""
        kind, count = self.number("<I", what), self.number("<Q", what)
        if kind in SCALARS:
            self.need(count * struct.calcsize(SCALARS[kind]), what)
            self.skip(count * struct.calcsize(SCALARS[kind]), what)
            return count
        if kind != STRING:
            raise self.fault(f"{what} is an array of the unsupported type {kind}")
        self.need(count * 8, what)  # each string has at least its length
        self._items += count
        if self._items > _MOST_ITEMS:
            raise self.fault(f"{what} makes more than {_MOST_ITEMS} strings in its metadata")
        self._skip_strings(count, what)
        return count

    def _skip_strings(self, count: int, what: str) -> None:
        """Move past strings; a tight loop, for vocabularies and merges have some 400,000 of them."""
        length_at = struct.Struct("<Q").unpack_from
        while count:
            self.need(8, what)
            if self._at + 8 > len(self._block):
                self._refill(8)
            block, at, last = self._block, self._at, len(self._block) - 8
            if at > last:
                raise self.fault(f"truncated in {what} (it shrank while it was read)")
            while count and at <= last:
                at += 8 + length_at(block, at)[0]
                count -= 1
            self._at = at
        self.need(0, what)

    def _refill(self, count: int) -> None:
        """Read the next block, at least `count` bytes where the file has them."""
        start = self.position
        self._file.seek(start)
        self._block, self._block_start, self._at = self._file.read(max(_BLOCK, count)), start, 0
