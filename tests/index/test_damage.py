"""Indexes that cannot be trusted: damaged, made by other versions, newer, or on a full disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdev.core.errors import DiskFull, StorageError
from localdev.index import layout
from localdev.index.database import DATABASE
from localdev.index.repository import open_repository, status, wipe
from tests.index.contents import change_index, contents, query_index
from tests.index.sample import HashingEmbedder, Opener, write_files


def _database(folder: Path) -> Path:
    generation = layout.current(folder)
    assert generation is not None
    return generation / DATABASE


def _overwrite(folder: Path) -> None:
    _database(folder).write_bytes(b"this is not a database" * 500)


def _halve(folder: Path) -> None:
    path = _database(folder)
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def _empty(folder: Path) -> None:
    _database(folder).write_bytes(b"")


def _lose_database(folder: Path) -> None:
    _database(folder).unlink()


def _lose_generation(folder: Path) -> None:
    shutil.rmtree(_database(folder).parent)


def _scribble_pointer(folder: Path) -> None:
    (folder / "CURRENT").write_bytes(b"../../etc\xff")


def _meta(key: str, value: str) -> Callable[[Path], None]:
    return lambda folder: change_index(folder, f"UPDATE meta SET value = '{value}' WHERE key = '{key}'")


def _folder_for_pointer(folder: Path) -> None:
    (folder / "CURRENT").unlink()
    (folder / "CURRENT").mkdir()
    (folder / "CURRENT" / "stray").touch()


HARM: dict[str, Callable[[Path], None]] = {
    "overwritten": _overwrite,
    "halved": _halve,
    "emptied": _empty,
    "database gone": _lose_database,
    "generation gone": _lose_generation,
    "pointer scribbled over": _scribble_pointer,
    "older schema": _meta("schema", "0"),
    "other parser": _meta("parser", "0"),
    "other words": _meta("words", "0"),
    "other root": _meta("root", "/elsewhere"),
    "no embedder": lambda folder: change_index(folder, "DELETE FROM meta WHERE key = 'embedder'"),
    "table gone": lambda folder: change_index(folder, "DROP TABLE meta"),
    "other table gone": lambda folder: change_index(folder, "DROP TABLE symbols"),
    "pointer is a folder": _folder_for_pointer,
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_unfit_indexes_are_rebuilt(opened: Opener, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """Whatever is wrong with an index, the next refresh gives one that equals a fresh one, and says why."""
    folder = tmp_path / "index" / "shop"
    first = opened()
    first.refresh()
    expected = contents(first)
    first.close()
    harm(folder)
    repository = opened()
    found = repository.refresh()
    lost = harm in (_lose_generation, _scribble_pointer, _folder_for_pointer)
    assert bool(found.rebuilt) is not lost
    assert contents(repository) == expected
    assert len(layout.generations(folder)) == 1
    assert repository.refresh().rebuilt == ""


def test_another_embedder_rebuilds(opened: Opener) -> None:
    """An index made with another embedder answers nothing until it is rebuilt."""
    opened().refresh()
    other = opened(embedder=HashingEmbedder("hashing-2", 32))
    assert other.dense("cart", 5) == []
    assert other.refresh().rebuilt == "the embedder changed from hashing-1 to hashing-2"
    assert other.dense("cart", 5)


def test_a_newer_index_is_left_alone(opened: Opener, tmp_path: Path) -> None:
    """What a newer program made is an error with a way out, not something to destroy; `rebuild` is that way."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    change_index(folder, "UPDATE meta SET value = '999' WHERE key = 'schema'")
    repository.close()
    for call in (repository.refresh, repository.paths, repository.flush, lambda: repository.dense("cart", 5)):
        with pytest.raises(StorageError, match="newer") as caught:
            call()
        assert "--rebuild" in caught.value.hint
    assert status(folder).state == "newer"
    assert repository.refresh(rebuild=True).rebuilt
    assert repository.dense("cart", 5)


