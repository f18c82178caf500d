"""A change as rules see it: each file with its two texts and their syntax, read when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from localdev.core.change import SYMLINK, Change, FileChange, Sides
from localdev.core.code import ParsedFile
from localdev.core.ports import Repository
from localdev.source.languages import language_of
from localdev.source.parse import parse_file
from localdev.source.syntax.tree import SyntaxTree, read_syntax

# Lines of a call that may lie between its name and what is changed in it.
_AROUND = 12
# A longer line is data or made by a tool; to look for its meaning may take minutes.
_LONGEST_LINE = 20_000
# More characters than this in one file, and its syntax is not read.
_LONGEST_TEXT = 8_000_000


class ChangedFile:
    """One file of a change. A submodule, a link and a binary file have no texts."""

    def __init__(self, change: FileChange, sides: Sides) -> None:
        self.change = change
        self._sides = sides

    @property
    def path(self) -> str:
        """Where the file is afterwards (or was, when it is deleted)."""
        return self.change.path

    @cached_property
    def language(self) -> str:
        """The name of its language, as `source.languages` has it."""
        return language_of(self.path, (self.new_text or self.old_text or "").partition("\n")[0])

    @cached_property
    def _is_text(self) -> bool:
        change = self.change
        return not (change.binary or change.submodule or SYMLINK in (change.old_mode, change.new_mode))

    @cached_property
    def new_text(self) -> str | None:
        """The file afterwards; None where there is none or it is no text."""
        return self._sides.new_text(self.path) if self._is_text and self.change.status != "deleted" else None

    @cached_property
    def old_text(self) -> str | None:
        """The file before; None where there was none or it was no text."""
        return self._sides.old_text(self.change.old_path) if self._is_text and self.change.old_path else None

    @cached_property
    def partial(self) -> bool:
        """Say whether the texts are only the lines that a patch shows, with blank lines between them."""
        partial: Callable[[str], bool] | None = getattr(self._sides, "partial", None)
        return partial is not None and partial(self.path)

    @cached_property
    def new_lines(self) -> tuple[str, ...]:
        """The lines afterwards: line n is `new_lines[n - 1]`."""
        return tuple((self.new_text or "").split("\n"))

    @cached_property
    def added(self) -> frozenset[int]:
        """The numbers of the lines that are new, on the new side; none of a file whose text is not known."""
        if self.new_text is None:
            return frozenset()
        return frozenset(line.new_line for line in self.change.added())

    @cached_property
    def removed(self) -> frozenset[int]:
        """The numbers of the lines that are gone, on the old side."""
        return frozenset(line.old_line for line in self.change.removed())

    @cached_property
    def near(self) -> str:
        """The new lines, in lower case, with as many around them as a call may have."""
        last = 0
        near: list[str] = []
        for line in sorted(self.added):
            near.extend(self.new_lines[max(last, line - 1 - _AROUND) : line + _AROUND])
            last = max(last, line + _AROUND)
        return "\n".join(line for line in near if len(line) <= _LONGEST_LINE).lower()

    @cached_property
    def overlong(self) -> tuple[int, ...]:
        """The numbers of the new lines that are too long to be looked at: the syntax has blank lines for them."""
        return tuple(at for at in sorted(self.added) if len(self.new_lines[at - 1]) > _LONGEST_LINE)

    def touched(self, line: int, end_line: int) -> bool:
        """Say whether any of the lines `line..end_line` of the new side is new."""
        return any(at in self.added for at in range(line, end_line + 1))

    @cached_property
    def new_syntax(self) -> SyntaxTree | None:
        """The syntax afterwards, without overlong lines; None without a grammar, or where parsing asks too much."""
        return _syntax(self.path, self.new_text)

    @cached_property
    def old_syntax(self) -> SyntaxTree | None:
        """The syntax before, without overlong lines."""
        return _syntax(self.change.old_path, self.old_text)

    @cached_property
    def new_symbols(self) -> ParsedFile | None:
        """Definitions and references afterwards."""
        return None if self.new_text is None else parse_file(self.path, self.new_text)

    @cached_property
    def old_symbols(self) -> ParsedFile | None:
        """Definitions and references before."""
        return None if self.old_text is None else parse_file(self.change.old_path, self.old_text)


def _syntax(path: str, text: str | None) -> SyntaxTree | None:
    """Parse a text, with blank lines in place of overlong ones."""
    if text is None:
        return None
    if len(text) > _LONGEST_LINE:
        text = "\n".join("" if len(line) > _LONGEST_LINE else line for line in text.split("\n"))
    return read_syntax(path, text) if len(text) <= _LONGEST_TEXT else None


class ReviewedChange:
    """All that rules may look at: the files of a change, any other file afterwards, and the repository's graph.

    `graph` opens the index of the repository when it is first asked for, and gives None where there is none; it knows
    the files as they are on disk, so what it says is checked against `sides`. `kept` holds what rules work out once.
    """

    def __init__(self, change: Change, sides: Sides, graph: Callable[[], Repository | None] | None = None) -> None:
        self.change = change
        self.sides = sides
        self.files = tuple(ChangedFile(each, sides) for each in change.files)
        self._graph = graph
        self.kept: dict[str, Any] = {}

    @cached_property
    def graph(self) -> Repository | None:
        """The indexed repository, or None."""
        return self._graph() if self._graph is not None else None

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all files afterwards; empty where they cannot be known."""
        return self.sides.new_paths()
