"""The repository's graph for a job that may do without: opened and refreshed when it is first asked for, or never."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localdev.app.tools import JobTools
from localdev.core.errors import LocaldevError
from localdev.core.events import Notice, Progress

if TYPE_CHECKING:
    from localdev.core.ports import Repository


class _TimeUp(Exception):
    """The deadline has passed while the index was brought up to date."""


@dataclass(slots=True)
class LazyGraph:
    """Gives the open repository, or None where there is no index and none is to be built, or it cannot be had.

    `build` says whether a first index may be made: it reads the whole repository. `deadline` is a moment of
    `time.monotonic`. What is opened is closed with `parts`.
    """

    tools: JobTools
    parts: contextlib.ExitStack
    build: bool
    deadline: float = float("inf")
    _asked: bool = False
    _found: Repository | None = field(default=None)

    def __call__(self) -> Repository | None:
        """Give the repository, the same one each time."""
        if not self._asked:
            self._asked = True
            try:
                self._found = self._opened()
            except _TimeUp:
                self.tools.aside(Notice("hint", "there was no time to look for callers: `localdev index` prepares it"))
            except LocaldevError as error:  # a review is worth having without callers
                self.tools.aside(Notice("warning", f"callers are not known: {error}"))
        return self._found

    def _opened(self) -> Repository | None:
        """Open the index and bring it up to date."""
        from localdev.app.stored import has_index

        if time.monotonic() >= self.deadline or not (self.build or has_index(self.tools.folders, self.tools.root)):
            return None
        repository = self.parts.enter_context(self.tools.repository())
        repository.refresh(self._progress)
        return repository

    def _progress(self, progress: Progress) -> None:
        """Pass progress on, as long as there is time."""
        if time.monotonic() >= self.deadline:
            raise _TimeUp
        self.tools.aside(progress)
