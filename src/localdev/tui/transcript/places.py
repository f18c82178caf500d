"""An answer without a model as rows: places of the repository with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from localdev.tui.transcript.code import highlighted
from localdev.tui.transcript.inline import plain
from localdev.tui.transcript.rows import NO_LOOK, Row, Span, folded
from localdev.tui.transcript.text import shown

_TITLE = re.compile(r"\[\d+\] (?P<path>.*):\d+-\d+(?P<symbol>  .*)?$")
_LINE = re.compile(r" {4}( *\d+) \| ?(.*)$")
_GROUND = ("block",)


def place_rows(lines: Sequence[str], width: int) -> list[Row]:
    """Lay out what is said of a place: its title, its lines of code, and what else is known of it."""
    rows: list[Row] = []
    language = ""
    at = 0
    while at < len(lines):
        code = list(_code(lines[at:]))
        if code:
            rows += _code_rows(code, language, width)
            at += len(code)
            continue
        line = shown(lines[at])
        title = _TITLE.match(line)
        if title:
            language = title["path"].rpartition(".")[2]
            end = title.start("symbol") if title["symbol"] else len(line)
            spans = [*plain(line[:end], ("strong",)), Span(line[end:], ("open",))]
            rows += folded([span for span in spans if span.text], width, follow=[Span("    ")])
        else:
            lead = [Span("  ")] if line.startswith("    ") else []
            rows += folded(list(plain(line.strip(), ("muted",) if lead else NO_LOOK)), width, lead=lead)
        at += 1
    return rows


def _code(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the numbered lines of code that these begin with: number and text."""
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            return
        yield found[1], shown(found[2])


def _code_rows(code: Sequence[tuple[str, str]], language: str, width: int) -> list[Row]:
    """Lay out numbered lines of code; the numbers are not copied."""
    rows: list[Row] = []
    for (number, _), spans in zip(code, highlighted([text for _, text in code], language), strict=True):
        lead = [Span(f" {number} ", (*_GROUND, "muted")), Span(" ", _GROUND)]
        follow = [Span(" " * (len(number) + 5), _GROUND)]
        rows += folded(spans, width, lead=lead, follow=follow, fill=_GROUND)
    return rows
