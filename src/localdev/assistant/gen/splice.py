"""Puts whole pieces of code into a text: rows out, rows in, with the text's own indentation and line ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import Rows
from localdev.assistant.gen.doc_place import line_end

_FENCE = re.compile(r"\A\s*```[\w+#-]*\n(.*?)\n?```\s*\Z", re.DOTALL)
# Characters that show code in another order than it runs in, and those that nobody sees.
_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060\ufeff\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MARK = "\ufeff"  # a byte order mark stays the very first
_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows (from 0, both included) that become `lines`; `(n, n - 1)` puts the lines before row n and takes none out."""

    rows: Rows
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spliced:
    """A text after its cuts; `rows` are, cut by cut in the order of the text, the rows of it that are new."""

    text: str
    rows: tuple[Rows, ...]


def splice(text: str, cuts: Sequence[Cut]) -> Spliced:
    """Make the cuts; every other byte stays as it is.

    Raises:
        Unfit: two of them overlap.
    """
    end = "\r" if line_end(text) == "\r\n" else ""
    mark = _MARK if text.startswith(_MARK) else ""
    rows = text.removeprefix(_MARK).split("\n")
    if rows[-1] and any(cut.rows[0] >= len(rows) for cut in cuts):
        rows[-1] += end  # lines are added behind a text that lacks its last line end
        rows.append("")
    result: list[str] = []
    spans: list[Rows] = []
    at = 0
    for cut in sorted(cuts, key=lambda each: (each.rows[0], each.rows[1])):
        first, last = min(cut.rows[0], len(rows) - (not rows[-1])), cut.rows[1]
        if first < at:
            raise Unfit("two changes are of the same lines")
        result += rows[at:first]
        spans.append((len(result), len(result) + len(cut.lines) - 1))
        result += [line + end for line in cut.lines]
        at = max(first, last + 1)
        if at == len(rows) and cut.lines:  # the text had no last line end there, and has none afterwards
            result[-1] = result[-1].removesuffix("\r")
    result += rows[at:]
    return Spliced(mark + "\n".join(result), tuple(spans))


def clean(code: str) -> list[str]:
    """Give the lines of a model's code, without marks around it, blank lines at its ends and blanks at line ends.

    Raises:
        Unfit: it is empty, or holds characters that no code needs.
    """
    text = code.replace("\r\n", "\n").replace("\r", "\n")
    fenced = _FENCE.match(text)
    text = fenced.group(1) if fenced else text
    if found := _CONTROL.search(text) or _HIDDEN.search(text):
        raise Unfit(f"the code holds the character U+{ord(found.group()):04X}, which no code needs")
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise Unfit("the code is empty")
    return lines


def indent_of(line: str) -> str:
    """Give the blanks a line begins with."""
    found = _BLANKS.match(line)
    return found.group() if found else ""


def fitted(lines: Sequence[str], indent: str, unit: str, *, literal: frozenset[int] = frozenset()) -> tuple[str, ...]:
    """Give lines so that the first one has `indent`, and each level deeper one `unit` more (a tab, or some blanks).

    Lines whose numbers (from 0) are in `literal` stand inside texts that run over several lines and stay as they are.
    """
    base = indent_of(lines[0])
    if not base and indent and _is_absolute(lines, indent, unit, literal):
        base = indent
    step = _step(lines, literal) if ("\t" in unit) != any(indent_of(line).startswith("\t") for line in lines) else ""
    first = indent + lines[0].lstrip(" \t")
    others = (
        line if not line or at in literal else _moved(line, base, indent, step, unit)
        for at, line in enumerate(lines[1:], 1)
    )
    return (first, *others)


def _is_absolute(lines: Sequence[str], indent: str, unit: str, literal: frozenset[int]) -> bool:
    """Say whether only the first line lacks the indentation that all others have: so models often begin.

    Told by a line that must stand on the level of the first one: what follows a comment or a decorator, or the bracket
    that ends what the first one opens. Python's bodies have none, and go one level deeper.
    """
    others = [line for at, line in enumerate(lines) if at and line and at not in literal]
    if not others or not all(indent_of(line).startswith(indent) for line in others):
        return False
    first, closing = lines[0], (")", "]", "}")
    if first.startswith(("@", "#", "//", "/*", "[")):
        return True
    if first.rstrip().endswith(":"):
        return all(indent_of(line).startswith(indent + unit) for line in others)
    if first.startswith(("def ", "async def ", "class ")) and first.count("(") > first.count(")"):
        closer = next((line for line in others if line.lstrip().startswith(closing)), "")
        return bool(closer) and indent_of(closer) == indent
    return others[-1].lstrip().startswith((*closing, "end")) and indent_of(others[-1]) == indent


def _moved(line: str, base: str, indent: str, step: str, unit: str) -> str:
    """Move one line: what it has beyond the first line's indentation is kept, in steps of the text's own."""
    own = indent_of(line)
    if base == indent and not own.startswith(base):  # `#if` and its like stand where they stand
        return line
    rest = line[len(own) :]
    deeper = own[len(base) :] if own.startswith(base) else ""
    if step and deeper:
        levels = len(deeper) // len(step) if set(deeper) == set(step) else 0
        deeper = unit * levels + deeper[levels * len(step) :]
    return indent + deeper + rest


def _step(lines: Sequence[str], literal: frozenset[int]) -> str:
    """Give one level of indentation as the lines have it."""
    base = indent_of(lines[0])
    deeper = [
        own[len(base) :]
        for at, line in enumerate(lines)
        if line and at not in literal and (own := indent_of(line)).startswith(base) and own != base
    ]
    return min(deeper, key=len, default="")


def unit_of(text: str) -> str:
    """Give one level of indentation of a text: a tab, or the smallest step that lines go deeper by."""
    rows = [row for row in text.split("\n") if row.strip()]
    tabs = sum(row.startswith("\t") for row in rows)
    spaced = [len(own) for row in rows if (own := indent_of(row)) and "\t" not in own]
    if tabs > len(spaced):
        return "\t"
    steps = [after - before for before, after in zip([0, *spaced], spaced, strict=False) if 2 <= after - before <= 8]
    return " " * (max(sorted(set(steps)), key=steps.count) if steps else 4)


def commonest_unit(text: str, language: str) -> str:
    """Give one level of indentation, for a text that shows none the language's usual one."""
    if language == "go":  # as its own formatter has it
        return "\t"
    if any(row[:1] in " \t" and row.strip() for row in text.split("\n")):
        return unit_of(text)
    return "  " if language in ("ruby", "javascript", "typescript") else "    "
