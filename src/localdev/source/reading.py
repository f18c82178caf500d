"""Reading one source file: its text and digest, or why it is not read as source."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from localdev.core.code import Skipped
from localdev.core.errors import UsageError
from localdev.source import skip

DIGEST_BYTES = 16

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)  # the last part of the path may not be a link
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not wait for its other end
    | getattr(os, "O_BINARY", 0)
)
_LOOK = 8_000  # bytes looked at to tell text from binary, as git does
_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_MOST_CONTROL = 0.1
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_HEAD_LINES = 15  # generators put their mark below a licence header at most
_COMMENT = re.compile(r"^\s*(?:#|//|/\*|\*(?!\*)|--|;|%|<!--|@?rem\b|\"\"\"|'''|\{-|\(\*|=begin)", re.IGNORECASE)
_GENERATED = re.compile(
    r"@generated\b|\bDO NOT (?:EDIT|MODIFY)\b|^\W*(?:rem )?Code generated (?:by|from)\b"
    r"|\b(?i:(?:this|the) (?:file|code|class) (?:is|was|has been) (?:auto-?|automatically |machine[- ])generated)\b"
    r"|\b(?i:(?:auto-?|automatically |machine[- ])generated (?:by|from))\b"
)

_PROSE = frozenset(
    {"md", "markdown", "mdx", "rst", "txt", "adoc", "asciidoc", "org", "tex", "textile", "wiki", "rdoc", "pod"}
)
_SMALLEST_MINIFIED = 2_000  # characters; one long line in a small file is a long line
_LONG_MEAN = 250  # characters per line over the whole file; hand-written code stays below 60
_HUGE_LINE = 1_000
_HUGE_SHARE = 0.8
_LONG_PROSE_MEAN = 4_000  # prose may keep a paragraph on one line


@dataclass(frozen=True, slots=True)
class Content:
    r"""A file as it was read.

    `text` has `\n` line ends and no byte order mark; `digest` is hexadecimal blake2b (16 bytes) of the raw bytes;
    `size` in bytes and `mtime_ns` are those of the open file. Should it have been written meanwhile, `mtime_ns` is the
    older one, so that the next listing shows a difference.
    """

    path: str
    text: str
    digest: str
    size: int
    mtime_ns: int


def read_text(root: Path, path: str, *, limit: int = skip.DEFAULT_LIMIT) -> Content | Skipped:
    """Read the file `path` (relative to `root`, forward slashes), or say why it is not taken as source.

    Raises:
        UsageError: `path` leads out of `root`, by itself or through a link.
    """
    reason = _refuse_outside(root, path)
    try:
        data, facts = (b"", None) if reason else _read_stable(f"{root}/{path}", limit)
    except (FileNotFoundError, NotADirectoryError):
        reason = "gone"
    except OSError as error:
        reason = skip.trouble(error)
    except _NotTaken as why:
        reason = str(why)
    if reason or facts is None:
        return Skipped(path, reason)
    text = None if _looks_binary(data) else decode(data)
    if text is None or "\0" in text:  # UTF-16 may hold one too
        return Skipped(path, skip.BINARY)
    reason = content_reason(path, text)
    if reason:
        return Skipped(path, reason)
    digest = hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()
    return Content(path, text, digest, facts.st_size, facts.st_mtime_ns)


def read_bytes(root: Path, path: str, *, limit: int) -> bytes | None:
    """Read the plain file `path` (relative to `root`, forward slashes) as it is.

    None where there is none, or it cannot be read, is larger than `limit` bytes, lies outside or behind a link.
    """
    try:
        return None if _refuse_outside(root, path) else _read_stable(f"{root}/{path}", limit)[0]
    except (OSError, UsageError, _NotTaken):
        return None


class _NotTaken(Exception):
    """The open file is not to be read; the text is the reason."""


def decode(data: bytes) -> str:
    r"""Turn the bytes of a text file into text with `\n` line ends; never fails.

    UTF-8 first, or UTF-16 where a byte order mark says so. What is neither is UTF-8 with a few broken bytes (shown as
    U+FFFD), or a one-byte Western encoding, whichever gives less nonsense.
    """
    text = data.decode("utf-16", "replace") if data.startswith(_UTF16) else eight_bit(data)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def eight_bit(data: bytes) -> str:
    """Decode UTF-8, or guess."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        lenient = data.decode("utf-8", "replace")
    broken = lenient.count("\ufffd")
    foreign = sum(not char.isascii() for char in lenient) - broken
    if foreign > broken:
        return lenient
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def content_reason(path: str, text: str) -> str:
    """Give the reason not to index a text: `empty`, `generated` or `minified`; empty when it is source."""
    if not text.strip():
        return "empty"
    if _is_marked_generated(text[:_LOOK]):
        return skip.GENERATED
    return skip.MINIFIED if _is_minified(path, text) else ""


