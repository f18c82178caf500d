"""The files of the repository, as proposals and their checks need them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol


class Files(Protocol):
    """The work tree: which source files it has, and what is in them."""

    @property
    def paths(self) -> Sequence[str]:
        """The paths of the source files, relative to the root, sorted."""
        ...

    def read(self, path: str) -> str | None:
        """Give a file's text exactly as on disk (see `core.patch.FileEdit`), listed or not; None where there is none.

        A path outside the root, a link and what is no text give None too.
        """
        ...

    def exists(self, path: str) -> bool:
        """Say whether there is a file or folder at a path, listed or not."""
        ...


def shared(one: str, other: str) -> int:
    """Count the folders that two paths share from the root on."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1], strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
