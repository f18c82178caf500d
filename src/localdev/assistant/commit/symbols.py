"""Which definitions a change adds, removes, renames, moves or changes."""

from __future__ import annotations

import difflib
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from localdev.assistant.commit.breaking import breaks
from localdev.core.code import ParsedFile, Symbol
from localdev.rules.changed import ChangedFile

Deed = Literal["added", "removed", "renamed", "moved", "parameters", "changed"]

_KINDS = frozenset({
    "function", "method", "class", "interface", "struct", "enum", "trait", "type", "module", "macro", "constructor",
    "constant",
})  # fmt: skip
_CALLED = frozenset({"function", "method", "constructor"})
# Larger files are parsed by nobody who waits for a draft.
_LARGEST = 400_000
_MOST_FILES = 60
_SECONDS = 3.0
# Two bodies this much alike are one that got another name.
_ALIKE = 0.75
_LONGEST_COMPARED = 8_000
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class SymbolChange:
    """What became of one definition; `old` is the name before a renaming, or the path before a move.

    `parameter` is `+name` or `-name` where exactly one came or went. `lines` is its size, for its weight. `breaks` says
    that calls as they were no longer fit.
    """

    deed: Deed
    name: str
    path: str
    kind: str
    lines: int
    old: str = ""
    parameter: str = ""
    breaks: bool = False

    @property
    def public(self) -> bool:
        """Say whether others may use it, as far as its name tells."""
        return not any(part.startswith("_") for part in self.name.split("."))


@dataclass(slots=True)
class _Side:
    """The definitions of one side of a file by qualified name, how many share a name, and its lines."""

    symbols: dict[str, Symbol] = field(default_factory=dict)
    often: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def text(self, symbol: Symbol) -> str:
        """Give a definition's text."""
        return "\n".join(self.lines[symbol.start_line - 1 : symbol.end_line])


def symbol_changes(files: Sequence[ChangedFile], seconds: float = _SECONDS) -> list[SymbolChange]:
    """Compare both sides of each file; none at all of more files than can be looked at, or in `seconds`."""
    until = time.monotonic() + seconds
    found: list[SymbolChange] = []
    gone: list[tuple[SymbolChange, str]] = []
    new: list[tuple[SymbolChange, str]] = []
    for file in files:
        # What was found in some of the files would be told as if it were all.
        if len(files) > _MOST_FILES or time.monotonic() > until:
            return []
        before, after = _side(file.old_text, file, old=True), _side(file.new_text, file, old=False)
        new += _missing(after, before, file.path, "added")
        gone += _missing(before, after, file.path, "removed")
        found += _changed(file, before, after)
    told = [*_paired(gone, new), *found]
    # A class of which a member is named need not be named for a changed line of its own.
    around = {(each.path, each.name.rpartition(".")[0]) for each in told}
    return sorted(
        (each for each in told if each.deed != "changed" or (each.path, each.name) not in around), key=_weight
    )


def _side(text: str | None, file: ChangedFile, *, old: bool) -> _Side:
    """Read one side of a file."""
    if not text or len(text) > _LARGEST:
        return _Side()
    parsed: ParsedFile | None = file.old_symbols if old else file.new_symbols
    symbols = parsed.symbols if parsed is not None else ()
    chosen = [each for each in symbols if each.kind in _KINDS]
    often = Counter(each.qualified for each in chosen)
    return _Side({each.qualified: each for each in chosen}, often, text.split("\n"))


def _missing(here: _Side, there: _Side, path: str, deed: Deed) -> Iterator[tuple[SymbolChange, str]]:
    """Yield the outermost definitions of one side that the other lacks, each with its text."""
    names = here.symbols.keys() - there.symbols.keys()
    for name in here.symbols:
        symbol = here.symbols[name]
        if name in names and symbol.parent not in names:
            lines = symbol.end_line - symbol.start_line + 1
            yield SymbolChange(deed, name, path, symbol.kind, lines), here.text(symbol)


def _paired(gone: list[tuple[SymbolChange, str]], new: list[tuple[SymbolChange, str]]) -> Iterator[SymbolChange]:
    """Yield what was moved or renamed, then what only came or went."""
    left = list(new)
    for old, text in gone:
        match = next((each for each in left if _same(old, text, each)), None)
        if match is None:
            yield old
            continue
        left.remove(match)
        now = match[0]
        if now.path != old.path and now.name == old.name:
            yield SymbolChange("moved", now.name, now.path, now.kind, now.lines, old.path)
        else:
            yield SymbolChange("renamed", now.name, now.path, now.kind, now.lines, old.name)
    yield from (each for each, _ in left)


def _same(old: SymbolChange, text: str, other: tuple[SymbolChange, str]) -> bool:
    """Say whether a definition that went is one that came, but for its name or place."""
    now, after = other
    if now.kind != old.kind or (now.path != old.path and now.name != old.name):
        return False
    before, after = (
        re.sub(rf"\b{re.escape(each.name.rpartition('.')[2])}\b", "\0", body)
        for each, body in ((old, text), (now, after))
    )
    if before == after:
        return True
    if min(old.lines, now.lines) < 3 or max(len(before), len(after)) > _LONGEST_COMPARED:
        return False
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return matcher.real_quick_ratio() > _ALIKE and matcher.quick_ratio() > _ALIKE and matcher.ratio() > _ALIKE


def _changed(file: ChangedFile, before: _Side, after: _Side) -> Iterator[SymbolChange]:
    """Yield the innermost definitions of both sides in which lines were changed."""
    old = _innermost(before, file.removed)
    now = _innermost(after, file.added)
    for name in after.symbols:
        if name not in before.symbols or (name not in old and name not in now):
            continue
        symbol, was = after.symbols[name], before.symbols[name]
        if after.text(symbol) == before.text(was):
            continue
        lines = old.get(name, 0) + now.get(name, 0)
        # Of several with one name nobody knows which was which.
        known = symbol.kind in _CALLED and before.often[name] == after.often[name] == 1
        lists = (_brackets(was), _brackets(symbol)) if known else ("", "")
        parameter = _parameter(*lists)
        deed: Deed = "parameters" if lists[0] != lists[1] else "changed"
        around = after.symbols.get(symbol.parent)
        broken = known and breaks(*lists, symbol, around=around, language=file.language)
        yield SymbolChange(deed, name, file.path, symbol.kind, lines, parameter=parameter, breaks=broken)


def _innermost(side: _Side, lines: frozenset[int]) -> dict[str, int]:
    """Count the changed lines of each definition, a line for the smallest one around it."""
    found: dict[str, int] = {}
    spans = sorted(side.symbols.values(), key=lambda each: each.end_line - each.start_line)
    for line in sorted(lines)[:2_000]:
        owner = next((each for each in spans if each.start_line <= line <= each.end_line), None)
        if owner is not None:
            found[owner.qualified] = found.get(owner.qualified, 0) + 1
    return found


def _brackets(symbol: Symbol) -> str:
    """Give what stands in the brackets behind a name in its signature, without blanks; empty where there are none."""
    _, _, rest = symbol.signature.partition(symbol.name)
    start, depth = rest.find("("), 0
    for at, sign in enumerate(rest[start:] if start >= 0 else "", start):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return " ".join(rest[start + 1 : at].split())
    return ""


def _parameter(before: str, after: str) -> str:
    """Name the one parameter that came or went; empty where more or something else did."""
    old, new = _parameters(before), _parameters(after)
    came, went = new - old, old - new
    if len(came | went) != 1 or not (name := next(iter(came | went))).isidentifier():
        return ""
    return f"+{name}" if came else f"-{name}"


def _parameters(text: str) -> set[str]:
    """Give the names before `:`, `=` or a comma in a list of parameters."""
    found, depth, piece = set(), 0, ""
    for sign in text + ",":
        depth += (sign in "([{<") - (sign in ")]}>")
        if sign == "," and depth <= 0:
            head = re.split(r"[:=]", piece, maxsplit=1)[0]
            words = _WORD.findall(head)
            if words:
                # `int count` names it last, `count int` first: without a colon only names alone are sure.
                found.add(words[-1] if ":" in piece or "=" in piece or len(words) == 1 else head.strip())
            piece = ""
        else:
            piece += sign
    return {name for name in found if name not in ("self", "cls", "this")}


_ORDER = ("added", "renamed", "moved", "removed", "parameters", "changed")


def _weight(change: SymbolChange) -> tuple[bool, bool, int, int]:
    """Order by what a reader wants to know first."""
    return not change.breaks, not change.public, _ORDER.index(change.deed), -change.lines
