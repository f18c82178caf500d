"""What became of stored files is noticed before they are opened, without reading them each time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError
from localdev.core.events import Progress
from localdev.models.passport import Passport
from localdev.models.store import Adding, ModelStore
from tests.models.conftest import small


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Give an empty store."""
    return ModelStore(tmp_path / "store")


@pytest.fixture
def linked(store: ModelStore, tmp_path: Path) -> Passport:
    """Store the tiny model as a link."""
    return store.add(small(tmp_path / "m.gguf"), Adding(mode="link"))


def change_a_byte(path: Path) -> None:
    """Change a byte in place and set the time of modification back to what it was."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-7, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-7, os.SEEK_END)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns and path.stat().st_size == before.st_size


def checked(store: ModelStore, name: str) -> list[Progress]:
    """Check a model as before opening it, and give what was read."""
    read: list[Progress] = []
    store.checked_file(store.find(name), read.append)
    return read


@pytest.mark.skipif(sys.platform == "win32", reason="there the change time cannot be had")
@pytest.mark.parametrize("mode", ["link", "copy"])
def test_a_byte_changed_and_the_time_set_back(store: ModelStore, tmp_path: Path, mode: str) -> None:
    """The change time gives it away; what is proven is remembered, but a file that comes back is read, and is good."""
    model = small(tmp_path / "m.gguf")
    passport = store.add(model, Adding(mode=mode))  # type: ignore[arg-type]
    change_a_byte(model if mode == "link" else passport.file)
    assert store.find("m").state() == "touched"
    for _ in range(2):
        with pytest.raises(ModelError, match="was changed since it was added"):
            checked(store, "m")
        assert store.find(str(passport.file)).state() == "changed", "it is found by its path, and refused that way too"
    change_a_byte(passport.file)
    assert store.find("m").state() == "touched"
    assert checked(store, "m") and store.find("m").state() == "whole" and checked(store, "m") == []


def test_a_passport_without_what_was_proven(store: ModelStore, linked: Passport) -> None:
    """One that was written before that was kept is read, and the file is good as far as is known."""
    path = linked.folder.parent / "passports" / f"{linked.digest}.json"
    entry = json.loads(path.read_bytes())
    assert entry["files"][0].pop("spoilt_ns") == 0
    path.write_text(json.dumps(entry))
    assert store.find("m") == linked and checked(store, "m") == []


@pytest.mark.skipif(sys.platform == "win32", reason="there the change time cannot be had")
@pytest.mark.parametrize(
    "touch",
    [
        lambda path: os.link(path, path.with_name("another.gguf")),
        lambda path: path.unlink(),
        lambda path: path.chmod(0o400),
        lambda path: os.utime(path),
    ],
)
def test_what_moves_the_change_time_costs_one_reading(
    store: ModelStore, linked: Passport, tmp_path: Path, touch: Callable[[Path], object]
) -> None:
    """Links made or removed elsewhere, rights, a touch: the file is read once, and its new stamp is kept."""
    assert checked(store, "m") == []
    time.sleep(0.02)  # a tick of the file system's clock
    touch(tmp_path / "m.gguf")
    assert not store.find("m").seems_whole()
    read = checked(store, "m")
    assert read[-1].done == read[-1].total == linked.size
    assert store.find("m").seems_whole()
    assert checked(store, "m") == []


def test_a_store_that_was_copied_costs_one_reading(store: ModelStore, linked: Passport, tmp_path: Path) -> None:
    """Its files have other inodes and times; they are what their digests say."""
    shutil.copytree(tmp_path / "store", tmp_path / "moved")
    moved = ModelStore(tmp_path / "moved")
    assert moved.find("m").folder == tmp_path / "moved" / "files"
    assert checked(moved, "m") != [] and checked(moved, "m") == []
    assert checked(store, "m") == [] and linked.seems_whole()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_store_that_cannot_be_written(store: ModelStore, linked: Passport, tmp_path: Path) -> None:
    """A stamp that cannot be kept costs the reading again, and is no error."""
    os.utime(linked.file)
    (tmp_path / "store" / "passports").chmod(0o500)
    try:
        assert checked(store, "m") != [] and checked(store, "m") != []
    finally:
        (tmp_path / "store" / "passports").chmod(0o700)


def test_a_file_that_changes_while_it_is_checked(store: ModelStore, linked: Passport) -> None:
    """It is refused, even though what was read of it was right."""
    os.utime(linked.file, ns=(1, 1))

    def progress(event: Progress) -> None:
        if event.done == event.total:
            os.utime(linked.file, ns=(2, 2))

    with pytest.raises(ModelError, match="was changed"):
        store.checked_file(linked, progress)


def test_swapped_files(store: ModelStore, linked: Passport, tmp_path: Path) -> None:
    """Another file of the same size and time in its place has another inode."""
    other = small(tmp_path / "other.gguf")
    change_a_byte(other)
    os.utime(other, ns=(linked.files[0].mtime_ns, linked.files[0].mtime_ns))
    os.replace(other, linked.file)
    with pytest.raises(ModelError, match="was changed"):
        checked(store, "m")


def test_a_passport_that_another_process_changed(store: ModelStore, linked: Passport, tmp_path: Path) -> None:
    """What is found out by an older one is not written over it."""
    os.utime(tmp_path / "m.gguf")
    older = store.find("m")
    store.remove("m")
    newer = store.add(tmp_path / "m.gguf", Adding(name="other"))
    assert store.checked_file(older) == newer.file
    assert store.list() == [newer]


def test_adding_a_touched_file_again(store: ModelStore, linked: Passport, tmp_path: Path) -> None:
    """It is read, and its new stamp is that of the file as it stays."""
    os.utime(tmp_path / "m.gguf")
    again = store.add(tmp_path / "m.gguf")
    assert (again.digest, again.name) == (linked.digest, "m") and again.seems_whole() and checked(store, "m") == []


def test_an_unchanged_model_costs_no_rules(linked: Passport, tmp_path: Path) -> None:
    """To open it again neither the rules of vetting nor Jinja are loaded: that would take longer than all else."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom localdev.models.store import ModelStore\n"
        f"store = ModelStore(Path({str(tmp_path / 'store')!r}))\nstore.checked_file(store.find({linked.name!r}))\n"
        "print([name for name in sys.modules if 'vetting' in name or name == 'jinja2'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
