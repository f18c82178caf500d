"""Fixtures of the source room: trees of files on disk, and the real git beside them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Git = Callable[..., str]
Plant = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give an empty folder to fill."""
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


@pytest.fixture
def plant(tree: Path) -> Plant:
    """Give a function that writes files (path -> text) below the tree and gives the tree back."""

    def write(files: Mapping[str, str]) -> Path:
        for path, text in files.items():
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        return tree

    return write


@pytest.fixture
def git(tree: Path) -> Git:
    """Make the tree a repository and give a function that runs git in it and gives its output."""

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=tree, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "surrogateescape")

    run("init", "-q", "-b", "main")
    return run
