"""`index --watch` in a real process: every way in which files change, and none in which they do not."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localdev.app.watching import far_away, matters, moments
from localdev.core.events import Notice

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "gc.auto=0")
Change = tuple[int, int, int]


class Watching:
    """A running `localdev index --watch --json`."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "-P", "-c", "import sys; from localdev.cli.main import main; sys.exit(main())"]
        self.root = root
        self.process = subprocess.Popen(
            [*command, "index", "--watch", "--json"],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reports: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, seconds: float = 30) -> dict[str, Any]:
        """Wait for the next report."""
        return self._reports.get(timeout=seconds)

    def until(self, wanted: Change) -> float:
        """Take reports until they come to (added, changed, removed); give the seconds that took.

        A look may fall between the steps of one change: a file that git replaces may be gone for a moment. So what
        counts is how many files there are more or fewer, and that no fewer were touched.
        """
        started, net, touched = time.monotonic(), 0, 0
        while net != wanted[0] - wanted[2] or touched < sum(wanted):
            report = self.next()
            net += report["added"] - report["removed"]
            touched += report["added"] + report["changed"] + report["removed"]
        return time.monotonic() - started

    def quiet(self, seconds: float = 1.0) -> bool:
        """Tell whether no report comes for a while."""
        try:
            self._reports.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def git(self, *arguments: str) -> None:
        """Run git in the repository."""
        subprocess.run([*GIT, *arguments], cwd=self.root, check=True, capture_output=True)

    def _read(self) -> None:
        """Take the reports from the process."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._reports.put(json.loads(line))


@pytest.fixture
def watching(tmp_path: Path, home: Path) -> Iterator[Watching]:
    """A watched repository of 30 files, two branches, and localdev's own folder inside it."""
    root = tmp_path / "watched"
    (root / "src").mkdir(parents=True)
    for number in range(30):
        (root / "src" / f"file_{number}.py").write_text(f"def value_{number}():\n    return {number}\n")
    (root / ".gitignore").write_text("build/\n/home/\n")
    for path in root.rglob("*.py"):
        os.utime(path, (1e9, 1e9))
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*GIT, *command], cwd=root, check=True, capture_output=True)
    os.environ["LOCALDEV_HOME"] = str(root / "home")
    running = Watching(root)
    assert running.next()["added"] == 31
    time.sleep(1.5)  # the first look without an event
    yield running
    running.process.kill()
    running.process.communicate()


def test_every_change_is_followed(watching: Watching) -> None:
    """Edits, new files, renames, removals, a burst, a branch; and nothing for what is ignored; Ctrl-C ends it."""
    root, src = watching.root, watching.root / "src"
    changes: list[tuple[Callable[[], object], Change]] = [
        (lambda: (src / "file_1.py").write_text("def edited():\n    return 1\n"), (0, 1, 0)),
        (lambda: (src / "new.py").write_text("def new():\n    return 1\n"), (1, 0, 0)),
        (lambda: (src / "new.py").rename(src / "renamed.py"), (1, 0, 1)),
        (lambda: (src / "renamed.py").unlink(), (0, 0, 1)),
        (lambda: src.rename(root / "moved"), (30, 0, 30)),
        (lambda: (root / "moved").rename(src), (30, 0, 30)),
    ]
    for change, counts in changes:
        change()
        assert watching.until(counts) < 20
    (root / "build").mkdir()
    (root / "build" / "out.py").write_text("x = 1\n")
    (root / "home" / "note.py").write_text("x = 1\n")
    watching.git("tag", "something")
    assert watching.quiet()
    (root / "many").mkdir()
    for number in range(300):
        (root / "many" / f"file_{number}.py").write_text(f"def many_{number}():\n    return {number}\n")
    watching.until((300, 0, 0))
    watching.git("checkout", "-q", "-b", "other")
    watching.git("rm", "-q", "src/file_2.py")
    (src / "file_3.py").write_text("def on_the_other_branch():\n    return 1\n")
    watching.until((0, 1, 1))
    watching.git("commit", "-qam", "two")
    watching.git("checkout", "-q", "-")
    watching.until((1, 1, 0))
    watching.process.send_signal(signal.SIGINT)
    _, errors = watching.process.communicate(timeout=20)
    assert watching.process.returncode == 130
    assert "Traceback" not in errors


def test_a_removed_index_is_built_again(watching: Watching) -> None:
    """The next change finds it gone and builds it anew; nothing fails."""
    shutil.rmtree(watching.root / "home" / "data" / "indexes")
    (watching.root / "src" / "file_1.py").write_text("def edited():\n    return 1\n")
    assert watching.next()["files"] == 31
    assert watching.process.poll() is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/r/src/a.py", True),
        ("/r/.gitignore", True),
        ("/r/.git/index", True),
        ("/r/.git/info/exclude", True),
        ("/r/.git/objects/ab/cdef", False),
        ("/r/.git/refs/heads/main", False),
        ("/r/sub/.git/FETCH_HEAD", False),
        ("/r/home", False),
        ("/r/home/data/x.py", False),
        ("/r/homely/x.py", True),
    ],
)
def test_what_matters(path: str, expected: bool) -> None:
    """Git's own files and localdev's own folders wake nobody."""
    assert matters(path, "/r", ["/r/home"]) is expected


MOUNTS = r"""21 1 0:20 / / rw - ext4 /dev/vda rw
30 21 0:30 / /mnt/team rw - nfs4 server:/team rw
31 21 0:31 / /mnt/my\040disk rw - cifs //server/disk rw
33 21 0:33 / /mnt/Büro\134x rw - nfs4 server:/x rw
34 21 0:34 / /mnt/a\303\244 rw - nfs4 server:/a rw
32 30 0:32 / /mnt/team/local rw - ext4 /dev/vdb rw
"""


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/home/me", ""),
        ("/mnt/team", "/mnt/team is a network file system (nfs4)"),
        ("/mnt/team/x/y", "/mnt/team is a network file system (nfs4)"),
        ("/mnt/teamwork", ""),
        ("/mnt/team/local/x", ""),
        ("/mnt/Büro\\x/y", "/mnt/Büro\\x is a network file system (nfs4)"),
        ("/mnt/aä", "/mnt/aä is a network file system (nfs4)"),
        ("/mnt/my disk/x", "/mnt/my disk is a network file system (cifs)"),
    ],
)
def test_where_no_events_come_from(tmp_path: Path, place: str, said: str) -> None:
    """The innermost mount decides."""
    table = tmp_path / "mountinfo"
    table.write_bytes(MOUNTS.encode() + b"35 21 0:35 / /media/B\xfcro\x0c rw - vfat /dev/vdc rw\n")
    assert far_away(Path(place), table) == said


def test_nothing_is_known_of_mounts(tmp_path: Path) -> None:
    """A system without that table is taken to have events."""
    assert far_away(tmp_path, tmp_path / "none") == ""


def test_without_events_it_looks_by_the_clock(tmp_path: Path) -> None:
    """It is said why, and the first look comes at once."""
    told: list[Notice] = []
    looks = moments(tmp_path / "none", (), told.append)
    next(looks)
    looks.close()
    assert len(told) == 1 and told[0].text.endswith("looking every 2 seconds instead")
