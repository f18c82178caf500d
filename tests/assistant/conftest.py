"""A small real repository with a real index, for questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.backends.embedders import make_embedder
from localdev.index.repository import IndexedRepository, open_repository
from tests.shop import write_shop


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write the repository's files."""
    return write_shop(tmp_path / "shop-repository")


@pytest.fixture
def repository(shop: Path, tmp_path: Path) -> Iterator[IndexedRepository]:
    """Open the repository with its index and the shipped embedder."""
    with open_repository(shop, tmp_path / "index", make_embedder()) as opened:
        yield opened
