"""What was decided on a proposed patch, hunk by hunk, and the edits that come of it. Nothing here reads or writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from localdev.app.proposed import ProposedFile
from localdev.core.change import Hunk
from localdev.core.patch import FileEdit
from localdev.source.applying import pieces

State = Literal["open", "accepted", "rejected", "applied", "moved"]

WORDS: dict[State, str] = {
    "accepted": "accepted",
    "rejected": "rejected",
    "open": "not decided",
    "applied": "applied",
    "moved": "cannot be applied",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What is decided on as one: a hunk of a file, or a file as a whole (`hunk` None) that comes or goes.

    `file` is its place among the patch's files. `moved` parts cannot be applied: their file is not as the patch needs.
    """

    file: int
    hunk: Hunk | None
    state: State = "open"


class PatchState:
    """A patch's parts, in order, and what was decided on each. `files` are held against the work tree already."""

    def __init__(self, files: Sequence[ProposedFile]) -> None:
        self.files = tuple(files)
        self.parts: list[Part] = [part for at, file in enumerate(files) for part in _parts(at, file)]
        self._applied: list[frozenset[tuple[int, Hunk | None]]] = []

    def mark(self, at: int, state: Literal["open", "accepted", "rejected"]) -> bool:
        """Decide on one part; False for one that is applied, or cannot be."""
        part = self.parts[at]
        if part.state in ("applied", "moved"):
            return False
        self.parts[at] = replace(part, state=state)
        return True

    def mark_all(self, state: Literal["open", "accepted", "rejected"]) -> None:
        """Decide on every part that is not applied and can be."""
        for at in range(len(self.parts)):
            self.mark(at, state)

    def split(self, at: int) -> int:
        """Cut a part into its stretches of changed lines and give how many there are now; 1 where it cannot be cut."""
        part = self.parts[at]
        if part.hunk is None or part.state in ("applied", "moved"):
            return 1
        cut = [replace(part, hunk=piece) for piece in pieces(part.hunk)]
        self.parts[at : at + 1] = cut
        return len(cut)

    def edits(self) -> tuple[FileEdit, ...]:
        """Give what writes the accepted parts, on top of those that are applied."""
        found = []
        for at, group in groupby(self.parts, key=lambda part: part.file):
            file, mine = self.files[at], list(group)
            if not any(part.state == "accepted" for part in mine):
                continue
            if file.whole:
                found.append(FileEdit(file.path, file.old, file.new))
                continue
            before = [part.hunk for part in mine if part.hunk and part.state == "applied"]
            after = [part.hunk for part in mine if part.hunk and part.state == "accepted"]
            found.append(FileEdit(file.path, file.text(before), file.text([*before, *after])))
        return tuple(found)

    def written(self) -> None:
        """Take note that what `edits` gives was written."""
        self._applied.append(frozenset((part.file, part.hunk) for part in self.parts if part.state == "accepted"))
        self.parts = [replace(part, state="applied") if part.state == "accepted" else part for part in self.parts]

    def last_paths(self) -> tuple[str, ...]:
        """Name the files of what was written last and not taken back; none where nothing was."""
        return tuple(sorted({self.files[file].path for file, _ in self._applied[-1]})) if self._applied else ()

    def written_paths(self) -> tuple[str, ...]:
        """Name the files of all that was written here and not taken back."""
        return tuple(sorted({self.files[file].path for parts in self._applied for file, _ in parts}))

    def taken_back(self) -> None:
        """Take note that what was written last is undone: its parts stay accepted."""
        last = self._applied.pop()
        self.parts = [
            replace(part, state="accepted") if (part.file, part.hunk) in last else part for part in self.parts
        ]

    def told(self, file: int) -> str:
        """Say in words what was decided on the parts of a file."""
        counts = Counter(WORDS[part.state] for part in self.parts if part.file == file)
        return ", ".join(f"{count} {words}" for words, count in counts.items())

    def counts(self) -> dict[State, int]:
        """Count the parts by what was decided."""
        return dict(Counter(part.state for part in self.parts))


def _parts(at: int, file: ProposedFile) -> list[Part]:
    """Give the parts of one file."""
    hunks: Sequence[Hunk | None] = (None,) if file.whole or not file.hunks else file.hunks
    if file.moved:
        return [Part(at, hunk, "moved") for hunk in hunks]
    return [Part(at, hunk, "applied" if hunk in file.there or file.whole_is_there else "open") for hunk in hunks]