def test_damage_met_while_searching_is_an_error_with_a_hint(opened: Opener, tmp_path: Path) -> None:
    """A page that is found broken in the middle of a search is said to be so, without a traceback of SQLite."""
    repository = opened()
    repository.refresh()
    repository.close()
    change_index(tmp_path / "index" / "shop", "UPDATE words_data SET block = x'ffffffffffffffff' WHERE id > 10")
    with pytest.raises(StorageError, match="damaged") as caught:
        repository.lexical(["cart", "total"], [1] * 5, 5)
    assert "--rebuild" in caught.value.hint
    change_index(tmp_path / "index" / "shop", "DROP TABLE chunks", "DELETE FROM sqlite_sequence")
    _halve(tmp_path / "index" / "shop")
    with pytest.raises(StorageError):
        repository.flush()
    assert repository.refresh(rebuild=True).files == 4
    assert repository.lexical(["cart"], [1] * 5, 5)


def test_damage_inside_pages(opened: Opener, tmp_path: Path) -> None:
    """Pages that are overwritten are seen by `status`, and what a search meets is mended by the next refresh."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    expected = contents(repository)
    repository.close()
    (page,) = query_index(folder, "SELECT rootpage FROM sqlite_master WHERE name = 'symbols_name'")[0]
    change_index(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    with _database(folder).open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(range(256)) * 16)
    assert status(folder).state == "damaged"
    with pytest.raises(StorageError, match="damaged"):
        repository.symbols_named(["Cart"])
    repository.close()
    assert "damaged" in repository.refresh().rebuilt
    assert contents(repository) == expected
    assert status(folder).state == "ready"


@pytest.mark.parametrize("table", ["symbols", "names", "words", "pending"])
def test_status_and_refresh_agree_on_missing_tables(opened: Opener, tmp_path: Path, table: str) -> None:
    """What `status` calls damaged is built anew by the next refresh, and is then ready."""
    folder = tmp_path / "index" / "shop"
    opened().refresh()
    change_index(folder, f"DROP TABLE {table}")
    assert status(folder).state == "damaged"
    assert table in opened().refresh().rebuilt
    assert status(folder).state == "ready"


def test_status_counts_what_a_refresh_counts(root: Path, opened: Opener, tmp_path: Path) -> None:
    """Files left out by name and files that were read and not taken are both counted."""
    write_files(root, {"yarn.lock": "x", ".env": "SECRET=1", "made.py": "# Code generated by x. DO NOT EDIT.\nx = 1\n"})
    (root / "dump.txt").write_bytes(b"\0\1\2" * 50)
    report = opened().refresh()
    assert len(report.skipped) == status(tmp_path / "index" / "shop").skipped == 4


def test_rebuild_gives_a_new_generation(opened: Opener, tmp_path: Path) -> None:
    """A rebuild that was asked for replaces a good index by an equal one; an open reader follows."""
    folder = tmp_path / "index" / "shop"
    reader, repository = opened(), opened()
    repository.refresh()
    before, old = contents(reader), layout.current(folder)
    assert repository.refresh(rebuild=True).rebuilt == "a rebuild was asked for"
    assert layout.current(folder) != old
    assert contents(reader) == before


def test_status(opened: Opener, tmp_path: Path, embedder: HashingEmbedder) -> None:
    """The facts of an index are read without changing anything, whatever state it is in."""
    folder = tmp_path / "index" / "shop"
    assert status(folder).state == "missing"
    repository = opened()
    built = repository.refresh()
    facts = status(folder)
    assert (facts.state, facts.files, facts.chunks, facts.pending) == ("ready", 4, built.chunks, 0)
    assert (facts.embedder, facts.dimension, facts.root) == (embedder.name, 64, str(repository.root))
    assert facts.bytes > 10_000
    assert facts.refreshed > 1.6e9
    repository.close()
    _overwrite(folder)
    assert status(folder).state == "damaged"
    (folder / "CURRENT").unlink()
    assert status(folder).state == "unfinished"


def test_wipe(opened: Opener, tmp_path: Path) -> None:
    """Wiping leaves nothing of the index, is fine twice, and an open repository then says so until it is refreshed."""
    folder = tmp_path / "index" / "shop"
    repository = opened()
    repository.refresh()
    assert wipe(folder)
    assert not folder.exists()
    assert not wipe(folder)
    with pytest.raises(StorageError, match="taken away"):
        repository.paths()
    assert repository.refresh().added == 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here (needs root on Linux)")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_leaves_the_old_index(root: Path, small_disk: Path, embedder: HashingEmbedder) -> None:
    """Running out of space is an error with a hint; the index answers as before, and goes on once there is room."""
    folder = small_disk / "index" / "shop"
    with open_repository(root, folder, embedder) as repository:
        repository.refresh()
        before = contents(repository)
        text = "\n".join(f"def value_{number}(total):\n    return total + {number}\n" for number in range(5000))
        write_files(root, {f"big_{part}.py": text for part in range(4)})
        for rebuild in (False, True):
            with pytest.raises(StorageError, match="the disk is full") as caught:
                repository.refresh(rebuild=rebuild, needed=True)
            assert caught.value.hint
            assert contents(repository) == before
        for part in range(4):
            (root / f"big_{part}.py").unlink()
        repository.refresh()
        assert contents(repository) == before


def test_a_disk_without_any_room(root: Path, small_disk: Path, embedder: HashingEmbedder) -> None:
    """With no byte left a good index answers as it stands, is not called damaged, and follows once there is room."""
    folder, filler = small_disk / "index" / "shop", small_disk / "filler"
    with open_repository(root, folder, embedder) as repository:
        repository.refresh()
        before = contents(repository)
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 65536):
            pass
    assert status(folder).state == "ready"
    with open_repository(root, folder, embedder) as repository:
        write_files(root, {"later.py": "def later():\n    pass\n"})
        assert any("disk is full" in note for note in repository.refresh().notes)
        assert contents(repository) == before
        for rebuild in (False, True):
            with pytest.raises(DiskFull):
                repository.refresh(rebuild=rebuild, needed=True)
            assert len(layout.generations(folder)) == 1
        filler.unlink()
        assert repository.refresh().added == 1
        assert "later.py" in repository.paths()


def test_a_read_only_disk(root: Path, small_disk: Path, embedder: HashingEmbedder) -> None:
    """A good index on a disk that cannot be written answers as before, and says that it may be behind the files."""
    folder = small_disk / "index" / "shop"
    with open_repository(root, folder, embedder) as repository:
        repository.refresh()
        before = contents(repository)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert status(folder).state == "ready"
    write_files(root, {"later.py": "def later():\n    pass\n"})
    with open_repository(root, folder, embedder) as repository:
        report = repository.refresh()
        assert report.files == 4
        assert any("cannot be written" in note for note in report.notes)
        assert any("cannot be written" in note for note in repository.flush())
        assert contents(repository) == before
        with pytest.raises(StorageError) as caught:
            repository.refresh(rebuild=True)
        assert caught.value.hint


def test_a_full_disk_at_the_first_build(root: Path, small_disk: Path, embedder: HashingEmbedder) -> None:
    """With hardly any room the first build fails cleanly at whatever step, and works once there is room."""
    folder = small_disk / "index" / "shop"
    filler = small_disk / "filler"
    for free in (8, 60, 120, 200, 300):
        filler.write_bytes(b"\0" * (2 * 1024 * 1024 - free * 1024))
        with open_repository(root, folder, embedder) as repository, pytest.raises(StorageError) as caught:
            repository.refresh()
        assert caught.value.hint
        filler.unlink()
    with open_repository(root, folder, embedder) as repository:
        assert repository.refresh().files == 4
        assert repository.dense("cart", 5)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(root: Path, tmp_path: Path, embedder: HashingEmbedder) -> None:
    """No permission is an error with a hint."""
    (tmp_path / "locked").mkdir(mode=0o500)
    with (
        open_repository(root, tmp_path / "locked" / "x", embedder) as repository,
        pytest.raises(StorageError) as caught,
    ):
        repository.refresh()
    assert caught.value.hint
