"""Edits are written whole or not at all, and taken back."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localdev.app.applying import Moved, apply_edits, read_exact, record_folder, undo_last
from localdev.app.stored import stored_undo, wipe_states
from localdev.core.errors import NotFound, StorageError
from localdev.core.files import locked
from localdev.core.folders import Folders, find_folders
from localdev.core.patch import FileEdit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder with two files."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"one\r\n")
    (folder / "b.py").write_bytes(b"two\n")
    (folder / "b.py").chmod(0o755)
    return folder


@pytest.fixture
def folders() -> Folders:
    """Give the folders of this test's user."""
    return find_folders()


EDITS = [
    FileEdit("a.py", "one\r\n", "ONE\r\n"),
    FileEdit("b.py", "two\n", None),
    FileEdit("new/c.py", None, "three\n"),
]


def state(root: Path) -> dict[str, str]:
    """Give what every file holds."""
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in root.rglob("*") if path.is_file()}


CHANGES = ("os.rename", "os.remove", "os.mkdir", "tempfile.mkstemp", "os.chmod")
BEFORE = {"a.py": "one\r\n", "b.py": "two\n"}
AFTER = {"a.py": "ONE\r\n", "new/c.py": "three\n"}


def test_edits_are_applied_and_taken_back(root: Path, folders: Folders) -> None:
    """A change, a removal and a new file; modes stay; twice undone is an error."""
    apply_edits(EDITS, root, folders, label="gen doc")
    assert state(root) == AFTER
    undone = undo_last(root, folders)
    assert (undone.label, undone.paths) == ("gen doc", ("a.py", "b.py", "new/c.py"))
    assert state(root) == BEFORE
    with pytest.raises(NotFound, match="nothing to undo"):
        undo_last(root, folders)


def test_undo_goes_back_step_by_step(root: Path, folders: Folders) -> None:
    """The last one first; of many only some are remembered."""
    texts = ["one\r\n", *(f"{at}\n" for at in range(25))]
    for old, new in itertools.pairwise(texts):
        apply_edits([FileEdit("a.py", old, new)], root, folders)
    for expected in reversed(texts[5:-1]):
        undo_last(root, folders)
        assert (root / "a.py").read_bytes().decode() == expected
    with pytest.raises(NotFound):
        undo_last(root, folders)


@pytest.mark.parametrize("meddle", ["a.py", "b.py", "new/c.py"])
def test_a_tree_that_moved_is_refused(root: Path, folders: Folders, meddle: str) -> None:
    """One file that is not as it was, and none is written."""
    (root / meddle).parent.mkdir(exist_ok=True)
    (root / meddle).write_text("other\n")
    before = state(root)
    with pytest.raises(Moved, match=meddle):
        apply_edits(EDITS, root, folders)
    assert state(root) == before
    with pytest.raises(NotFound):
        undo_last(root, folders)


def test_undo_overwrites_nothing_that_was_changed_since(root: Path, folders: Folders) -> None:
    """What the user wrote afterwards stays, in every file."""
    apply_edits(EDITS, root, folders)
    (root / "new/c.py").write_text("mine\n")
    with pytest.raises(Moved, match=r"new/c\.py"):
        undo_last(root, folders)
    assert state(root) == AFTER | {"new/c.py": "mine\n"}


def test_what_the_user_put_back_is_no_hindrance(root: Path, folders: Folders) -> None:
    """Files that are as they were before count as taken back, so that the step before can be."""
    apply_edits([FileEdit("a.py", "one\r\n", "uno\r\n")], root, folders, label="first")
    apply_edits([FileEdit("a.py", "uno\r\n", "eins\r\n"), FileEdit("n.py", None, "n\n")], root, folders)
    (root / "a.py").write_bytes(b"mine\n")
    with pytest.raises(Moved) as refused:
        undo_last(root, folders)
    assert "goes one step further" in (refused.value.hint or "")
    (root / "a.py").write_bytes(b"uno\r\n")
    assert undo_last(root, folders).paths == ("a.py", "n.py")
    assert undo_last(root, folders).label == "first"
    assert state(root) == BEFORE


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "inner/.git/hooks/x", ".git/hooks/pre-commit", ".GIT/config", "a//b", "link/x", ""]
)
def test_nothing_outside_the_tree_is_written(root: Path, folders: Folders, tmp_path: Path, path: str) -> None:
    """Ways out, git's own folder, and places behind a link."""
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(Moved):
        apply_edits([FileEdit(path, None, "x\n")], root, folders)
    assert not (tmp_path / "x").exists()


