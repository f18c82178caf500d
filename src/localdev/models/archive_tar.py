"""The form of an export: a tar of plain files whose every byte but the contents follows from their names and sizes.

A reader therefore makes the header that must stand there and compares, instead of interpreting what does; links,
devices, sparse files and second opinions about a size cannot even be said. What differs is read only to name it.
Any `tar` unpacks such a file (POSIX.1-2001: ustar headers, and a pax record for a size beyond 8 GiB).
"""

from __future__ import annotations

import re

BLOCK = 512
END = bytes(2 * BLOCK)
LONGEST_FOLDER, LONGEST_NAME = 155, 100  # bytes that ustar has for them
_LARGEST_OCTAL = 8**11 - 1  # the size field has eleven octal digits
_TIME = 315532800  # 1980-01-01, the oldest time that every file system can keep
_FILE, _EXTENDED = b"0", b"x"
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a named pipe",
    b"S": "a sparse file",
    b"x": "an extended header",
    b"g": "an extended header for all files",
    b"L": "a long name",
    b"K": "a long link",
}


def member_header(folder: str, name: str, size: int) -> bytes:
    """Give what stands before the content of the file `folder`/`name` (ASCII) of `size` bytes: 512 bytes or 1536."""
    if size <= _LARGEST_OCTAL:
        return _header(folder, name, size, _FILE)
    record = _record("size", str(size))
    return _header("", "pax-header", len(record), _EXTENDED) + padded(record) + _header(folder, name, 0, _FILE)


def padding(size: int) -> int:
    """Give the number of zero bytes behind a content of `size` bytes."""
    return -size % BLOCK


def padded(data: bytes) -> bytes:
    """Give data with its padding."""
    return data + bytes(padding(len(data)))


def claimed_size(block: bytes) -> int:
    """Give the size that a header of 512 bytes claims, -1 where there is none."""
    digits = block[124:135]
    return int(digits, 8) if re.fullmatch(rb"[0-7]{11}", digits) and len(block) == BLOCK else -1


def complaint(found: bytes, expected: bytes) -> str:
    """Say in a few words how the first block of the header `found` differs from the `expected` one."""
    block, wanted = found[:BLOCK], _path(expected[-BLOCK:])
    if len(found) < len(expected):
        return f"truncated before {wanted}"
    if not any(block):
        return f"it ends before {wanted}"
    if block[257:262] != b"ustar" or not _sums_up(block):
        return f"the header of {wanted} is damaged"
    kind, path = block[156:157], _path(block)
    if kind == expected[156:157] == _EXTENDED:
        return f"the extended header of {wanted} is not the one its size asks for"
    if kind not in (_FILE, b"\0"):
        return f"it holds {_KINDS.get(kind, 'something else than a file')} ({path}) where the file {wanted} belongs"
    if path != wanted:
        return f"it holds {path} where {wanted} belongs"
    if block[124:136] != expected[-BLOCK:][124:136]:
        return f"{wanted} claims another size there than in the manifest"
    return f"the header of {wanted} is not one that localdev writes"


def _header(folder: str, name: str, size: int, kind: bytes) -> bytes:
    """Make one ustar header."""
    fields = (
        (name.encode("ascii"), 100),
        (b"0000644", 8),
        (b"0000000", 8),  # owner
        (b"0000000", 8),  # group
        (f"{size:011o}".encode(), 12),
        (f"{_TIME:011o}".encode(), 12),
        (b" " * 8, 8),  # the checksum, counted as blanks
        (kind, 1),
        (b"", 100),  # what a link leads to
        (b"ustar\x0000", 8),
        (b"", 80),  # names of owner and group, numbers of a device
        (folder.encode("ascii"), 155),
        (b"", 12),
    )
    block = b"".join(value.ljust(length, b"\0") for value, length in fields)
    if len(block) != BLOCK:
        raise ValueError(f"a name is too long for an export: {folder}/{name}")
    return block[:148] + f"{sum(block):06o}\0 ".encode() + block[156:]


def _record(key: str, value: str) -> bytes:
    """Make a pax record, which begins with its own length."""
    rest = f" {key}={value}\n"
    length = len(rest)
    while len(f"{length}{rest}") != length:
        length += 1
    return f"{length}{rest}".encode()


def _path(block: bytes) -> str:
    """Give folder and name of a header, whatever is not printable ASCII as its number."""
    parts = [block[345:500].split(b"\0")[0], block[:100].split(b"\0")[0]]
    text = b"/".join(part for part in parts if part).decode("latin-1")
    return "".join(each if " " <= each <= "~" else f"\\x{ord(each):02x}" for each in text) or "a file without a name"


def _sums_up(block: bytes) -> bool:
    """Check the checksum of a header."""
    digits = block[148:156].strip(b" \0")
    total = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    return bool(re.fullmatch(rb"[0-7]{1,7}", digits)) and int(digits, 8) == total
