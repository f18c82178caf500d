"""Values that describe a change: files, hunks and lines of a diff. Lines are 1-based, and end at a line feed alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

LineKind = Literal["context", "added", "removed"]
Status = Literal["added", "modified", "deleted", "renamed", "copied", "type"]

SUBMODULE = "160000"
SYMLINK = "120000"


@dataclass(frozen=True, slots=True)
class DiffLine:
    r"""One line of a hunk, without its mark and its line feed; a carriage return before that is kept.

    `old_line` and `new_line` are its numbers on each side, 0 on the side that lacks it. `no_newline` says that its file
    ends without a line feed there.
    """

    kind: LineKind
    text: str
    old_line: int = 0
    new_line: int = 0
    no_newline: bool = False


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of changed lines with their context; `heading` is what stands behind the second `@@`."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: str
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a change does to one file.

    `path` is where it is afterwards, or where it was when it is deleted; `old_path` where it was, empty when it is new.
    Modes are six octal digits, empty on the side that lacks the file; ids name the blobs (empty where none is said).
    `binary` files and submodules have no hunks, nor have those of which only mode or name changed.
    """

    path: str
    old_path: str
    status: Status
    old_mode: str = ""
    new_mode: str = ""
    old_id: str = ""
    new_id: str = ""
    binary: bool = False
    hunks: tuple[Hunk, ...] = ()

    @property
    def submodule(self) -> bool:
        """Say whether it is another repository's commit and not a file, on either side."""
        return SUBMODULE in (self.old_mode, self.new_mode)

    def lines(self) -> Iterator[DiffLine]:
        """Yield the lines of all hunks in order."""
        for hunk in self.hunks:
            yield from hunk.lines

    def added(self) -> Iterator[DiffLine]:
        """Yield the lines that are new."""
        return (line for line in self.lines() if line.kind == "added")

    def removed(self) -> Iterator[DiffLine]:
        """Yield the lines that are gone."""
        return (line for line in self.lines() if line.kind == "removed")


@dataclass(frozen=True, slots=True)
class Change:
    """All that is changed, file by file in the order of the diff; `label` says which change this is, for people."""

    files: tuple[FileChange, ...]
    label: str = ""


class Sides(Protocol):
    r"""The files before and after a change; texts have `\n` for `\r\n`, and no byte order mark."""

    def old_text(self, path: str) -> str | None:
        """Give a file as it was; None where there is none, or none that is text, or it cannot be known."""
        ...

    def new_text(self, path: str) -> str | None:
        """Give a file as it is afterwards, changed or not; None as above."""
        ...

    def new_paths(self) -> frozenset[str]:
        """Give the paths of all files afterwards; empty where that cannot be known."""
        ...

    def new_size(self, path: str) -> int | None:
        """Give a file's size in bytes afterwards; None where there is none, or it cannot be known."""
        ...
