"""A store in a folder of its own, and the folder of a repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.sessions.store import SessionStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the file of a store; it is not there yet."""
    return tmp_path / "kept" / "sessions.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SessionStore]:
    """Give an empty store."""
    opened = SessionStore(path)
    yield opened
    opened.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make the folder of a repository."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder
