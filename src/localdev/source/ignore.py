"""Ignore rules as git reads them: one line becomes a `Rule`, one file a `RuleSet`, nested files a chain.

Written after the wildmatch rules of gitignore(5) instead of using pathspec, whose patterns also match everything below
a match: with `*.log` and then `!keep`, git still ignores `keep/a.log`, pathspec does not. The tests hold this file to
the answers of real git. Rules must be asked level by level, folders first, never about a path inside an ignored folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# The named sets of a bracket expression, as ASCII ranges for a Python character class.
_NAMED_SETS = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r"\ \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\ \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "a-fA-F0-9",
}
_SPECIAL = re.compile(r"[*?\[\\]")
_NEVER = "(?!)"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of an ignore file; `by_name` rules look at the last part of a path only, others at all of it."""

    source: str
    negated: bool
    folders_only: bool
    by_name: bool


class RuleSet:
    """The rules of one ignore file that lies in `base`, a folder relative to the root (empty for the root itself)."""

    __slots__ = ("_any_name", "_any_path", "_cut", "_rules")

    def __init__(self, base: str, rules: Sequence[Rule]) -> None:
        self._cut = len(base) + 1 if base else 0
        self._rules = [(rule, re.compile(rule.source, re.DOTALL)) for rule in reversed(rules)]
        self._any_name = _union([rule.source for rule in rules if rule.by_name])
        self._any_path = _union([rule.source for rule in rules if not rule.by_name])

    def decide(self, path: str, name: str, is_folder: bool) -> bool | None:
        """Give True for ignored, False for kept by a `!` line, None when no line speaks; the last that does wins."""
        inner = path[self._cut :]
        # Most paths match nothing: two combined expressions say so at once.
        if self._any_name.fullmatch(name) is None and self._any_path.fullmatch(inner) is None:
            return None
        for rule, expression in self._rules:
            if rule.folders_only and not is_folder:
                continue
            if expression.fullmatch(name if rule.by_name else inner):
                return not rule.negated
        return None


def parse_rules(base: str, text: str) -> RuleSet | None:
    """Read the text of an ignore file that lies in `base`; None when it holds no rule."""
    lines = text.removeprefix("\ufeff").split("\n")
    rules = [rule for rule in map(_parse_line, lines) if rule is not None]
    return RuleSet(base, rules) if rules else None


def ignored(chain: Sequence[RuleSet], path: str, is_folder: bool) -> bool:
    """Say whether `path` is ignored; `chain` runs from the weakest file to the strongest (the deepest)."""
    name = path.rpartition("/")[2]
    for rules in reversed(chain):
        verdict = rules.decide(path, name, is_folder)
        if verdict is not None:
            return verdict
    return False


def _union(sources: list[str]) -> re.Pattern[str]:
    """Join expressions into one that matches where any does."""
    return re.compile("|".join(f"(?:{source})" for source in sources) or _NEVER, re.DOTALL)


def _parse_line(line: str) -> Rule | None:
    """Read one line; None for comments, blank lines and patterns that cannot match anything."""
    pattern = "" if line.startswith("#") else _trim(line.removesuffix("\r"))
    negated = pattern.startswith("!")
    pattern = pattern[1:] if negated else pattern
    folders_only = pattern.endswith("/")
    pattern = pattern[:-1] if folders_only else pattern
    by_name = "/" not in pattern
    source = translate(pattern.removeprefix("/"))
    return Rule(source, negated, folders_only, by_name) if source else None


def _trim(line: str) -> str:
    """Drop the spaces at the end, but not one that a backslash protects."""
    bare = line.rstrip(" ")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if slashes % 2 and len(bare) < len(line) else bare


def translate(pattern: str) -> str:
    """Turn one glob into a regular expression for `fullmatch`; empty when the glob can never match."""
    first = _SPECIAL.search(pattern)
    if first is None:
        return re.escape(pattern)
    # git compares the part before the first special character literally and matches the rest on its own, so a `**`
    # that stands there counts as one at the beginning.
    start = first.start()
    parts = [re.escape(pattern[:start])]
    at = start
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            piece, at = _stars(pattern, at, start)
        elif char == "[":
            piece, at = _bracket(pattern, at + 1)
        elif char == "\\":
            piece, at = re.escape(pattern[at + 1 : at + 2]), at + 2
        else:
            piece, at = "[^/]" if char == "?" else re.escape(char), at + 1
        if not piece:
            return ""
        parts.append(piece)
    return "".join(parts)


def _stars(pattern: str, at: int, start: int) -> tuple[str, int]:
    """Translate the run of stars at `at`; `start` is where the globbing part of the pattern begins."""
    end = at
    while pattern[end : end + 1] == "*":
        end += 1
    opens = at in (0, start) or pattern[at - 1] == "/"
    closes = end == len(pattern) or pattern[end] == "/"
    if end - at == 1 or not (opens and closes):
        return "[^/]*", end
    return (".*", end) if end == len(pattern) else ("(?:.*/)?", end + 1)


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """Translate a bracket expression whose content begins at `at`; gives an empty text when it is not closed."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    members: list[str] = []
    previous = ""
    first = True
    while first or pattern[at : at + 1] != "]":
        first = False
        member, previous, at = _member(pattern, at, previous)
        if at == 0:
            return "", 0
        members.append(member)
    inside = "".join(members)
    if negated:
        return f"(?!/)[^{inside}]" if inside else "[^/]", at + 1
    return f"(?!/)[{inside}]" if inside else _NEVER, at + 1


def _member(pattern: str, at: int, previous: str) -> tuple[str, str, int]:
    """Translate one member: its text, the character a range may begin with, and where it ends (0: the glob is bad)."""
    char = pattern[at : at + 1]
    if char == "-" and previous and pattern[at + 1 : at + 2] not in ("", "]"):
        at += 2 if pattern[at + 1] == "\\" else 1
        last = pattern[at : at + 1]
        if not last:
            return "", "", 0
        return f"{re.escape(previous)}-{re.escape(last)}" if previous <= last else "", "", at + 1
    if char == "[" and pattern[at + 1 : at + 2] == ":":
        end = pattern.find("]", at + 2)
        if end < 0:
            return "", "", 0
        if end > at + 2 and pattern[end - 1] == ":":
            named = _NAMED_SETS.get(pattern[at + 2 : end - 1], "")
            return named, "", end + 1 if named else 0
    elif char == "\\":
        at += 1
        char = pattern[at : at + 1]
    return (re.escape(char), char, at + 1) if char else ("", "", 0)
