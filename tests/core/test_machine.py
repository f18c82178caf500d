"""What this machine has: its memory, and the limits of a container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localdev.core.machine import cgroup_limit, free_memory_bytes, memory_bytes


def test_this_machine_has_memory() -> None:
    """The number is one that a machine can have, and not above what POSIX says."""
    found = memory_bytes()
    assert 10**8 < found < 10**15
    assert found <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="only Linux tells")
def test_some_of_it_is_free() -> None:
    """It is some, and no more than there is."""
    assert 10**7 < free_memory_bytes() <= memory_bytes()


@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "2000000000\n"}, 2_000_000_000),  # a container sees its own group as the top
        ("0::/user/one\n", {"user/one/memory.max": "max\n", "user/memory.max": "5000\n"}, 5000),  # a group above
        ("0::/user/one\n", {"user/one/memory.max": "400\n", "user/memory.max": "5000\n"}, 400),
        ("0::/\n", {"memory.max": "max\n"}, 0),
        ("0::/\n", {}, 0),
        ("0::/../../etc\n", {"memory.max": "77\n"}, 77),
        ("5:memory:/job\n", {"memory/job/memory.limit_in_bytes": "900\n"}, 900),  # version 1
        ("5:cpu,memory:/job\n", {"memory/job/memory.limit_in_bytes": "900\n"}, 900),
        ("5:cpu:/job\n", {"memory/job/memory.limit_in_bytes": "900\n"}, 0),
        ("5:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0),  # version 1 without a limit
        ("0::/\n", {"memory.max": "nonsense"}, 0),
        ("nonsense\n", {"memory.max": "88\n"}, 88),
        ("", {"memory.max": "88\n"}, 0),
    ],
)
def test_limits_of_a_container(tmp_path: Path, own: str, files: dict[str, str], limit: int) -> None:
    """The least limit of the process's group and of those above it counts, in both versions of control groups."""
    mount, listed = tmp_path / "mount", tmp_path / "cgroup"
    listed.write_text(own)
    for name, text in files.items():
        (mount / name).parent.mkdir(parents=True, exist_ok=True)
        (mount / name).write_text(text)
    assert cgroup_limit(mount, listed) == limit


def test_no_control_groups(tmp_path: Path) -> None:
    """Where the system has none there is no limit."""
    assert cgroup_limit(tmp_path, tmp_path / "missing") == 0
