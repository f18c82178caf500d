"""From one file on disk to its rows: reading, hashing, parsing and splitting into words. Runs here or in a worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from localdev.core.code import Skipped
from localdev.index.rows import FileRows, to_rows

# A file may be written again within one tick of its file system's clock, with the same size and time. One that was
# written this shortly before it was read is read again at the next refresh, as git does with its index.
RACY_NS = 2_000_000_000
RACY = -1
GONE = "gone"


class Prepared(NamedTuple):
    """What became of one file: `rows`, or none with the reason in `skipped`, or none because `digest` is the known one.

    `mtime_ns` is `RACY` when the file is to be read again at the next refresh: it may yet change without a trace.
    """

    path: str
    size: int
    mtime_ns: int
    digest: str
    skipped: str
    rows: FileRows | None


def prepare(root: Path, path: str, size: int, mtime_ns: int, *, known_digest: str = "") -> Prepared:
    """Read one listed file; parse it unless its digest is `known_digest`. `size` and `mtime_ns` are the listing's."""
    from localdev.source.reading import read_text
    from localdev.source.skip import UNREADABLE

    content = read_text(root, path)
    if isinstance(content, Skipped):
        # What the system does not give today it may give tomorrow, and permissions change without a new time.
        again = content.reason.startswith(UNREADABLE)
        return Prepared(path, size, RACY if again else settled(mtime_ns), "", content.reason, None)
    mtime_ns = settled(content.mtime_ns)
    if content.digest == known_digest:
        return Prepared(path, content.size, mtime_ns, content.digest, "", None)
    from localdev.source.parse import parse_file

    rows = to_rows(parse_file(path, content.text))
    return Prepared(path, content.size, mtime_ns, content.digest, "", rows)


def settled(mtime_ns: int) -> int:
    """Give the time to remember for a file: its own, or `RACY` when it was written a moment ago."""
    return RACY if time.time_ns() - mtime_ns < RACY_NS else mtime_ns
