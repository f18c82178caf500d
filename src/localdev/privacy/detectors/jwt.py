"""JSON web tokens: a header and claims that begin like a JSON object in base64, and a signature."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.privacy.spans import Span, apply, rule

_RULES = (rule("JWT", "eyJ", r"(?<![\w-])eyJ[\w=-]{8,}\.(?:eyJ[\w=-]{4,}|[\w=-]{8,}(?=\.))(?:\.[\w=+/-]*){0,3}"),)


def find(text: str) -> Iterator[Span]:
    """Find signed and encrypted tokens."""
    return apply(_RULES, text)
