"""Passwords in addresses and connection strings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.spans import Span, apply, rule
from localdev.privacy.strength import is_placeholder, looks_random

_SCHEME = r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://"

_PASSWORDS = (
    rule("URL_PASSWORD", "://", rf"{_SCHEME}[^\s:/@\"'<>`]*:(?P<secret>[^\s/\"'<>`]{{3,200}})@(?=[\w\[.$<{{%-])"),
    rule(
        "DB_PASSWORD",
        "= =",
        r"(?:^|[;\"'\s,?&])(?:password|passwd|pwd)\s?=\s?(?P<secret>[^;\"'\s&<>]{3,200})(?=;|&\w|[\"'][\s;,)]*$)",
        re.IGNORECASE | re.MULTILINE,
    ),
    rule("DB_PASSWORD", "@tcp( @unix(", r"(?<![\w/])[\w.-]+:(?P<secret>[^\s/@\"'<>`]{3,200})@(?:tcp|unix)\("),
    rule(
        "DB_PASSWORD",
        "password=",
        r"(?:host|dbname|user)=\S+ (?:[a-z_]+=\S+ ){0,6}password=(?P<secret>[^\s\"';]{3,200})",
    ),
    rule("DB_PASSWORD", "password=", r"(?<!\w)password=(?P<secret>[^\s\"';]{3,200}) (?:host|dbname|user|sslmode)="),
)
_QUERIES = (
    rule(
        "URL_TOKEN",
        "key= token= auth= secret= password= signature= sig=",
        r"[?&](?:[\w-]{0,20}(?:api_?key|token|auth|secret|signature)|key|password|sig)=(?P<secret>[^&\s\"'`<>{}()]{8,500})",
        re.IGNORECASE,
    ),
)
_USERS = (rule("URL_TOKEN", "://", rf"{_SCHEME}(?P<secret>[^\s:/@\"'<>`]{{16,200}})(?::x-oauth-basic)?@(?=[\w\[])"),)


def find(text: str) -> Iterator[Span]:
    """Find the passwords of addresses, and tokens in the place of a user's name."""
    yield from (found for found in apply(_PASSWORDS, text) if not is_placeholder(found.value))
    yield from (found for found in apply(_USERS, text) if looks_random(found.value))
    for found in apply(_QUERIES, text):
        if any(each.isdigit() for each in found.value) and not is_placeholder(found.value):
            yield found
