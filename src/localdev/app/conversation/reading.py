"""Files read for a chat: lines around a passage, and whole texts to be given with a question."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import NotFound, UsageError
from localdev.core.files import storage_error

# Far more than any window holds; what is larger was hardly meant.
LARGEST_ATTACHMENT = 1_000_000
_LARGEST_FILE = 50_000_000
_LOOKED_AT = 8000


@dataclass(frozen=True, slots=True)
class Preview:
    """Lines of a file as they are now: `lines[0]` is line `first_line`; `changed` says that a passage of it is old."""

    path: str
    first_line: int
    lines: tuple[str, ...]
    language: str
    changed: bool


def preview(root: Path, path: str, lines: tuple[int, int], *, around: int = 3, since: float = 0.0) -> Preview:
    """Read the lines from the first to the last (1-based, inclusive) of a file below the root, and some around them.

    Raises:
        NotFound: it is not there any more.
        UsageError: it is no text, or not in the repository.
    """
    from localdev.source.languages import language_of

    place = _inside(root, path)
    rows = read_text(place, largest=_LARGEST_FILE).split("\n")
    if rows and rows[-1] == "":
        rows.pop()
    start, end = max(1, lines[0]), max(lines)
    changed = end > len(rows) or (since > 0 and place.stat().st_mtime > since)
    first = max(1, min(start, len(rows)) - around)
    shown = tuple(row.removesuffix("\r") for row in rows[first - 1 : end + around])
    return Preview(path, first, shown, language_of(path, rows[0] if rows else ""), changed)


def read_text(path: Path, *, largest: int = LARGEST_ATTACHMENT) -> str:
    """Read a text file; broken characters are replaced.

    Raises:
        NotFound: there is none.
        UsageError: it is a folder, no text, or too large.
        StorageError: it cannot be read.
    """
    try:
        # Without waiting for whoever may write into a pipe of that name.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(f"{path} is no plain file", "name a file")
            data: bytes = file.read(largest + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(
            f"there is no file {path}", "check the path; a relative one counts from the top folder"
        ) from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder", "name a file in it") from error
    except OSError as error:
        raise storage_error(path, error, "read") from error
    if len(data) > largest:
        raise UsageError(f"{path} is larger than {largest // 1_000_000} MB", "attach the part that matters")
    if b"\0" in data[:_LOOKED_AT] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path} is no text", "attach a file of text")
    return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "replace")


def _inside(root: Path, path: str) -> Path:
    """Give a file of the repository; a path that leaves it is refused."""
    if os.path.isabs(path) or ".." in path.split("/"):
        raise UsageError(f"{path} is outside the repository", "name a file by its path from the top folder")
    return root / path
