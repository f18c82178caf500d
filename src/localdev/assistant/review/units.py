"""What a model is asked about at a time: a hunk, several of one function, or a part of one that is too large."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from localdev.core.change import SYMLINK, DiffLine
from localdev.core.code import Symbol
from localdev.core.review import NotReviewed
from localdev.rules.changed import ChangedFile
from localdev.rules.places import is_vendored
from localdev.source.reading import content_reason
from localdev.source.skip import file_reason

MODEL = "model"
DELETED = "deleted"
_MARKS = {"added": "+", "removed": "-", "context": " "}
_ENDS = dict.fromkeys(map(ord, "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), " ")
# Symbols that are no code: a document's headings, the keys of a configuration.
_NO_CODE = frozenset({"section", "key", "selector", "table", "rule"})
_FUNCTIONS = frozenset({"function", "method", "constructor"})


@dataclass(frozen=True, slots=True)
class Unit:
    """Lines of one file's hunks, in order; lines between two of its hunks are context that no hunk shows."""

    file: ChangedFile
    rows: tuple[DiffLine, ...]

    @property
    def path(self) -> str:
        """The file's path."""
        return self.file.path

    @property
    def new_rows(self) -> tuple[DiffLine, ...]:
        """The lines that are there afterwards."""
        return tuple(row for row in self.rows if row.kind != "removed")

    @property
    def span(self) -> tuple[int, int]:
        """The first and last line on the new side; (0, 0) where none is left."""
        return span_of(self.rows)

    @property
    def changed_span(self) -> tuple[int, int]:
        """The first and last line on the new side that are new, or stand where something is gone."""
        lines = [at for at, row in _placed(self.rows) if row.kind != "context"]
        return (min(lines), max(lines)) if lines else self.span

    def listed(self, reason: str) -> NotReviewed:
        """Say that a model did not look at it."""
        first, last = self.span
        return NotReviewed(self.path, reason, MODEL, first, last)


def span_of(rows: Sequence[DiffLine]) -> tuple[int, int]:
    """Give the first and the last line of the new side among some lines; (0, 0) where there is none."""
    lines = [row.new_line for row in rows if row.new_line]
    return (lines[0], lines[-1]) if lines else (0, 0)


def _placed(rows: Sequence[DiffLine]) -> Iterator[tuple[int, DiffLine]]:
    """Give each line with the number on the new side where it stands, or stood: that of the next one that is there."""
    following = next((row.new_line for row in reversed(rows) if row.new_line), 0)
    for row in reversed(rows):
        following = row.new_line or following
        yield following, row


def listing(rows: Sequence[DiffLine]) -> str:
    """Write lines as a model sees them: number, `+` for new or `-` for gone, text; `...` where some are left out.

    Every line has this margin, and what else may end a line is a blank, so that nothing in it can pass for anything but
    a line of the file.
    """
    shown: list[str] = []
    last = 0
    for row in rows:
        if row.new_line:
            if last and row.new_line > last + 1:
                shown.append("  ...")
            last = row.new_line
        shown.append(f"{row.new_line or '':>5} {_MARKS[row.kind]} {row.text.translate(_ENDS).rstrip()}")
    return "\n".join(shown)


def left_out(file: ChangedFile) -> str:
    """Say why a model is not asked about a file; empty where it is. What rules cannot read either is not told here."""
    if file.change.status == "deleted":
        return DELETED
    reason = file_reason(file.path.rpartition("/")[2]) or ("vendored or generated" if is_vendored(file.path) else "")
    if reason or file.new_text is None:
        return reason
    reason = content_reason(file.path, file.new_text)
    return "" if reason == "empty" else reason


def unreadable(file: ChangedFile) -> str:
    """Say why nothing can look into a file; empty for text."""
    change = file.change
    if change.submodule:
        return "submodule"
    if change.binary:
        return "binary"
    if SYMLINK in (change.old_mode, change.new_mode):
        return "link"
    if change.hunks and change.status != "deleted" and file.new_text is None:
        return "its text is not known"
    return ""


