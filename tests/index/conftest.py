"""Fixtures of the index tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.index.repository import IndexedRepository, open_repository
from tests.index.sample import FILES, HashingEmbedder, Opener, write_files


@pytest.fixture
def embedder() -> HashingEmbedder:
    """The test embedder."""
    return HashingEmbedder()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a few source files."""
    root = tmp_path / "shop"
    write_files(root, FILES)
    return root


@pytest.fixture
def opened(root: Path, tmp_path: Path, embedder: HashingEmbedder) -> Iterator[Opener]:
    """Open the repository's index; all that was opened is closed at the end."""
    opened: list[IndexedRepository] = []

    def opener(embedder: HashingEmbedder = embedder, folder: Path = tmp_path / "index" / "shop") -> IndexedRepository:
        opened.append(open_repository(root, folder, embedder))
        return opened[-1]

    yield opener
    for repository in opened:
        repository.close()
