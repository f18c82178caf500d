"""An index that is removed while it is open: an error or a new one, never an answer that is wrong or silently empty."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import StorageError
from localdev.core.ports import Repository
from localdev.index import layout
from localdev.index.repository import open_repository
from tests.index.contents import contents
from tests.index.sample import HashingEmbedder

ASKED: list[Callable[[Repository], object]] = [
    lambda repository: repository.lexical(["total"], [1] * 5, 5),
    lambda repository: repository.dense("total", 5),
    lambda repository: repository.chunks([1, 2]),
    lambda repository: repository.symbols(),
    lambda repository: repository.paths(),
    lambda repository: repository.known_names(["total"]),
]


@pytest.mark.parametrize("asked", ASKED)
def test_a_removed_folder_is_told(root: Path, tmp_path: Path, asked: Callable[[Repository], object]) -> None:
    """Between two questions of one search, the second one fails with what to do; a refresh builds it again."""
    folder = tmp_path / "index" / "shop"
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
        expected = contents(repository)
        shutil.rmtree(folder)
        with pytest.raises(StorageError, match="taken away") as caught:
            asked(repository)
        assert "again" in caught.value.hint
        assert repository.refresh().added == len(repository.paths())
        assert contents(repository) == expected


@pytest.mark.parametrize("what", ["index.db", "vectors-*", "chroma-*"])
def test_a_removed_part_is_made_again(root: Path, tmp_path: Path, what: str) -> None:
    """What is open goes on answering, and the next refresh and flush put back what is missing."""
    folder = tmp_path / "index" / "shop"
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
        expected = contents(repository)
        generation = layout.current(folder)
        assert generation is not None
        for path in generation.glob(what):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        assert contents(repository) == expected
        (root / "new.py").write_text("x = 1\n")
        repository.refresh()
        repository.flush()
        (root / "new.py").unlink()
        repository.refresh()
        assert contents(repository) == expected
    with open_repository(root, folder, HashingEmbedder()) as repository:
        repository.refresh()
        assert contents(repository) == expected


def test_nothing_was_there(root: Path, tmp_path: Path) -> None:
    """Without any index before there is nothing to tell: empty answers, as ever."""
    with open_repository(root, tmp_path / "index" / "shop", HashingEmbedder()) as repository:
        assert repository.paths() == []
