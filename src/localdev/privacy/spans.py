"""What a detector finds: a piece of a text, and of what kind it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """The characters `start` to `end` (exclusive) of a text; `kind` is in capital letters, digits and `_`."""

    start: int
    end: int
    kind: str
    value: str = field(repr=False)


# Where a credential may begin and end; one within a text of code may stand right after its `\n`.
START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
END = r"(?![A-Za-z0-9])"

Detector = Callable[[str], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A form of credential: the group `secret` of the pattern, or all of it.

    A text without any of `needs` is not searched: looking for a few letters is a hundred times faster than a pattern.
    """

    kind: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]


def rule(kind: str, needs: str, pattern: str, flags: int = 0) -> Rule:
    """Make a rule; `needs` are words divided by blanks."""
    return Rule(kind, tuple(needs.split()), re.compile(pattern, flags))


def apply(rules: Iterable[Rule], text: str) -> Iterator[Span]:
    """Find all that rules describe."""
    for each in rules:
        if not any(word in text for word in each.needs):
            continue
        group = "secret" if "secret" in each.pattern.groupindex else 0
        for found in each.pattern.finditer(text):
            yield span(text, found.start(group), found.end(group), each.kind)


def span(text: str, start: int, end: int, kind: str) -> Span:
    """Make a span of a text."""
    return Span(start, end, kind, text[start:end])
