"""A small repository and the jobs over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.jobs import LocalJobs
from localdev.config.settings import build
from localdev.core.folders import Folders, find_folders

OpenJobs = Callable[..., LocalJobs]


@pytest.fixture
def folders(home: Path) -> Folders:
    """Give the folders under the test's own home."""
    return find_folders({"LOCALDEV_HOME": str(home / "localdev")})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a folder with two files of Python; git is not needed."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "cart.py").write_text('def add_to_cart(item: str) -> None:\n    """Put an item into the cart."""\n')
    (folder / "pay.py").write_text("from cart import add_to_cart\n\n\ndef pay() -> None:\n    add_to_cart('fee')\n")
    return folder


@pytest.fixture
def jobs(folders: Folders, root: Path) -> OpenJobs:
    """Give a function that opens the jobs with some settings: `jobs({"ask.k": 3})`."""

    def open_jobs(values: dict[str, Any] | None = None, **options: Any) -> LocalJobs:
        return LocalJobs(build(values or {}), folders, root, **options)

    return open_jobs


@pytest.fixture
def journal(folders: Folders) -> Callable[[], list[dict[str, Any]]]:
    """Give a function that reads the journal's lines."""

    def read() -> list[dict[str, Any]]:
        return (
            [json.loads(line) for line in folders.journal.read_text().splitlines()] if folders.journal.exists() else []
        )

    return read


@pytest.fixture
def script(tmp_path: Path) -> Callable[[object], str]:
    """Give a function that writes a scripted model and names it: `script(["answer"])`."""

    def write(replies: object) -> str:
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"name": "scripted", "replies": replies}))
        return f"fake:{path}"

    return write
