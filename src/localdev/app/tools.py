"""What a job that stands in a file of its own is handed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from localdev.app.pools import Aside
from localdev.config.settings import Settings
from localdev.core.folders import Folders

if TYPE_CHECKING:
    from localdev.app.engines import Engine
    from localdev.index.repository import IndexedRepository


class EngineOpener(Protocol):
    """Opens the model that the settings name for a job, or none when it is wanted `without`."""

    def __call__(self, *, without: bool, job: str = "ask") -> Engine:
        """Give the engine; whoever asks closes its backend."""
        ...


@dataclass(frozen=True, slots=True)
class JobTools:
    """The settings and places of a job, and how it opens what is costly.

    `repository` opens the index (not refreshed yet), `engine` the model. `aside` is told what happens inside long work.
    """

    settings: Settings
    folders: Folders
    root: Path
    aside: Aside
    repository: Callable[[], AbstractContextManager[IndexedRepository]]
    engine: EngineOpener

    def owner(self) -> str:
        """Give the id under which what a model keeps of this repository can be found and removed."""
        from localdev.index.layout import index_folder

        return index_folder(self.folders.indexes, self.root).name

    def prompt_folders(self) -> tuple[Path, ...]:
        """Give the repository's own prompts, when they are trusted."""
        return prompt_folders(self.root, self.folders)


def prompt_folders(root: Path, folders: Folders) -> tuple[Path, ...]:
    """Give the folder of a repository's own prompts, when they are trusted."""
    from localdev.config import trust

    folder = root / trust.PROJECT_FOLDER / "prompts"
    return (folder,) if folder.is_dir() and trust.state(root, folders) == "trusted" else ()
