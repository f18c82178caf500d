"""Folders for what is brought in: empty, the block's own, removed at its end, and swept after a crash."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from localdev.core.errors import Busy, StorageError
from localdev.models.staging import leftovers, staging


def folders(folder: Path) -> list[Path]:
    """List the folders that are there."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def test_a_folder_for_a_block(tmp_path: Path) -> None:
    """It is empty and private, another has its own meanwhile, and nothing of it stays, not even its lock."""
    with staging(tmp_path) as first, staging(tmp_path) as second:
        assert list(first.iterdir()) == [] and first != second
        assert sys.platform == "win32" or first.stat().st_mode & 0o777 == 0o700
        (first / "deep").mkdir()
        (first / "deep" / "file").write_bytes(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_it_goes_when_the_block_fails(tmp_path: Path) -> None:
    """An error passes through, and the folder is removed."""
    with pytest.raises(ZeroDivisionError), staging(tmp_path) as place:
        (place / "file").write_bytes(b"x")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def run_and_kill(folder: Path, key: str) -> None:
    """Have a process write into a folder and be killed."""
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        return
    with staging(folder, key) as place:
        (place / "part").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_what_is_left_is_counted(tmp_path: Path) -> None:
    """Of downloads apart from the rest; not what a process works in, nor what takes no room."""
    assert leftovers(tmp_path / "none") == (0, 0)
    with pytest.raises(ZeroDivisionError), staging(tmp_path, "a model") as place:
        (place / "part").write_bytes(bytes(20))
        raise ZeroDivisionError
    (tmp_path / "0123" / "parts").mkdir(parents=True)
    (tmp_path / "0123" / "parts" / "model.gguf").write_bytes(bytes(7))
    (tmp_path / "0123" / "link").write_bytes(bytes(100))
    os.link(tmp_path / "0123" / "link", tmp_path / "elsewhere")
    assert leftovers(tmp_path) == (7, 20)
    with staging(tmp_path, "a model"):
        (place / "more").write_bytes(bytes(9))
        assert leftovers(tmp_path) == (0, 0)
    assert leftovers(tmp_path) == (0, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that can be killed")
def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """The next one removes it; of a download it goes on with it, and removes it when that ends well."""
    run_and_kill(tmp_path, "a model")
    run_and_kill(tmp_path, "")
    assert len(folders(tmp_path)) == 2
    with staging(tmp_path) as place:
        assert len(folders(tmp_path)) == 2 and list(place.iterdir()) == []
    (kept,) = folders(tmp_path)
    with staging(tmp_path, "a model") as place:
        assert place == kept and (place / "part").read_bytes() == b"half"
    assert folders(tmp_path) == []


def test_a_failed_download_stays_for_two_weeks(tmp_path: Path) -> None:
    """Another key has another folder; one that nobody went on with is swept at last."""
    with pytest.raises(ZeroDivisionError), staging(tmp_path, "a model") as place:
        (place / "part").write_bytes(b"half")
        raise ZeroDivisionError
    with staging(tmp_path, "another") as other:
        assert list(other.iterdir()) == []
    assert (place / "part").exists()
    then = time.time() - 15 * 86_400
    os.utime(place / "part", (then, then))
    with staging(tmp_path):
        assert place.exists(), "the folder itself is new"
    os.utime(place, (then, then))
    with staging(tmp_path):
        assert not place.exists()


def test_a_download_has_one_process(tmp_path: Path) -> None:
    """While one works, the same key is refused, and nobody sweeps it although it is old."""
    with staging(tmp_path, "a model") as place:
        (place / "part").write_bytes(b"half")
        for path in (place / "part", place):
            os.utime(path, (0, 0))
        with pytest.raises(Busy, match="another process") as caught, staging(tmp_path, "a model"):
            pass
        assert caught.value.hint
        assert (place / "part").exists()


def test_no_folder_can_be_made(tmp_path: Path) -> None:
    """A file stands in the way: an error of storage."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError), staging(tmp_path / "file"):
        pass
