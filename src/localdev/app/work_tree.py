"""The work tree as proposals read it: texts exactly as on disk, paths that never lead out of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from localdev.app.applying import Moved, read_exact
from localdev.core.errors import StorageError

# Larger files are data; no proposal is made of them.
_LARGEST = 2_000_000


class WorkTree:
    """The files of a repository; listed once, when they are first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[str, str | None] = {}

    @cached_property
    def paths(self) -> Sequence[str]:
        """The paths of the source files, sorted."""
        from localdev.source.walk import list_files

        return tuple(file.path for file in list_files(self._root).files)

    def read(self, path: str) -> str | None:
        """Give a file's text exactly as on disk; None where there is no text file of that name."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def exists(self, path: str) -> bool:
        """Say whether there is a file or folder at a path inside the repository."""
        parts = path.split("/")
        return not os.path.isabs(path) and ".." not in parts and (self._root / path).exists()

    def _read(self, path: str) -> str | None:
        """Read a file that is not too large."""
        try:
            if not self.exists(path) or (self._root / path).stat().st_size > _LARGEST:
                return None
            text = read_exact(self._root, path)
        except (Moved, StorageError, OSError, ValueError):
            return None
        return None if text is None or "\0" in text else text
