"""Private keys: whole PEM blocks, also written into one string, and what is left of one that was cut.

A passage may begin or end inside a key, so that one of the marks is missing, or both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.spans import Span, span

_MARK = r"-{4,5} ?%s (?:[A-Z0-9 ]{1,40} )?PRIVATE KEY(?: BLOCK)? ?-{4,5}"
_BEGIN, _END = re.compile(_MARK % "BEGIN"), re.compile(_MARK % "END")
_LONGEST_KEY = 20_000
# Less than this between the marks is a picture of a key, such as `...`.
_LEAST_KEY = 24
_GLUE = r"(?:\\[nr]|[\s\"'`,#*|>]|[+.\\](?=\s))*+"
# An encrypted key says so above its body.
_HEADERS = rf"(?:{_GLUE}(?:Proc-Type|DEK-Info|Version|Comment):[^\n]{{0,100}})*+"
_FORWARD = re.compile(rf"{_HEADERS}(?:{_GLUE}[A-Za-z0-9+/=]{{16,}}+)*+")
_LINE = re.compile(r"[\s\"'#*|>+,]*([A-Za-z0-9+/]*={0,2})(?:\\[nr]|[\s\"',+])*")
_INSIDE = re.compile(r"(?:^[ \t\"']*[A-Za-z0-9+/]{64}(?:\\n)?[\"',+ \t]*\r?\n){3,}", re.MULTILINE)
_PUTTY = re.compile(r"(?<=Private-Lines: )\d{1,3}\r?\n(?:[A-Za-z0-9+/=]{1,64}\r?\n)+")
_KIND = "PRIVATE_KEY"


def find(text: str) -> Iterator[Span]:
    """Find private keys and parts of them."""
    marked = list(_marked(text)) if "PRIVATE KEY" in text else []
    yield from marked
    if "Private-Lines" in text:
        yield from (span(text, found.start(), found.end(), _KIND) for found in _PUTTY.finditer(text))
    for found in _INSIDE.finditer(text):
        if any(each.start < found.end() and found.start() < each.end for each in marked):
            continue
        before = text[: found.start()].rstrip().rpartition("\n")[2]
        if "BEGIN" not in before or "PRIVATE" in before:
            yield span(text, found.start(), found.end(), _KIND)


def _marked(text: str) -> Iterator[Span]:
    """Find what stands between marks, or beside one whose other one is missing."""
    closed = set()
    begins = list(_BEGIN.finditer(text))
    for number, begin in enumerate(begins):
        limit = begins[number + 1].start() if number + 1 < len(begins) else len(text)
        end = _END.search(text, begin.end(), min(limit, begin.end() + _LONGEST_KEY))
        border = end.start() if end else _forward(text, begin.end())
        if end:
            closed.add(end.start())
        if len(re.sub(r"[^A-Za-z0-9+/]|\\[nr]", "", text[begin.end() : border])) >= _LEAST_KEY:
            yield span(text, begin.start(), end.end() if end else border, _KIND)
    for end in _END.finditer(text):
        start = _backward(text, end.start())
        if end.start() not in closed and end.start() - start >= _LEAST_KEY:
            yield span(text, start, end.end(), _KIND)


def _forward(text: str, start: int) -> int:
    """Give where a key ends whose end mark is missing."""
    found = _FORWARD.match(text, start)
    return found.end() if found else start


def _backward(text: str, end: int) -> int:
    """Give where a key begins whose begin mark is missing: at the first of the lines that hold nothing else."""
    start = end
    for line in reversed(text[max(0, end - _LONGEST_KEY) : end].splitlines(keepends=True)):
        found = _LINE.fullmatch(line)
        if found is None or (start != end and len(found[1]) < _LEAST_KEY and len(text[start:end].strip()) > 100):
            break
        start -= len(line)
    return start
