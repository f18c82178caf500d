"""Long values drawn by chance, whatever they are called, except where the name says that they are no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.assignments import assignments
from localdev.privacy.spans import Span, span
from localdev.privacy.strength import entropy, is_hex, is_placeholder, is_uuid, looks_random

_LEAST, _LEAST_HEX = 20, 32
# Text in base64 has up to 6 bits a character, in hexadecimal digits up to 4; words and names of code stay below 4.
_BITS, _HEX_BITS = 4.2, 3.0
_PUBLIC = re.compile(
    r"(?i)(hash|sha\d*|md5|digest|checksum|integrity|sum|commit|rev|revision|ref|etag|uuid|guid|fingerprint|resolved|"
    r"public|cert|version|id|alphabet|chars|charset|digits|letters)$"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_MARKED = re.compile(r"(sha\d{1,3}|md5|blake\w+)[-:]|data:|https?:|[\w+.-]+/[\w+.-]+;")


def find(text: str) -> Iterator[Span]:
    """Find values with much entropy that are assigned to a name."""
    for found in assignments(text):
        value = text[found.start : found.end]
        if len(value) < _LEAST or _PUBLIC.search(found.name) or _MARKED.match(value) or is_uuid(value):
            continue
        if _drawn(value) and not is_placeholder(value):
            yield span(text, found.start, found.end, "TOKEN")


def _drawn(value: str) -> bool:
    """Say whether a value holds as much as one drawn by chance does."""
    if is_hex(value):
        return len(value) >= _LEAST_HEX and entropy(value) >= _HEX_BITS
    mixed = any(each.islower() for each in value) and any(each.isupper() for each in value)
    return bool(_BASE64.fullmatch(value)) and mixed and looks_random(value) and entropy(value) >= _BITS
