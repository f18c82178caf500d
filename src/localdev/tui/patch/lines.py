"""The lines of a patch as the screen has them: one below the other, or old and new side by side. Nothing here draws."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby, zip_longest
from typing import Literal

from rich.cells import cell_len

from localdev.core.change import DiffLine, Hunk
from localdev.core.neutral import one_line
from localdev.tui.patch.hunks import PatchState

_TAB = 4
# Nobody reads further to the right, and drawing a megabyte takes seconds.
LONGEST = 2000
# Words of longer lines are not compared: it takes time in their square.
_LONGEST_COMPARED = 400
# Lines that share less than this are not two versions of one line.
_ALIKE = 0.4
# Files with one version: half of the screen would be empty.
_ONE_VERSION = ("added", "deleted")
_UNWRITABLE = re.compile("[\ud800-\udfff]")
_WORDS = re.compile(r"\w+|\s+|.", re.DOTALL)

Side = Literal["old", "new", "both"]
Places = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the view: of code, or the head of a file or of a part.

    `part` is the part it belongs to; for a file's head, that file's first. `old` and `new` are two versions of one
    line, or the same one for context; `side` says which of them this line shows, `beside` that each has one half.
    """

    kind: Literal["file", "part", "code", "note"]
    part: int
    old: DiffLine | None = None
    new: DiffLine | None = None
    side: Side = "both"
    text: str = ""
    beside: bool = False


def laid_out(patch: PatchState, *, beside: bool) -> list[Line]:
    """Give all lines of a patch; `beside` puts old and new side by side, in files that have both."""
    found: list[Line] = []
    last = -1
    for at, part in enumerate(patch.parts):
        file = patch.files[part.file]
        if part.file != last:
            found.append(Line("file", at))
            last = part.file
            if file.moved:
                text = f"nothing here can be applied: {file.moved}" if file.hunks else file.moved
                found.append(Line("note", at, text=text))
        found.append(Line("part", at))
        hunks = file.hunks if part.hunk is None else (part.hunk,)
        for hunk in hunks:
            found.extend(_code(hunk, at, beside=beside and file.status not in _ONE_VERSION))
        if not hunks and not file.moved:
            found.append(Line("note", at, text="the file is empty"))
    return found


def _code(hunk: Hunk, part: int, *, beside: bool) -> Iterator[Line]:
    """Give the lines of a hunk; in a run of changed ones the first old one is held against the first new one, ..."""
    for same, run in groupby(hunk.lines, key=lambda line: line.kind == "context"):
        rows = list(run)
        if same:
            yield from (Line("code", part, row, row, beside=beside) for row in rows)
            continue
        olds, news = ([row for row in rows if row.kind == kind] for kind in ("removed", "added"))
        pairs = list(zip_longest(olds, news))
        if beside:
            yield from (Line("code", part, old, new, beside=True) for old, new in pairs)
        else:
            yield from (Line("code", part, old, new, "old") for old, new in pairs if old)
            yield from (Line("code", part, old, new, "new") for old, new in pairs if new)


def shown(text: str) -> str:
    """Make a line of code harmless: blanks for tabs, bytes that are no UTF-8 in figures, cut where it is endless."""
    more = len(text) - LONGEST
    if more > 0:
        text = text[:LONGEST]
    if not (text.isascii() and text.isprintable()):
        if "\t" in text:
            text = _untabbed(text)
        text = _UNWRITABLE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", one_line(text))
    return f"{text} ... {more:,} more characters" if more > 0 else text


def longest(files: Iterable[Sequence[Hunk]]) -> int:
    """Give the cells of the longest line; tabs count as the blanks they are at most."""
    texts = (line.text for hunks in files for hunk in hunks for line in hunk.lines)
    return max((cell_len(text[:LONGEST]) + text.count("\t", 0, LONGEST) * _TAB for text in texts), default=0)


def _untabbed(text: str) -> str:
    """Put blanks for tabs, by the cells that characters take."""
    found, column = [], 0
    for part in text.split("\t"):
        column += cell_len(part)
        blanks = _TAB - column % _TAB
        found.append(part + " " * blanks)
        column += blanks
    return "".join(found)[:-blanks]


def code_text(line: DiffLine, *, returns: bool = False) -> str:
    r"""Give a line as it is shown; a carriage return at its end is left out unless `returns` says that it matters."""
    text = line.text if returns else line.text.removesuffix("\r")
    return shown(text)


def returns_differ(lines: Sequence[DiffLine]) -> bool:
    """Say whether some lines end with a carriage return and others do not, so that it must be seen."""
    return len({line.text.endswith("\r") for line in lines}) > 1


@lru_cache(maxsize=2048)
def changed_words(old: str, new: str) -> tuple[Places, Places]:
    """Give the places (from, to) in two versions of a line that differ; none where they have little in common."""
    if max(len(old), len(new)) > _LONGEST_COMPARED:
        return (), ()
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    blocks = matcher.get_opcodes()
    same = sum(len("".join(before[i1:i2]).strip()) for tag, i1, i2, _, _ in blocks if tag == "equal")
    if same < _ALIKE * max(len(old.strip()), len(new.strip())):
        return (), ()
    olds = tuple((i1, i2) for tag, i1, i2, _, _ in blocks if tag != "equal" and i1 < i2)
    news = tuple((j1, j2) for tag, _, _, j1, j2 in blocks if tag != "equal" and j1 < j2)
    return _places(before, olds), _places(after, news)


def _places(words: Sequence[str], ranges: Places) -> Places:
    """Turn ranges of words into ranges of characters."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return tuple((starts[first], starts[last]) for first, last in ranges)