def test_a_link_is_not_followed(root: Path, folders: Folders, tmp_path: Path) -> None:
    """Neither read nor written."""
    (tmp_path / "target").write_text("t\n")
    (root / "l").symlink_to(tmp_path / "target")
    with pytest.raises(Moved, match="no plain file"):
        read_exact(root, "l")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_leaves_all_as_it_was(root: Path, folders: Folders) -> None:
    """The second file cannot be written, and the first is untouched."""
    (root / "shut").mkdir()
    (root / "shut" / "x").write_text("x\n")
    (root / "shut").chmod(0o555)
    with pytest.raises(StorageError):
        apply_edits([EDITS[0], FileEdit("shut/x", "x\n", "y\n")], root, folders)
    (root / "shut").chmod(0o755)
    assert (root / "a.py").read_bytes() == b"one\r\n"


def killer(steps: int) -> Callable[[str, object], None]:
    """Make a hook that kills this process behind so many changes of the file system."""
    left = iter(range(steps))

    def hook(event: str, _arguments: object) -> None:
        if event in CHANGES and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_any_step_undo_brings_back_what_was(root: Path, folders: Folders) -> None:
    """A process is killed at each change of the file system in turn; all old texts come back, or all new are there."""
    steps = 0
    while True:
        child = os.fork()
        if child == 0:
            sys.addaudithook(killer(steps))
            apply_edits(EDITS, root, folders)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            break
        with contextlib.suppress(NotFound):
            undo_last(root, folders)
        left = {path: text for path, text in state(root).items() if not path.endswith(".part")}
        assert left == BEFORE, steps
        for part in root.rglob("*.part"):
            part.unlink()
        (root / "b.py").chmod(0o755)
        steps += 1
    assert steps > 6
    assert {path: text for path, text in state(root).items() if not path.endswith(".part")} == AFTER


def failing(steps: int) -> Callable[[str, object], None]:
    """Make a hook that lets every change of the file system fail behind so many."""
    left = iter(range(steps))

    def hook(event: str, _arguments: object) -> None:
        if event in ("os.rename", "tempfile.mkstemp") and next(left, None) is None:
            raise OSError(errno.EROFS, "read-only")

    return hook


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_disk_that_fails_for_good_leaves_what_undo_needs(root: Path, folders: Folders) -> None:
    """What was written cannot be put back either, at any step: then `undo` can, when the disk is well again."""
    for steps in range(6):
        child = os.fork()
        if child == 0:
            sys.addaudithook(failing(steps))
            with contextlib.suppress(BaseException):
                apply_edits([*EDITS[:1], FileEdit("b.py", "two\n", "TWO\n")], root, folders)
            os._exit(0)
        os.waitpid(child, 0)
        with contextlib.suppress(NotFound):
            undo_last(root, folders)
        assert {name: text for name, text in state(root).items() if not name.endswith(".part")} == BEFORE, steps


def test_two_that_undo_at_once_take_back_one_step_each(root: Path, folders: Folders) -> None:
    """The second one waits and finds what is left, not what the first has taken."""
    for old, new in itertools.pairwise(["one\r\n", "2\n", "3\n", "4\n"]):
        apply_edits([FileEdit("a.py", old, new)], root, folders)
    with ThreadPoolExecutor() as pool:
        with locked(record_folder(folders, root) / ".lock"):
            both = [pool.submit(undo_last, root, folders) for _ in range(2)]
            time.sleep(0.3)  # both have come as far as they can
        assert [each.result().paths for each in both] == [("a.py",)] * 2
    assert (root / "a.py").read_bytes() == b"2\n"


def test_modes_are_kept(root: Path, folders: Folders) -> None:
    """A script stays one."""
    apply_edits([FileEdit("b.py", "two\n", "TWO\n")], root, folders)
    assert stat.S_IMODE((root / "b.py").stat().st_mode) == 0o755


def test_a_record_of_another_version_is_not_obeyed(root: Path, folders: Folders) -> None:
    """It says so and what to do; nothing is written."""
    apply_edits(EDITS, root, folders)
    (record,) = record_folder(folders, root).glob("*.json")
    for text in ("{", json.dumps({"schema_version": 2, "edits": []}), json.dumps({"schema_version": 1})):
        record.write_text(text)
        with pytest.raises(StorageError):
            undo_last(root, folders)
    assert state(root) == AFTER


def test_records_are_found_and_wiped(root: Path, folders: Folders) -> None:
    """They hold the texts of files: what is wiped of a repository takes them along."""
    apply_edits(EDITS, root, folders)
    (kept,) = stored_undo(folders, root)
    assert (kept.files, kept.bytes > 0) == (1, True)
    wipe_states(kept)
    assert stored_undo(folders, None) == []
    with pytest.raises(NotFound):
        undo_last(root, folders)
