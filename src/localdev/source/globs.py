"""Glob patterns for paths, as filters and settings name files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# A character in square brackets, or a range of them.
_MEMBER = re.compile(r"(.)(?:-(.))?", re.DOTALL)
_WILD = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]")


def path_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Give a test for paths that fit any of the patterns.

    A pattern with a slash is held against the path from the root and against each of its folders (`src/app` takes all
    below it); one without a slash against each part of the path alone (`*.py`, `tests`). `*` and `?` stop at a slash,
    `**` does not.
    """
    whole = re.compile("|".join(_translate(pattern) for pattern in patterns) or r"(?!)")
    return lambda path: whole.match(path) is not None


def _translate(pattern: str) -> str:
    """Turn one glob pattern into a regular expression for the start of a path."""
    pattern = pattern.replace("\\", "/").removeprefix("./")
    start = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    end = "/" if pattern.endswith("/") else "(?:/|$)"
    pattern = pattern.strip("/")
    return f"{start}{_body(pattern)}{end}" if pattern else "(?:)"


def _body(pattern: str) -> str:
    """Translate the wild cards and quote the rest."""
    parts = []
    end = 0
    for found in _WILD.finditer(pattern):
        parts.append(re.escape(pattern[end : found.start()]))
        end = found.end()
        text = found.group()
        if text.startswith("["):
            parts.append(_one_of(text[1:-1]))
        else:
            parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}[text])
    parts.append(re.escape(pattern[end:]))
    return "".join(parts)


def _one_of(members: str) -> str:
    """Translate what stands in square brackets; a range whose ends are the wrong way round holds nothing."""
    negated = len(members) > 1 and members[0] in "!^"
    quoted: list[str] = []
    for first, last in _MEMBER.findall(members[negated:]):
        if first <= (last or first):
            quoted.append(f"{re.escape(first)}-{re.escape(last)}" if last else re.escape(first))
    inside = "".join(quoted)
    if negated:
        return f"[^/{inside}]"
    return f"[{inside}]" if inside else "(?!)"
