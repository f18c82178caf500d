"""A repository and the user's folders, empty, for the tests of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.core.folders import Folders, find_folders


@pytest.fixture
def folders(home: Path) -> Folders:
    """Give the folders under the test's own home."""
    return find_folders({"LOCALDEV_HOME": str(home / "localdev")})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty repository folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder
