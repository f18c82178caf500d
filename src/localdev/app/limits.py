"""What is looked at before a folder is indexed: localdev's own files stay out, and nobody indexes a disk by mistake."""

from __future__ import annotations

import os
from pathlib import Path

from localdev.core.errors import UsageError
from localdev.core.files import write_atomic
from localdev.core.folders import Folders
from localdev.core.sizes import counted

_IGNORE_FILE = ".gitignore"
_IGNORE_ALL = b"# Written by localdev, whose own files these are.\n*\n"


def keep_out(folders: Folders, root: Path) -> None:
    """Have what localdev keeps ignored where it lies inside the repository, by an ignore file in each of the folders.

    Settings are the user's own text and may well be in a repository. Git honours it too, so that an index, which holds
    source text, is not committed by accident.

    Raises:
        UsageError: the repository is itself one of them.
        StorageError: the ignore file cannot be written.
    """
    top = os.path.realpath(root)
    for folder in (folders.data, folders.state, folders.cache):
        place = os.path.realpath(folder)
        if top == place or top.startswith(place + os.sep):
            raise UsageError(f"{root} holds localdev's own files", "name a repository: -C PATH")
        if place.startswith(top.rstrip(os.sep) + os.sep) and not (folder / _IGNORE_FILE).exists():
            write_atomic(folder / _IGNORE_FILE, _IGNORE_ALL)


def refuse_too_many(root: Path, most: int) -> None:
    """Stop before the first index of a folder without git that holds more than `most` files to look at.

    A git repository is somebody's project; without one the folder may be a whole home or disk.

    Raises:
        UsageError: it does.
    """
    from localdev.source.walk import find_root, is_work_tree

    if is_work_tree(find_root(root)):
        return
    if _more_than(root, most):
        raise UsageError(
            f"{root} is no git repository and holds more than {counted(most, 'file')}",
            "name a project in it: -C PATH; to index all of it, allow more: `localdev config set index.max_files N`",
        )


class _Enough(Exception):
    """More files were met than are allowed."""


def _more_than(root: Path, most: int) -> bool:
    """Walk as indexing will, only until there are too many; 50,000 files take about a second."""
    from localdev.source.skip import DEFAULT_LIMIT, file_reason
    from localdev.source.walk import Sieve
    from localdev.source.walk_own import walk_tree

    class Counter:
        """Counts files that are not skipped by their name alone."""

        def __init__(self, sieve: Sieve) -> None:
            self.enter = sieve.enter
            self.skip = sieve.skip
            self._met = 0

        def add(self, path: str) -> None:
            """Count one file."""
            self._met += not file_reason(path.rpartition("/")[2])
            if self._met > most:
                raise _Enough

    try:
        walk_tree(str(root), Counter(Sieve(str(root), DEFAULT_LIMIT)))
    except _Enough:
        return True
    return False
