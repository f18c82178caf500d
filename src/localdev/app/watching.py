"""When to look at a repository's files again: woken by the system's events, or every few seconds where there are none.

Listing 20,000 files every other second keeps a tenth of a core busy; waiting for events costs nothing and is faster.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.core.events import Notice

if TYPE_CHECKING:
    from localdev.core.code import RefreshReport
    from localdev.core.ports import Repository

_POLL_SECONDS = 2.0
# Looking takes at most this share of the time, one part in so many, however many files there are to look at.
_POLL_SHARE = 10
_EVENT_SHARE = 3
# An editor writes a file in several steps, a checkout a thousand files: wait for a quiet moment, but not for long.
_QUIET_MS = 50
_LONGEST_MS = 300
# Events can get lost (a full queue, a folder made and filled at once), so look without one, too.
_WITHOUT_EVENT_SECONDS = 60.0
_WAKE_MS = 1000
# Where another machine changes files no event comes.
_FAR_AWAY = frozenset(
    {"9p", "afs", "ceph", "cifs", "davfs", "fuse.s3fs", "fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3"}
)
# How the kernel writes a space, a backslash and their like in the name of a place.
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
# What git writes that changes which files are source; the rest of its folder is its own business.
_OF_GIT = frozenset({"index", "exclude", "HEAD"})

Seen = frozenset[str]


def moments(root: Path, own: Sequence[Path], tell: Callable[[Notice], None]) -> Generator[Seen, None, None]:
    """Yield whenever files may have changed, until closed; the first time within a second.

    With it come the paths, from the root, of which an event told; none when nothing told of any.
    `own` are localdev's folders: what changes there says nothing. `tell` hears why there are no events, if there are
    none.
    """
    reason = far_away(root)
    if not reason:
        try:
            yield from _events(root, [os.path.realpath(folder) for folder in own])
        except OSError as error:
            reason = f"the system gives no events here ({error.strerror or error})"
    tell(Notice("info", f"{reason}: looking every {_POLL_SECONDS:g} seconds instead"))
    while True:
        started = time.monotonic()
        yield frozenset()
        time.sleep(max(_POLL_SECONDS, (_POLL_SHARE - 1) * (time.monotonic() - started)))


def _events(root: Path, own: Sequence[str]) -> Iterator[Seen]:
    """Yield after changes that may matter.

    Raises:
        OSError: the system has no events, or not for so many folders.
    """
    import watchfiles

    top = os.path.realpath(root)
    watch = watchfiles.watch(
        top,
        watch_filter=lambda _change, path: matters(path, top, own),
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        rust_timeout=_WAKE_MS,
        yield_on_timeout=True,
    )
    looked = time.monotonic() - _WITHOUT_EVENT_SECONDS  # what changed before the watch began has no event
    for changes in watch:
        started = time.monotonic()
        if changes or started - looked >= _WITHOUT_EVENT_SECONDS:
            yield frozenset(os.path.relpath(path, top).replace(os.sep, "/") for _, path in changes)
            looked = time.monotonic()
            time.sleep((_EVENT_SHARE - 1) * (looked - started))


def changed_path(report: RefreshReport, seen: Seen, repository: Repository) -> str:
    """Give the path of the one file that changed; empty when there are more, or the events do not tell which."""
    if report.added + report.changed + report.removed != 1:
        return ""
    known = set(repository.paths())
    fitting = [path for path in seen if (path not in known) == bool(report.removed) and not path.startswith(".git/")]
    return fitting[0] if len(fitting) == 1 else ""


def matters(path: str, root: str, own: Sequence[str]) -> bool:
    """Tell whether a change of this path may change what is indexed."""
    if any(path == folder or path.startswith(folder + os.sep) for folder in own):
        return False
    parts = path[len(root) :].split(os.sep)
    return ".git" not in parts[:-1] or parts[-1] in _OF_GIT


def far_away(root: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Say, as the start of a sentence, that files lie where no events come from; empty when they do or nobody knows."""
    try:
        lines = mounts.read_bytes().split(b"\n")
    except OSError:
        return ""
    place = os.path.realpath(root)
    best, kind = "", ""
    for line in lines:
        left, dash, right = line.partition(b" - ")
        if not dash:
            continue
        mounted = os.fsdecode(_OCTAL.sub(lambda found: bytes([int(found[1], 8)]), left.split(b" ")[4]))
        if len(mounted) >= len(best) and (place == mounted or place.startswith(mounted.rstrip("/") + "/")):
            best, kind = mounted, os.fsdecode(right.split()[0])
    return f"{best} is a network file system ({kind})" if kind in _FAR_AWAY else ""
