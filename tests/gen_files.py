"""A work tree in memory, for tests of proposals."""

from __future__ import annotations

from collections.abc import Sequence

from localdev.assistant.gen.target import Target, find_target


class MemoryFiles:
    """Files by path, as `localdev.assistant.gen.files.Files` wants them."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    @property
    def paths(self) -> Sequence[str]:
        """Give the paths, sorted."""
        return sorted(self.texts)

    def read(self, path: str) -> str | None:
        """Give a file's text."""
        return self.texts.get(path)

    def exists(self, path: str) -> bool:
        """Say whether there is a file or folder."""
        return any(each == path or each.startswith(f"{path}/") for each in self.texts)


def only(path: str, text: str, name: str) -> tuple[MemoryFiles, Target]:
    """Give a tree of one file, and a symbol in it."""
    files = MemoryFiles({path: text})
    return files, find_target(files, f"{path}::{name}")
