"""Credentials in HTTP headers, as they stand in code, logs and command lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.spans import Span, apply, rule
from localdev.privacy.strength import is_placeholder

_TO_VALUE = r"[\"'`\])]{0,3}\s{0,3}(?:[:=,]|=>)\s{0,3}[rbuf]{0,2}[\"'`]{0,3}"

_RULES = (
    rule(
        "AUTHORIZATION",
        "uthorization UTHORIZATION",
        rf"authorization{_TO_VALUE}(?:bearer|basic|token|apikey|digest|negotiate)\s+(?P<secret>[A-Za-z0-9._~+/=:-]{{6,}})",
        re.IGNORECASE,
    ),
    rule("BEARER", "earer EARER", r"(?i)\bbearer\s+(?P<secret>(?=[^\s\"']*\d)[A-Za-z0-9._~+/-]{16,}=*)"),
    rule(
        "API_KEY",
        "x- X- rivate-token RIVATE-TOKEN rivate-Token",
        rf"(?:x-(?:[a-z]+-)?(?:api-?key|auth-?token|access-?token|auth-?key|token)|private-token){_TO_VALUE}"
        r"(?P<secret>[A-Za-z0-9._~+/=-]{8,})",
        re.IGNORECASE,
    ),
    rule(
        "COOKIE",
        "ookie OOKIE",
        r"cookie\W{1,6}(?:[\w.-]+=[^;\s\"']*;\s?){0,20}?[\w.-]{0,40}(?:sess|auth|token|sid)[\w.-]{0,40}="
        r"(?P<secret>(?=[^;\s\"']*\d)[^;\s\"'{}]{12,4000})",
        re.IGNORECASE,
    ),
    rule(
        "PASSWORD",
        "auth",
        r"\bauth\s?=\s?\(\s?[rbuf]?[\"'][^\"'\n]*[\"'],\s?[rbuf]?[\"'](?P<secret>[^\"'\n]{3,200})[\"']\s?\)",
    ),
)


def find(text: str) -> Iterator[Span]:
    """Find what headers hold to prove who asks."""
    return (found for found in apply(_RULES, text) if not is_placeholder(found.value))