def _is_marked_generated(head: str) -> bool:
    """Say whether a comment among the first lines says that a program wrote the file."""
    if "enerated" not in head and "DO NOT " not in head:  # nearly every file, and line by line is slow
        return False
    lines = head.split("\n", _HEAD_LINES)[:_HEAD_LINES]
    return any(_COMMENT.match(line) and _GENERATED.search(line) for line in lines)


def _is_minified(path: str, text: str) -> bool:
    """Say whether the lines are too long to have been written by hand."""
    size = len(text)
    if size < _SMALLEST_MINIFIED:
        return False
    mean = size / (text.count("\n") + 1)
    if path.rpartition(".")[2].lower() in _PROSE:
        return mean > _LONG_PROSE_MEAN
    if mean > _LONG_MEAN:
        return True
    # A licence in front of one huge line: rare, so lines are only measured where the mean is already high.
    return (
        mean > _LONG_MEAN / 5
        and sum(len(line) for line in text.split("\n") if len(line) > _HUGE_LINE) > _HUGE_SHARE * size
    )


def _looks_binary(data: bytes) -> bool:
    """Say whether bytes are no text: a NUL, or many control characters at the beginning."""
    if data.startswith(_UTF16):
        return False
    sample = data[:_LOOK]
    controls = len(sample) - len(sample.translate(None, _CONTROL))
    return b"\0" in data or controls > _MOST_CONTROL * len(sample)


def _read_stable(path: str, limit: int) -> tuple[bytes, os.stat_result]:
    """Read a whole file; once more when it was written to meanwhile. Gives the facts from before the last reading."""
    for _ in range(2):
        data, before, after = _read_once(path, limit)
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) and len(data) == after.st_size:
            break
    return data, before


def _read_once(path: str, limit: int) -> tuple[bytes, os.stat_result, os.stat_result]:
    """Read a file between two looks at its facts; raises `_NotTaken` when it is too large or no regular file."""
    handle = os.open(path, _FLAGS)
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise _NotTaken("not a regular file")
        if before.st_size > limit:
            raise _NotTaken(skip.over_limit(limit))
        # One byte more than there should be, so that growth shows; the network may give less at once than asked for.
        data = os.read(handle, before.st_size + 1)
        while 0 < len(data) < before.st_size and (more := os.read(handle, before.st_size + 1 - len(data))):
            data += more
        return data, before, os.fstat(handle)
    finally:
        os.close(handle)


def _refuse_outside(root: Path, path: str) -> str:
    """Raise for a path that leads out of the root; give `symlink` for a link inside, and nothing for a plain path."""
    parts = path.split("/")
    odd = os.path.isabs(path) or "\0" in path or (os.sep != "/" and os.sep in path) or bool(os.path.splitdrive(path)[0])
    if odd or any(part in ("", ".", "..") for part in parts):
        raise _outside(root, path)
    place = str(root).removesuffix("/")
    for part in parts:
        place = f"{place}/{part}"
        if os.path.islink(place):
            # Only here the whole way is resolved: a look at each part is far cheaper for the thousands without links.
            real, top = os.path.realpath(place), os.path.realpath(root)
            if os.path.commonpath((real, top)) != top:
                raise _outside(root, path)
            return "symlink"
    return ""


def _outside(root: Path, path: str) -> UsageError:
    """Word the refusal."""
    return UsageError(
        f"{path!r} is not a path inside {root}", "give a path relative to the folder, without '..' or links"
    )
