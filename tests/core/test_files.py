"""Atomic writes, locks and folders."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localdev.core.errors import Busy, DiskFull, NotFound, StorageError
from localdev.core.files import locked, refuse_without_room, storage_error, write_atomic
from localdev.core.folders import ensure, expanded, find_folders


def test_write_atomic_replaces_whole_files(tmp_path: Path) -> None:
    """The new content is there, private to the user, and no part files stay."""
    path = tmp_path / "deep" / "file.json"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    """When the disk refuses (a file size limit stands in for a full one), the old file is whole and nothing is left."""
    path = tmp_path / "file"
    write_atomic(path, b"old")
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from localdev.core.errors import StorageError\nfrom localdev.core.files import write_atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n    write_atomic(Path(sys.argv[1]), b'x' * 1000)\n"
        "except StorageError as error:\n    print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert "disk space" in done.stdout, done.stderr
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".file")] == []


def test_a_folder_in_the_way_is_an_error(tmp_path: Path) -> None:
    """A file where a folder should be gives an error with a hint."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        ensure(tmp_path / "file" / "sub")
    assert "LOCALDEV_HOME" in caught.value.hint


def test_a_file_where_a_folder_has_to_be_is_named(tmp_path: Path) -> None:
    """A home that is a file: its own path is said, and nothing of a full disk."""
    home = tmp_path / "file"
    home.write_text("")
    for make in (
        lambda: ensure(home),
        lambda: ensure(home / "data" / "indexes"),
        lambda: write_atomic(home / "x", b""),
    ):
        with pytest.raises(StorageError, match=f"{home} is not a folder") as failed:
            make()
        assert failed.value.hint == "move it away, or set LOCALDEV_HOME to a folder"
    with pytest.raises(OSError) as refused:
        (home / "data" / "x").read_bytes()
    told = storage_error(home / "data" / "x", refused.value, "read")
    assert f"{home} is not a folder" in str(told) and "disk space" not in told.hint


def test_folders_are_private(tmp_path: Path) -> None:
    """New folders have mode 0700, those above them too; one that was there keeps its own."""
    made = ensure(tmp_path / "a" / "b" / "c")
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (made, made.parent, made.parent.parent)} == {0o700}
    tmp_path.chmod(0o750)
    assert stat.S_IMODE(ensure(tmp_path).stat().st_mode) == 0o750


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of its own")
def test_no_room_for_a_folder(tmp_path: Path) -> None:
    """A disk without room, or without inodes, is no matter of permissions."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        return

    def hook(event: str, _: tuple[object, ...]) -> None:
        if event == "os.mkdir":
            raise OSError(errno.ENOSPC, "No space left on device")

    ended = 4
    try:
        sys.addaudithook(hook)
        ensure(tmp_path / "sub")
    except DiskFull as error:
        ended = 3 if "free some disk space" in error.hint else 4
    finally:
        os._exit(ended)


def test_room_is_looked_at_before(tmp_path: Path) -> None:
    """Both figures are said; what fits is let through."""
    refuse_without_room(tmp_path, 1)
    with pytest.raises(DiskFull, match=r"cannot write .*file: it needs 1000000\.0 GB, .* free"):
        refuse_without_room(tmp_path / "file", 10**15)


def test_an_interrupted_write_leaves_no_part(tmp_path: Path) -> None:
    """Ctrl-C while the data is flushed leaves the old content and nothing else."""
    path = tmp_path / "file"
    write_atomic(path, b"old")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom localdev.core.files import write_atomic\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGINT)\n"
        "try:\n    write_atomic(Path(sys.argv[1]), b'new')\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "interrupted\n", done.stderr
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir() if "file" in entry.name] == ["file"]


def test_a_home_that_nobody_has() -> None:
    """`~name` of an unknown user is an error, and no folder of that name is made."""
    with pytest.raises(NotFound, match="~nobody-of-that-name"):
        expanded(Path("~nobody-of-that-name/x"))
    with pytest.raises(NotFound):
        find_folders({"LOCALDEV_HOME": "~nobody-of-that-name"})
    assert expanded(Path("~/x")) == Path.home() / "x"


def test_a_lock_held_elsewhere_is_waited_for_and_then_busy(tmp_path: Path) -> None:
    """A second process waits, says so once, and gives up with Busy after its time."""
    path = tmp_path / "lock"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom localdev.core.files import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(30)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waits: list[int] = []
        with pytest.raises(Busy), locked(path, timeout=0.2, on_wait=lambda: waits.append(1)):
            pass
        assert waits == [1]
        holder.kill()
    started = time.monotonic()
    with locked(path, timeout=10):
        assert time.monotonic() - started < 5, "the kernel frees the lock of a dead process"


def test_localdev_home_moves_everything(tmp_path: Path) -> None:
    """All folders lie under LOCALDEV_HOME, none is created by asking."""
    folders = find_folders({"LOCALDEV_HOME": str(tmp_path / "other")})
    for folder in (folders.config, folders.data, folders.state, folders.cache, folders.runtime, folders.indexes):
        assert folder.is_relative_to(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_without_localdev_home_the_systems_places_are_used(tmp_path: Path) -> None:
    """The usual folders of the user, named after the program."""
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("LOCALDEV_HOME")
    code = "from localdev.core.folders import find_folders; print(find_folders().data)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
    assert Path(done.stdout.strip()).name == "localdev"
