"""What this machine has, as far as the system tells without a library."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")
_MEMINFO = Path("/proc/meminfo")
# Without a limit version 1 gives a number near 2 to the 63rd.
_NO_LIMIT = 1 << 60


def memory_bytes() -> int:
    """Give the memory that this process may use in bytes: the machine's, or its container's limit; 0 when not known."""
    total = _windows_memory() if sys.platform == "win32" else _physical_memory()
    limits = [limit for limit in (total, cgroup_limit(_CGROUP, _OWN_CGROUP)) if limit]
    return min(limits, default=0)


def free_memory_bytes() -> int:
    """Give the memory that programs could take now without others giving any up, in bytes; 0 where nobody tells.

    Linux tells (MemAvailable counts what files keep in memory only as long as nobody else wants it). A container's
    limit is counted, but not what others in it have taken.
    """
    try:
        lines = _MEMINFO.read_text().splitlines()
    except OSError:
        return 0
    found = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), "0")
    return min(int(found) * 1024, memory_bytes()) if found.isdecimal() else 0


def _physical_memory() -> int:
    """Give the machine's memory by POSIX, which Linux and macOS answer."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def cgroup_limit(mount: Path, own: Path) -> int:
    """Give the limit that a container or a session sets to memory on Linux, version 2 or 1; 0 when there is none.

    `mount` is where control groups are mounted, `own` the file that names those of this process. A limit of any group
    above counts too. In a container the process's own group is often the top of what is mounted.
    """
    try:
        lines = own.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    found = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        top = mount / "memory" if controllers else mount
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        folder = top / path.strip("/")
        places = [folder, *folder.parents] if folder.is_relative_to(top) else [top]
        found += [_number(place / name) for place in places if place.is_relative_to(top)]
    return min((limit for limit in found if 0 < limit < _NO_LIMIT), default=0)


def _number(path: Path) -> int:
    """Read a file that holds one number; 0 when it holds another word or is not there."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _windows_memory() -> int:
    """Give the machine's memory as Windows tells it; not run by the tests, which have no Windows."""
    import ctypes

    class Status(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "page", "page_free", "virtual", "virtual_free")),
            ("extended", ctypes.c_ulonglong),
        )

    status = Status(length=ctypes.sizeof(Status))
    kernel = getattr(ctypes, "windll", None)
    if kernel is None or not kernel.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return 0
    return int(status.total)
