"""What belongs to a unit beside its own lines: the definition around it, who uses it, and what the team asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localdev.assistant.review.units import Unit, enclosing, listing, symbols_of
from localdev.assistant.review.wording import plain
from localdev.core.change import DiffLine, Sides
from localdev.core.code import Symbol
from localdev.rules.changed import ReviewedChange

Count = Callable[[str], int]
_TEAM_FILES = ("AGENTS.md", "CONTRIBUTING.md", ".github/CONTRIBUTING.md", "docs/CONTRIBUTING.md")
# Sentences that ask for something; the rest of such a file tells how to set up, build and send.
_ASKS = re.compile(
    r"\b(?:must|never|always|should|shall|do not|don't|avoid|prefer|only|required?|forbidden|not allowed|use|no)\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_SHORTEST_RULE, _LONGEST_RULE = 12, 240
_MOST_CALLERS = 4
_IMPORT = re.compile(r"\s*(?:from|import|use|using|export\s*\{|#include|require|const .*\brequire\()")
_CALLABLE = frozenset({"function", "method", "constructor", "class", "macro"})


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a file that a model is given, as they are written in its prompt."""

    path: str
    first: int
    last: int
    text: str


def team_rules(sides: Sides, *, most: int, count: Count) -> list[Passage]:
    """Give what the team's own files ask for, at most `most` tokens of it.

    They are read as they were before the change, so that a change cannot bring along the rules it is held to. Each is
    one line behind `> `, which marks it as quoted.
    """
    found: list[Passage] = []
    left = most
    for path in _TEAM_FILES:
        for first, last, rule in _asking(sides.old_text(path) or ""):
            text = f"> {rule}"
            left -= count(text) + 1
            if left < 0:
                return found
            found.append(Passage(path, first, last, text))
    return found


def _asking(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (first line, last line, folded text) of each item or paragraph that asks for something."""
    fenced, start = False, 0
    block: list[str] = []
    for at, line in enumerate([*text.split("\n"), ""], 1):
        if _FENCE.match(line):
            fenced = not fenced
        plain = not (fenced or _FENCE.match(line) or line.startswith("#"))
        if block and (not plain or not line.strip() or _ITEM.match(line)):
            rule = " ".join(" ".join(block).split())
            if _SHORTEST_RULE <= len(rule) <= _LONGEST_RULE and _ASKS.search(rule):
                yield start, at - 1, _ITEM.sub("", rule, count=1)
            block = []
        if plain and line.strip():
            start = start if block else at
            block.append(line)


def changed_symbols(unit: Unit) -> list[Symbol]:
    """Give the callable definitions that a unit's changes stand in, the one with most of them first."""
    symbols = [symbol for symbol in symbols_of(unit.file) if symbol.kind in _CALLABLE]
    hits: dict[Symbol, int] = {}
    for row in unit.rows:
        if row.kind == "added" and (around := enclosing(symbols, row.new_line)) is not None:
            hits[around] = hits.get(around, 0) + 1
    if not hits and (around := enclosing(symbols, unit.changed_span[0])) is not None:
        hits[around] = 1
    return sorted(hits, key=lambda symbol: (-hits[symbol], symbol.start_line))


def callers_of(unit: Unit, change: ReviewedChange) -> list[Passage]:
    """Give lines elsewhere that use what a unit changes, each as `> path:line in symbol: text`; none without an index.

    The index knows files as they are on disk; a line counts only if the change's own side of it holds the name.
    """
    symbols = changed_symbols(unit)
    if not symbols or change.graph is None:
        return []
    found: list[Passage] = []
    first, last = unit.span
    for symbol in symbols[:3]:
        for path, line, within in change.graph.callers(symbol.qualified, _MOST_CALLERS, path=unit.path):
            text = _line(change.sides, path, line)
            if symbol.name in text and not _IMPORT.match(text) and not (path == unit.path and first <= line <= last):
                place = f"{path}:{line}" + (f" in {within}" if within else "")
                found.append(Passage(path, line, line, f"> {plain(f'{place}: {text.strip()}')}"))
    return list({(each.path, each.first): each for each in found}.values())[:_MOST_CALLERS]


def _line(sides: Sides, path: str, line: int) -> str:
    """Give a line of a file afterwards, empty where there is none."""
    lines = (sides.new_text(path) or "").split("\n")
    return lines[line - 1] if 0 < line <= len(lines) else ""


def around(unit: Unit, *, room: int, count: Count) -> tuple[DiffLine, ...]:
    """Give a unit's lines with those of the definitions they stand in, as far as `room` tokens of `count` reach.

    The whole definitions if they fit, else the nearest lines, as many before as behind.
    """
    first, last = unit.changed_span
    symbols = symbols_of(unit.file)
    start, end = (enclosing(symbols, at) for at in (first, last))
    if start is None and end is None:
        return unit.rows
    lowest = min(start.start_line if start else first, unit.span[0])
    highest = max(end.end_line if end else last, unit.span[1])

    def widened(by: int) -> tuple[DiffLine, ...]:
        return _filled(unit, max(lowest, unit.span[0] - by), min(highest, unit.span[1] + by))

    low, high = 0, max(unit.span[0] - lowest, highest - unit.span[1])
    if count(listing(widened(high))) <= room:
        return widened(high)
    while low < high:
        middle = (low + high + 1) // 2
        if count(listing(widened(middle))) <= room:
            low = middle
        else:
            high = middle - 1
    rows = widened(low)
    return rows if count(listing(rows)) <= room else unit.rows


def _filled(unit: Unit, first: int, last: int) -> tuple[DiffLine, ...]:
    """Give the lines from first to last, what lies between a unit's hunks included."""
    texts = unit.file.new_lines

    def plain(start: int, stop: int) -> Iterator[DiffLine]:
        for at in range(start, min(stop, len(texts) + 1)):
            if at < len(texts) or texts[at - 1]:  # nothing stands behind the last line feed
                yield DiffLine("context", texts[at - 1], 0, at)

    rows: list[DiffLine] = []
    following = first
    for row in unit.rows:
        if row.new_line:
            rows += plain(following, row.new_line)
            following = row.new_line + 1
        rows.append(row)
    return (*rows, *plain(following, last + 1))
