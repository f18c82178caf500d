"""Comments that say a finding is known and meant: `localdev: ignore[RULE, ...]`, a reason may follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from localdev.core.review import Finding

_COMMENT = re.compile(r"\blocaldev:\s*ignore\[([^\]\n]*)\]", re.IGNORECASE)
_ANY = re.compile(r"\blocaldev:\s*ignore\b(?![\w-])(?P<names>\s*\[[^\]\n]*\])?", re.IGNORECASE)
# What begins a comment in some language; in a string such a text is taken for one too, which does no harm.
_BEGINS = re.compile(r"#|//|/\*|\*|--|;|%|<!--|\bREM\b", re.IGNORECASE)
_ALONE = re.compile(r"\s*(?:#|//|/\*|\*|--|;|%|<!--|REM\b|\{/?[*#]|\{\{!|<%#|[(@]\*)", re.IGNORECASE)


def is_suppressed(finding: Finding, names: Collection[str], lines: Sequence[str]) -> bool:
    """Say whether a comment on the finding's line, or alone on the line above, names one of `names`.

    `names` are what the finding may be called: its rule, and the rule's family. `lines` are those of the new side:
    line n is `lines[n - 1]`. What concerns a file as a whole has no line to stand on; settings and baselines take it.
    """
    at = finding.line
    if not 0 < at <= len(lines):
        return False
    named = ignored_on(lines[at - 1])
    if at > 1 and _ALONE.match(lines[at - 2]):
        named |= ignored_on(lines[at - 2])
    return not named.isdisjoint(names)


def ignored_on(line: str) -> set[str]:
    """Give the names that comments on a line say are to be ignored there."""
    begins = _BEGINS.search(line)
    found = _COMMENT.finditer(line, begins.end()) if begins else ()
    return {name.strip() for each in found for name in each[1].split(",") if name.strip()}


def slip_on(line: str, known: Callable[[str], bool]) -> str:
    """Say what is wrong with a line's comment that is to suppress something and does not; empty where nothing is."""
    begins = _BEGINS.search(line) if "localdev" in line.lower() else None
    for each in _ANY.finditer(line, begins.end()) if begins else ():
        names = [name.strip() for name in (each["names"] or "").strip(" \t[]").split(",") if name.strip()]
        if not names:
            return "localdev: ignore names no rule, so nothing is ignored: localdev: ignore[RULE]"
        for name in names:
            if not known(name):
                return f"localdev: ignore[{name}] names no rule that there is"
    return ""
