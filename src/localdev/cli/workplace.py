"""What most commands start from: folders, the repository's root, and settings with their origins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.cli.options import start_folder
from localdev.cli.terminal import Printer
from localdev.core.errors import UsageError
from localdev.core.folders import Folders, find_folders

if TYPE_CHECKING:
    import typer

    from localdev.app.pools import Aside
    from localdev.config.loader import Loaded
    from localdev.config.settings import Settings, Value
    from localdev.core.ports import Jobs


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where and with what a command works."""

    folders: Folders
    start: Path
    root: Path
    loaded: Loaded
    printer: Printer

    @property
    def settings(self) -> Settings:
        """The settings of this run."""
        return self.loaded.settings

    def jobs(self, aside: Aside) -> Jobs:
        """Give the jobs of this repository, run in this process; `aside` is told of progress."""
        from localdev.app.jobs import LocalJobs

        return LocalJobs(self.settings, self.folders, self.root, aside=aside)


def open_workplace(
    context: typer.Context,
    directory: Path | None,
    flags: Mapping[str, tuple[str, Value | None]] | None = None,
    *,
    tolerant: bool = False,
) -> Workplace:
    """Find the repository and load the settings; `flags` maps dotted names to (flag as typed, value or None).

    `tolerant` passes over mistakes in the settings and lists them, for commands that help to mend them.

    Raises:
        NotFound: the folder is not there.
        UsageError: it is a file, or a repository without a work tree.
        ConfigError: a setting is wrong.
    """
    from localdev.config.loader import Sources, load
    from localdev.source.walk import find_root

    folders = find_folders()
    start = start_folder(context, directory)
    root = find_root(start)
    _refuse_bare(root)
    given = {name: (flag, value) for name, (flag, value) in (flags or {}).items() if value is not None}
    loaded = load(Sources(folders, root, os.environ, given), tolerant=tolerant)
    printer = Printer(loaded.settings.ui.color)
    for notice in loaded.notices:
        printer.notice(notice)
    return Workplace(folders, start, root, loaded, printer)


def _refuse_bare(root: Path) -> None:
    """A repository without a work tree holds git's own data and no files to read."""
    if all((root / part).exists() for part in ("HEAD", "objects", "refs")) and not (root / ".git").exists():
        raise UsageError(f"{root} is a bare repository, without files to read", "clone it, and name the clone: -C PATH")
