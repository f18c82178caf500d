"""Digests of model files: right for what is there, and remembered only as long as nothing seems to have changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError
from localdev.core.events import Progress
from localdev.models.digests import digest_of


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Make two files that were written an hour ago."""
    found = [tmp_path / "model" / name for name in ("a.json", "weights.safetensors")]
    found[0].parent.mkdir()
    for path in found:
        write(path, path.name)
    return found


def write(path: Path, text: str, *, hour: int = 1) -> None:
    """Write a file and set its time some hours back."""
    path.write_text(text)
    then = 1_700_000_000 - 3600 * hour
    os.utime(path, (then, then))


def test_an_unchanged_folder_is_not_read_again(files: list[Path], tmp_path: Path) -> None:
    """The second time no byte is read; the same folder under another name has the same digest."""
    told: list[Progress] = []
    record = tmp_path / "cache" / "digests.json"
    first = digest_of(files, files[0].parent, record, told.append)
    assert told and told[-1].done == told[-1].total == sum(path.stat().st_size for path in files)
    told.clear()
    assert digest_of(files, files[0].parent, record, told.append) == first
    assert told == []
    files[0].parent.rename(tmp_path / "moved")
    moved = [tmp_path / "moved" / path.name for path in files]
    assert digest_of(moved, moved[0].parent, record) == first


@pytest.mark.parametrize(
    "change",
    [
        lambda path: write(path, "other text, other size"),
        lambda path: write(path, path.read_text().swapcase(), hour=2),
        lambda path: path.rename(path.with_name("b.json")),
    ],
)
def test_a_change_is_seen(files: list[Path], tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Another size, another time or another name gives another digest."""
    record = tmp_path / "digests.json"
    first = digest_of(files, files[0].parent, record)
    change(files[0])
    assert digest_of(sorted(files[0].parent.iterdir()), files[0].parent, record) != first


def test_a_file_written_a_moment_ago_is_not_remembered(files: list[Path], tmp_path: Path) -> None:
    """It may be written again with the same size and time stamp."""
    record = tmp_path / "digests.json"
    files[0].write_text("one")
    stat = files[0].stat()
    first = digest_of(files, files[0].parent, record)
    files[0].write_text("two")
    os.utime(files[0], ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digest_of(files, files[0].parent, record) != first


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 3}', "\x00"])
def test_a_damaged_record_only_costs_time(files: list[Path], tmp_path: Path, text: str) -> None:
    """The files are read again, and the record is written anew."""
    record = tmp_path / "digests.json"
    expected = digest_of(files, files[0].parent, record)
    record.write_text(text)
    assert digest_of(files, files[0].parent, record) == expected
    told: list[Progress] = []
    assert digest_of(files, files[0].parent, record, told.append) == expected
    assert told == []


def test_a_record_that_cannot_be_written_is_no_error(files: list[Path], tmp_path: Path) -> None:
    """A folder stands where the record would be."""
    (tmp_path / "digests.json").mkdir()
    first = digest_of(files, files[0].parent, tmp_path / "digests.json")
    assert digest_of(files, files[0].parent, tmp_path / "digests.json") == first


def test_a_file_that_is_gone_is_an_error(files: list[Path], tmp_path: Path) -> None:
    """The file is named."""
    files[1].unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors"):
        digest_of(files, files[0].parent, tmp_path / "digests.json")
