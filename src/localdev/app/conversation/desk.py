"""What a chat's doors ask besides jobs: which models there are, a look into a file, patches written and taken back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.conversation.choosing import NONE, Choice, settings_for
from localdev.app.conversation.reaching import Reach, reach
from localdev.app.conversation.reading import Preview, preview, read_text
from localdev.core.errors import UsageError
from localdev.core.events import Event, Result
from localdev.core.folders import Folders, ensure, expanded
from localdev.core.patch import FileEdit
from localdev.core.talk import Attachment, SessionInfo

if TYPE_CHECKING:
    from localdev.app.applying import Undone
    from localdev.config.settings import Settings
    from localdev.core.ports import JobStarter
    from localdev.sessions.store import SessionStore

__all__ = ["Choice", "Desk", "ModelChoice", "Names", "Preview", "Reach"]


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model or an adapter that can be chosen: its name, what is known of it on one line, whether it is in use."""

    name: str
    detail: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What completion offers: paths from the root, and symbols as (name, path, line), the most used first."""

    paths: tuple[str, ...] = ()
    symbols: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of one repository. Every method reads the disk or more: none may be called where a screen is drawn."""

    settings: Settings
    folders: Folders
    root: Path
    starter: JobStarter
    store: SessionStore
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    # Has what the first question needs be loaded while it is typed; does not wait for it, and never fails.
    warm: Callable[[], None] = lambda: None

    def models(self, choice: Choice = Choice()) -> tuple[ModelChoice, ...]:  # noqa: B008 - frozen
        """List the models that can answer: those the settings name, and those of the store.

        Raises:
            StorageError: the store cannot be read.
        """
        from localdev.app.conversation.choices import models

        return models(self.settings, self.folders, choice)

    def adapters(self, choice: Choice = Choice()) -> tuple[ModelChoice, ...]:  # noqa: B008 - frozen
        """List the adapters of the store, with the models each one fits.

        Raises:
            StorageError: the store cannot be read.
        """
        from localdev.app.conversation.choices import adapters

        return adapters(self.settings, self.folders, choice)

    def chosen(self, choice: Choice) -> Choice:
        """Give a choice back when there are such a model and adapter.

        Raises:
            NotFound: there is none of that name; the known ones are named.
        """
        from localdev.app.conversation.choices import refuse_unknown

        refuse_unknown(choice, self.folders)
        return choice

    def names(self, tell: Callable[[Event], None] = lambda _event: None) -> Names:
        """Give the paths and symbols of the index, refreshed; `tell` hears how far that is, which can take long once.

        Raises:
            LocaldevError: what the job says.
        """
        found = Names()
        for event in self.starter.start("names", {}).events():
            tell(event)
            if isinstance(event, Result):
                symbols = event.payload["symbols"]
                rows = tuple((str(each["name"]), str(each["path"]), int(each["line"])) for each in symbols)
                found = Names(tuple(event.payload["paths"]), rows)
        return found

    def preview(self, path: str, start: int, end: int, around: int = 3, *, since: float = 0.0) -> Preview:
        """Read lines of a file of the repository with some around them; `changed` says the file is another by now.

        It is when it was changed after the moment `since` (seconds since 1970, 0 for never mind), or is shorter.

        Raises:
            NotFound: it is not there any more.
            UsageError: it is no text, or not in the repository.
        """
        return preview(self.root, path, (start, end), around=around, since=since)

    def read(self, path: str) -> Attachment:
        """Read a text file to be given with a question, in the repository or not; relative paths count from the root.

        Raises:
            NotFound: there is none.
            UsageError: it is no text, or longer than a model reads.
        """
        return Attachment(path, read_text(self.root / expanded(Path(path.removeprefix("@")))))

    def reach(self, choice: Choice) -> Reach:
        """Say which model would answer with a choice, and how far what is asked can go: nowhere, or to which host.

        Raises:
            ConfigError: the settings name a host that is none.
        """
        model = "" if choice.model == NONE else choice.model
        settings = settings_for(self.settings, "chat", model=model)
        return reach(settings, self.folders, without=choice.model == NONE)

    def apply(self, edits: Sequence[FileEdit], label: str) -> None:
        """Write edits: every file or none; `undo` takes them back.

        Raises:
            Moved: a file is not as the edits say it was; nothing is written.
            StorageError: a file cannot be written; what had been written is put back.
        """
        from localdev.app.applying import apply_edits

        apply_edits(edits, self.root, self.folders, label=label)

    def undo(self) -> Undone:
        """Take back what was written last.

        Raises:
            NotFound: nothing is left to take back.
            Moved: a file was changed since; nothing is written.
        """
        from localdev.app.applying import undo_last

        return undo_last(self.root, self.folders)

    def editor(self, path: str, line: int = 1) -> list[str]:
        """Give the command that opens the user's editor at a line of a file of the repository.

        Raises:
            UsageError: no editor is named, and none of the usual ones is there.
        """
        from localdev.app.conversation.editors import editor_command

        return editor_command(self.environ, self.root / path, line)

    def export(self, session: SessionInfo, format: str = "markdown", file: str = "") -> Path:
        """Write a session into a file and give its path; a relative one counts from the root.

        Without a file it is named after the title, in a folder of localdev's own: nobody commits it by chance.

        Raises:
            NotFound: there is no such session.
            UsageError: the file is there already, or the form is unknown.
            StorageError, NotFound: it cannot be written.
        """
        from localdev.sessions.export import ENDINGS, exported, free_file, write_export

        if not session.id:
            raise UsageError("there is nothing to export yet", "ask something first")
        form = next((each for each in ENDINGS if each == format), None)
        if form is None:
            raise UsageError(f"there is no form {format!r}", f"known are {', '.join(ENDINGS)}")
        info = self.store.info(session.id)
        if not file:
            path = free_file(ensure(self.folders.exports), info, form)
        elif (path := self.root / expanded(Path(file))).exists():
            raise UsageError(f"{path} is there already", f"name another file: /export {form} FILE")
        write_export(path, exported(info, self.store.turns(info.id), form))
        return path
