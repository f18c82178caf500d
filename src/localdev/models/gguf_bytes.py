"""Reads the values of a GGUF file one after another, never past its end and never more than asked for into memory."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from localdev.core.errors import ModelError
from localdev.models.gguf_tables import ARRAY, BOOL, SCALARS, STRING, VALUE_TYPES, array_of

Value = str | int | float | bool | None

_BLOCK = 1 << 17
LONGEST_KEPT = 1 << 16  # bytes of one string
_MOST_KEPT = 272 << 10  # bytes of all kept strings together; in memory a character takes up to four
_LONG_PART = 1 << 16  # bytes of a long string that are looked at together
_BATCH = 2048  # strings that are given together
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

    def fault(self, what: str, hint: str = HINT) -> ModelError:
        """Make the error for something wrong in this file."""
        return ModelError(f"{self._path} is not a usable GGUF file: {what}", hint)

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

    def seek(self, position: int) -> None:
        """Go to a place in the file that was passed before."""
        self._block, self._block_start, self._at = b"", position, 0

    def number(self, code: str, what: str) -> int:
        """Give the next whole number of the `struct` type `code`."""
        found: int = struct.unpack(code, self.take(struct.calcsize(code), what))[0]
        return found

    def text(self, what: str, longest: int) -> str:
        """Give the next string; one longer than `longest` bytes, or not in UTF-8, is an error."""
        length = self.number("<Q", what)
        self.need(length, what)
        if length > longest:
            raise self.fault(f"{what} is {length} bytes long, at most {longest} are allowed")
        return self._decoded(self.take(length, what), what)

    def kind(self, what: str) -> int:
        """Give the next value type; of an array `array_of` what it holds, with its length yet to read."""
        kind = self.number("<I", what)
        if kind == ARRAY:
            item = self.number("<I", what)
            if item not in SCALARS and item != STRING:
                raise self.fault(f"{what} is an array of the unsupported type {item}")
            return array_of(item)
        if kind >= len(VALUE_TYPES):
            raise self.fault(f"{what} has the unknown value type {kind}")
        return kind

    def value(self, kind: int, what: str, longest: int = LONGEST_KEPT) -> Value:
        """Give the next metadata value; of an array its length, of a string over `longest` bytes None."""
        if kind in SCALARS:
            code = SCALARS[kind]
            found = struct.unpack(code, self.take(struct.calcsize(code), what))[0]
            return bool(found) if kind == BOOL else found
        if kind == STRING:
            length = self.number("<Q", what)
            self.need(length, what)
            if length > longest:
                self._skip_text(length, what)
                return None
            self._kept += length
            if self._kept > _MOST_KEPT:
                raise self.fault(f"its metadata holds more than {_MOST_KEPT} bytes of text")
            return self._decoded(self.take(length, what), what)
        return self._skip_array(kind & 15, what)

    def numbers(self, kind: int, most: int, what: str) -> tuple[int, ...]:
        """Give the numbers of an array of the type `kind` (see `array_of`); more than `most` is an error."""
        code, count = SCALARS[kind & 15][1], self.number("<Q", what)
        if count > most:
            raise self.fault(f"{what} is an array of {count} numbers, at most {most} are allowed")
        return struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize(f"<{code}"), what))

    def _decoded(self, data: bytes, what: str) -> str:
        """Decode a string; llama.cpp ends it at a zero byte, so what stands behind one would be read by us alone."""
        try:
            found = data.decode()
        except UnicodeDecodeError as error:
            raise self.fault(f"{what} is not UTF-8 (byte {error.start} of the string)") from None
        if "\0" in found:
            raise self.fault(f"{what} holds a zero byte")
        return found

    def _skip_text(self, length: int, what: str) -> None:
        """Move past a long string, block by block, and refuse what is not UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while length:
                part = min(length, _LONG_PART)
                decoder.decode(self.take(part, what), final=part == length)
                length -= part
        except UnicodeDecodeError:
            raise self.fault(f"{what} is not UTF-8") from None

    def _skip_array(self, kind: int, what: str) -> int:
        """Move past an array and give its length."""
        count = self.number("<Q", what)
        if kind in SCALARS:
            self.need(count * struct.calcsize(SCALARS[kind]), what)
            self.skip(count * struct.calcsize(SCALARS[kind]), what)
            return count
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

    def strings(self, count: int, what: str) -> Iterator[list[bytes]]:
        """Give the next `count` strings as they are, some 2000 at a time; one over 128 KiB is an error."""
        length_at = struct.Struct("<Q").unpack_from
        while count:
            self.need(8, what)
            if self._at + 8 > len(self._block):
                self._refill(8)
            block, at, size = self._block, self._at, len(self._block)
            if at + 8 > size:
                raise self.fault(f"truncated in {what} (it shrank while it was read)")
            found: list[bytes] = []
            end, last, wanted = at, size - 8, min(count, _BATCH)
            while wanted and at <= last:
                end = at + 8 + length_at(block, at)[0]
                if end > size:
                    break
                found.append(block[at + 8 : end])
                at = end
                wanted -= 1
            self._at = at
            count -= len(found)
            if found:
                yield found
            elif end > size:
                self.need(end - at, what)
                if end - at > _BLOCK:
                    raise self.fault(f"{what} holds a string of {end - at - 8} bytes")
                self._refill(end - at)

    def _refill(self, count: int) -> None:
        """Read the next block, at least `count` bytes where the file has them; the old one is let go of first."""
        start = self.position
        self._file.seek(start)
        self._block = b""
        self._block = self._file.read(min(max(_BLOCK, count), self._size - start))
        self._block_start, self._at = start, 0
