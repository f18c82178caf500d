"""A proposed patch held against the work tree: which of its hunks are there already, and whether the rest fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from localdev.app.applying import Moved, read_exact
from localdev.core.change import FileChange, Hunk, Status
from localdev.core.errors import StorageError
from localdev.source.applying import applied, pieces
from localdev.source.diff import read_diff

# Which side is the new one, and the lines that stand on the other alone.
_SIDES = ((True, "removed"), (False, "added"))


@dataclass(frozen=True, slots=True)
class ProposedFile:
    r"""What a patch does to one file.

    `old` is its text without any of the hunks, exactly as on disk (None: there is no such file); `there` are the hunks
    that the file holds already. `moved` says in a few words why nothing of this can be applied, and is empty otherwise.
    A file that is new or goes is taken whole; its hunks (there may be none) are for reading.
    """

    path: str
    status: Status
    hunks: tuple[Hunk, ...]
    old: str | None = None
    there: frozenset[Hunk] = frozenset()
    whole_is_there: bool = False
    moved: str = ""

    @property
    def whole(self) -> bool:
        """Say whether the file comes or goes as one."""
        return self.status in ("added", "deleted")

    def text(self, chosen: Sequence[Hunk]) -> str:
        """Give the text with some of the hunks, in any order; only for a file that is not taken whole."""
        text = applied(self.old or "", sorted(chosen, key=lambda hunk: hunk.old_start), exact=True)
        assert text is not None, f"the hunks of {self.path} were held against its text"
        return text

    @property
    def new(self) -> str | None:
        """Give the text with all hunks; None for a file that goes."""
        return None if self.status == "deleted" else self.text(self.hunks)


def proposed_files(patch: str, root: Path) -> tuple[ProposedFile, ...]:
    """Read a patch, as `localdev gen` prints it, against the files of a repository.

    Raises:
        UsageError: the patch cannot be read.
    """
    return tuple(_held(change, root) for change in read_diff(patch))


def _held(change: FileChange, root: Path) -> ProposedFile:
    """Hold what is to become of one file against it."""
    try:
        now = read_exact(root, change.path)
    except (Moved, StorageError) as error:
        return ProposedFile(change.path, change.status, change.hunks, moved=str(error))
    if change.binary or change.status in ("renamed", "copied", "type"):
        return ProposedFile(change.path, change.status, change.hunks, moved="it is no change of text alone")
    if change.status in ("added", "deleted"):
        return _whole(change, now)
    return _modified(change, now)


def _whole(change: FileChange, now: str | None) -> ProposedFile:
    """Hold a file that comes or goes against what is there."""
    adds = change.status == "added"
    text = applied("", change.hunks, exact=True) if adds else _side(change.hunks)
    old = None if adds else text
    if now == old:
        return ProposedFile(change.path, change.status, change.hunks, old)
    if now == (text if adds else None):
        return ProposedFile(change.path, change.status, change.hunks, old, whole_is_there=True)
    moved = "there is a file of this name already" if adds else "the file has changed since"
    return ProposedFile(change.path, change.status, change.hunks, old, moved=moved)


def _side(hunks: Sequence[Hunk]) -> str:
    """Give the text that a deletion takes away."""
    lines = [line for hunk in hunks for line in hunk.lines]
    return "".join(line.text + ("" if line.no_newline else "\n") for line in lines)


def _modified(change: FileChange, now: str | None) -> ProposedFile:
    """Find out which hunks a file holds already, and its text without them."""
    if now is None:
        return ProposedFile(change.path, change.status, change.hunks, moved="the file is gone")
    if applied(now, change.hunks, exact=True) is not None:
        return ProposedFile(change.path, change.status, change.hunks, now)
    hunks, there = _found(now.split("\n"), change.hunks)
    old = applied(now, list(there.values()), backwards=True, exact=True)
    found = ProposedFile(change.path, change.status, tuple(hunks), old, frozenset(there))
    if old is None or applied(old, hunks, exact=True) is None or found.text(tuple(there)) != now:
        return ProposedFile(change.path, change.status, change.hunks, moved="the file has changed since")
    return found


def _found(rows: Sequence[str], hunks: Sequence[Hunk]) -> tuple[list[Hunk], dict[Hunk, Hunk]]:
    """Give the hunks, cut up where a part of one is there, and each that is there with the lines where it is."""
    every: list[Hunk] = []
    there: dict[Hunk, Hunk] = {}
    moved = 0  # by so many lines the ones before have moved the rest of the file
    for hunk in hunks:
        parts = (hunk,) if _holds(rows, hunk, moved) is not None else pieces(hunk)
        for part in parts:
            every.append(part)
            if _holds(rows, part, moved):
                start = part.old_start - (part.old_count > 0) + moved
                there[part] = replace(part, new_start=start + (part.new_count > 0))
                moved += part.new_count - part.old_count
    return every, there


def _holds(rows: Sequence[str], hunk: Hunk, moved: int) -> bool | None:
    """Say whether a file holds the new side of a hunk (True) or the old one (False) at its place, or neither."""
    start = hunk.old_start - (hunk.old_count > 0) + moved
    sides = [(new, [line.text for line in hunk.lines if line.kind != other]) for new, other in _SIDES]
    # Where one side begins with the other, as without context behind it, the longer one says more.
    for new, side in sorted(sides, key=lambda each: -len(each[1])):
        if list(rows[start : start + len(side)]) == side:
            return new
    return None
