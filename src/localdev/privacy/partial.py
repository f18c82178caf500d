"""Credentials shown in part: a few first letters, by which they are recognised, and `...` for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from localdev.privacy.detectors import CREDENTIALS
from localdev.privacy.spans import Span

DOTS = "..."
# The first letters that stay: one in four, as the marks of tokens (`ghp_`, `AKIA`) have, and no more of a password.
_MOST_KEPT = 4
# A value so long is hidden wherever it stands; a shorter one may be an ordinary word elsewhere.
_LEAST_ELSEWHERE = 8
# Lines around a place in which what says that it is a credential may stand.
_AROUND = 5
_HEADER = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{1,60}-{4,5}")
_BEGINNING = re.compile(r"[^=:\"'`]*[=:\"'`]?")


class PartialText:
    """The lines of one file with its credentials in part; those are looked for at the places that are named."""

    def __init__(self, lines: Sequence[str], places: Iterable[tuple[int, int]]) -> None:
        """Take the lines, and the first and last line (from 1) of each place that is known to hold a credential."""
        self._values: set[str] = set()
        self.lines = list(lines)
        for first, last in places:
            if 0 < first <= len(lines):
                self._hide(lines, first, min(max(first, last), len(lines)))
        known = sorted((value for value in self._values if len(value) >= _LEAST_ELSEWHERE), key=len, reverse=True)
        self._elsewhere = re.compile("|".join(map(re.escape, known))) if known else None
        self.lines = [self.text(line) for line in self.lines]

    def text(self, text: str) -> str:
        """Hide what was found at the places in another text, such as a message."""
        return self._elsewhere.sub(lambda found: in_part(found[0]), text) if self._elsewhere else text

    def _hide(self, lines: Sequence[str], first: int, last: int) -> None:
        """Hide what is found at a place and close to it; where nothing is, all behind the beginning of its lines."""
        start = max(1, first - _AROUND)
        rows = list(lines[start - 1 : last + _AROUND])
        text = "\n".join(rows)
        spans = _apart(span for find in CREDENTIALS for span in find(text))
        hidden = _hidden(text, spans).split("\n")
        self._values |= {row.strip() for span in spans for row in span.value.split("\n") if "-----" not in row}
        if hidden == rows or not any(_touches(text, span, first - start, last - start) for span in spans):
            hidden[first - start] = _beginning(rows[first - start])
        for at, row in enumerate(hidden, start - 1):
            if row != lines[at]:
                self.lines[at] = row


def in_part(value: str) -> str:
    """Give the first letters of a credential; of a key its head."""
    header = _HEADER.match(value)
    return header[0] + DOTS if header else value[: min(_MOST_KEPT, len(value) // 4)] + DOTS


def _hidden(text: str, spans: Sequence[Span]) -> str:
    """Hide spans of a text, line by line: the lines stay as many as they were."""
    pieces, done = [], 0
    for each in spans:
        head, *rest = each.value.split("\n")
        whole = rest and _HEADER.fullmatch(head.rstrip("\r"))
        shown = [head if whole else in_part(head), *([DOTS] * len(rest))]
        pieces += [text[done : each.start], "\n".join(shown)]
        done = each.end
    return "".join([*pieces, text[done:]])


def _touches(text: str, span: Span, first: int, last: int) -> bool:
    """Say whether a span has a part on the lines `first..last` (from 0) of a text."""
    return text.count("\n", 0, span.start) <= last and text.count("\n", 0, span.end) >= first


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Put overlapping spans together, in order."""
    merged: list[Span] = []
    for each in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and each.start < merged[-1].end:
            last = merged.pop()
            extra = each.value[last.end - each.start :] if each.end > last.end else ""
            merged.append(Span(last.start, max(last.end, each.end), last.kind, last.value + extra))
        elif each.end > each.start:
            merged.append(each)
    return merged


def _beginning(row: str) -> str:
    """Give what stands in front of a value, wherever that begins."""
    found = _BEGINNING.match(row)
    return (found[0] if found else "") + DOTS
