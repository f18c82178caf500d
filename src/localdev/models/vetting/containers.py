"""Lists what zip and tar files hold by their directories alone: nothing in them is unpacked, however small."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

_LONGEST_DIRECTORY = 1 << 20  # bytes of a zip's directory that are read
_MOST_NAMES = 4096
_END = struct.Struct("<4s4H2LH")  # the record that ends a zip; a comment of up to 64 KiB follows it
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")  # stands between the two
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LARGEST = 1 << 63
_LONGEST_COMMENT = (1 << 16) - 1
_TAR_BLOCK = 512


def zip_names(file: BinaryIO, size: int) -> list[str] | None:
    """Give the first names in the zip that ends with this file, None where no zip does.

    A zip is read from its end, so one can hang on any other file; programs that open zips do not look at what is in
    front of it. They differ in what they believe of a record that contradicts itself, so each reading counts.
    """
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read(_END.size + _LONGEST_COMMENT)
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        if at + _END.size <= len(tail):
            count, length, offset = _END.unpack_from(tail, at)[4:7]
            if count == length == 0:
                return []
            for start in _starts(file, tail_at + at, length, offset):
                if _at(file, start, 4) == b"PK\1\2":  # in front of reading more: a file can hold thousands of records
                    return _names(_at(file, start, _LONGEST_DIRECTORY))
        at = tail.rfind(b"PK\5\6", 0, at)
    return None


def _starts(file: BinaryIO, end: int, length: int, offset: int) -> Iterator[int]:
    """Give the places where the directory of the record at `end` may begin: by its length, or by where it says."""
    yield from (end - length, offset)
    locator = _at(file, end - _LOCATOR.size, _LOCATOR.size)
    if locator[:4] == b"PK\6\7":
        # The 64-bit record lies in front of its locator, or where that says; some believe it whatever the other holds.
        for place in (end - _LOCATOR.size - _END_64.size, _LOCATOR.unpack(locator)[2]):
            record = _at(file, place, _END_64.size)
            if len(record) == _END_64.size and record[:4] == b"PK\6\6":
                length, offset = _END_64.unpack(record)[8:10]
                yield from (place - length, offset)


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    """Give up to `count` bytes from a place on, none where there is no such place."""
    if not 0 <= place < _LARGEST:
        return b""
    file.seek(place)
    return file.read(count)


def _names(directory: bytes) -> list[str]:
    """Give the names in a zip's directory, as far as it was read."""
    found: list[str] = []
    at = 0
    while at + _ENTRY.size <= len(directory) and len(found) < _MOST_NAMES:
        entry = _ENTRY.unpack_from(directory, at)
        if entry[0] != b"PK\1\2":
            break
        name, extra, comment = entry[10:13]
        at += _ENTRY.size
        found.append(directory[at : at + name].decode("utf-8", errors="replace"))
        at += name + extra + comment
    return found


def first_zip_name(head: bytes) -> str:
    """Give the name of the entry that a zip begins with; empty where it begins with none."""
    if head[:4] != b"PK\3\4" or len(head) < 30:
        return ""
    length = struct.unpack_from("<H", head, 26)[0]
    return head[30 : 30 + length].decode("utf-8", errors="replace")


def tar_names(file: BinaryIO, size: int) -> list[str] | None:
    """Give the first names in a tar archive, None where the file is none."""
    names: list[str] = []
    at = 0
    while len(names) < _MOST_NAMES and at + _TAR_BLOCK <= size:
        file.seek(at, os.SEEK_SET)
        block = file.read(_TAR_BLOCK)
        length = _tar_size(block)
        if length is None:
            break
        names.append(block[:100].split(b"\0")[0].decode("utf-8", errors="replace"))
        at += _TAR_BLOCK - (-length // _TAR_BLOCK) * _TAR_BLOCK
    return names or None


def _tar_size(block: bytes) -> int | None:
    """Give the size that a tar header claims for its file, None where the block is no header."""
    if len(block) < _TAR_BLOCK or not block[0]:
        return None
    said, size = _octal(block[148:156]), _octal(block[124:136])
    total = sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
    return size if said == total else None


def _octal(digits: bytes) -> int | None:
    """Read a number of a tar header; large ones are binary, with the highest bit set."""
    if digits[:1] == b"\x80":
        return int.from_bytes(digits[1:], "big")
    digits = digits.strip(b" \0") or b"0"
    return int(digits, 8) if re.fullmatch(rb"[0-7]+", digits) else None