def symbols_of(file: ChangedFile) -> tuple[Symbol, ...]:
    """Give the definitions of a file afterwards; none where only the hunks of a patch are known of it."""
    if file.partial or file.new_symbols is None:
        return ()
    return tuple(symbol for symbol in file.new_symbols.symbols if symbol.kind not in _NO_CODE)


def enclosing(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """Give the innermost definition around a line."""
    around = [symbol for symbol in symbols if symbol.start_line <= line <= symbol.end_line]
    return min(around, key=lambda symbol: symbol.end_line - symbol.start_line, default=None)


def units_of(
    files: Sequence[ChangedFile], *, most: int, size: Callable[[str], int]
) -> tuple[list[Unit], list[NotReviewed]]:
    """Give what is to be asked about, in the order of the change, and what is not, with why.

    What costs more than `most` by `size` is split by definitions. Names and modes alone are nothing to ask about.
    """
    units: list[Unit] = []
    listed: list[NotReviewed] = []
    for file in files:
        if unreadable(file) or not file.change.hunks:
            continue
        if reason := left_out(file):
            listed.append(NotReviewed(file.path, reason, MODEL))
            continue
        for unit in _joined(file):
            if unit.new_rows:
                units += _split(unit, most, size)
            else:
                listed.append(unit.listed(DELETED))
    return units, listed


def _joined(file: ChangedFile) -> list[Unit]:
    """Give a file's hunks, those that change one function together."""
    symbols = [symbol for symbol in symbols_of(file) if symbol.kind in _FUNCTIONS]
    joined: list[Unit] = []
    for hunk in file.change.hunks:
        unit = Unit(file, hunk.lines)
        around = enclosing(symbols, joined[-1].changed_span[1]) if joined else None
        if around is not None and around.start_line <= unit.changed_span[0] <= around.end_line:
            joined[-1] = replace(joined[-1], rows=(*joined[-1].rows, *unit.rows))
        else:
            joined.append(unit)
    return joined


def _split(unit: Unit, most: int, size: Callable[[str], int]) -> list[Unit]:
    """Split what is too large where definitions begin, as few times as need be; a larger one is halved."""
    if size(listing(unit.rows)) <= most:
        return [unit]
    starts = {symbol.start_line for symbol in symbols_of(unit.file)}
    blocks: list[list[DiffLine]] = [[]]
    for row in unit.rows:
        if row.new_line in starts and blocks[-1]:
            blocks.append([])
        blocks[-1].append(row)
    packed: list[list[DiffLine]] = []
    room = 0
    for block in blocks:
        cost = size(listing(block))
        if packed and cost <= room:
            packed[-1] += block
            room -= cost
        else:
            packed.append(list(block))
            room = most - cost
    return [part for rows in packed for part in _halved(replace(unit, rows=tuple(rows)), most, size)]


def _halved(unit: Unit, most: int, size: Callable[[str], int]) -> list[Unit]:
    """Halve until it fits, or is a single line."""
    parts = halves(unit) if size(listing(unit.rows)) > most else ()
    if not parts:
        return [unit] if any(row.kind != "context" for row in unit.rows) else []
    return [small for part in parts for small in _halved(part, most, size)]


def halves(unit: Unit) -> tuple[Unit, ...]:
    """Cut a unit in two, at a blank line near its middle if there is one; nothing for a single line.

    Where all that changed is in one half the other is left away; so is a half of which nothing is there any more.
    """
    count = len(unit.rows)
    if count < 2:
        return ()
    near = range(max(1, count // 4), max(2, count * 3 // 4 + 1))
    blank = [at for at in near if not unit.rows[at].text.strip()]
    middle = min(blank, key=lambda at: abs(at - count // 2), default=count // 2)
    parts = (replace(unit, rows=unit.rows[:middle]), replace(unit, rows=unit.rows[middle:]))
    return tuple(part for part in parts if any(row.kind != "context" for row in part.rows))


def changed_in(unit: Unit) -> Symbol | None:
    """Give the definition that a unit's first change stands in."""
    return enclosing(symbols_of(unit.file), unit.changed_span[0])
