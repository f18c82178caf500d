"""What most commands start from: folders, the repository's root, and settings with their origins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from localdev.cli.options import start_folder
from localdev.cli.terminal import Printer
from localdev.core.errors import EnvironmentFault, UsageError
from localdev.core.events import Notice
from localdev.core.folders import Folders, find_folders

if TYPE_CHECKING:
    import typer

    from localdev.app.pools import Aside
    from localdev.config.loader import Loaded
    from localdev.config.settings import Settings, Value
    from localdev.core.ports import Jobs

# What a command does with the background service: nothing, use one that runs, or start one where none does.
Use = Literal["none", "use", "start"]


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

    def jobs(self, aside: Aside, service: Use = "none") -> Jobs:
        """Give the jobs of this repository, run in this process or in the background service.

        `aside` is told of progress, and why the service cannot be used where it was wanted.
        """
        from localdev.app.anywhere import anywhere

        settings = anywhere(self.settings)
        if service != "none" and settings.service.enabled:
            served = self._served(settings, aside, start=service == "start")
            if served is not None:
                return served
        from localdev.app.jobs import LocalJobs

        return LocalJobs(settings, self.folders, self.root, aside=aside)

    def warm_service(self) -> None:
        """Start the background service unless it runs, and have it load what questions need.

        Raises:
            Unavailable, StorageError: it cannot be started.
        """
        from localdev.app.anywhere import anywhere, secrets_of
        from localdev.service.client import ServiceJobs

        secrets = secrets_of(os.environ)
        ServiceJobs(anywhere(self.settings), self.folders, self.root, lambda _event: None, secrets).warm()

    def _served(self, settings: Settings, aside: Aside, *, start: bool) -> Jobs | None:
        """Give the jobs run in the background service; None where there is none, or it cannot be used."""
        from localdev.app.anywhere import secrets_of
        from localdev.service.client import ServiceJobs, Unavailable, reach

        try:
            line = reach(self.folders, start=start, aside=aside)
        except EnvironmentFault as error:
            what = error if isinstance(error, Unavailable) else f"no background service: {error}"
            aside(Notice("warning", f"{what}: running without it ({error.hint})"))
            return None
        if line is None:
            return None
        return ServiceJobs(settings, self.folders, self.root, aside, secrets_of(os.environ), line)


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


def use_service(place: Workplace, job: str, *, never: bool, model: bool = True) -> Use:
    """Say how a job uses the service: one with a model starts it, as loading takes longest; others are quick alone."""
    if never:
        return "none"
    return "start" if model and has_model(place, job) else "use"


def has_model(place: Workplace, job: str) -> bool:
    """Tell whether a model would be chosen: a configured one, or the only one that was added. Opens none."""
    by_job: tuple[str, ...] = getattr(place.settings.models, job, ())
    if place.settings.model or by_job:
        return True
    passports = place.folders.models / "passports"
    if not passports.is_dir() or not any(passports.iterdir()):
        return False  # by far the quickest to find out
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    return sum(not embeds(each.architecture) for each in ModelStore(place.folders.models).list()) == 1


def _refuse_bare(root: Path) -> None:
    """A repository without a work tree holds git's own data and no files to read."""
    if all((root / part).exists() for part in ("HEAD", "objects", "refs")) and not (root / ".git").exists():
        raise UsageError(f"{root} is a bare repository, without files to read", "clone it, and name the clone: -C PATH")
