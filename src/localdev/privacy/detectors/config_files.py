"""Credentials in files that programs keep them in: .npmrc, .netrc, .pgpass, Docker's config, password files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.spans import Span, apply, rule
from localdev.privacy.strength import is_placeholder

_RULES = (
    rule(
        "NPM",
        "_authToken _auth _password",
        r"(?:^|:)[ \t]*_(?:authToken|auth|password)[ \t]*=[ \t]*[\"']?(?P<secret>[^\s\"'$()]{6,})[\"']?[ \t]*\r?$",
        re.MULTILINE,
    ),
    rule(
        "NETRC",
        "machine default",
        r"(?:machine\s+\S+|default)\s+(?:account\s+\S+\s+)?login\s+\S+\s+(?:account\s+\S+\s+)?password\s+(?P<secret>[^\s\"'\\()]{3,})",
    ),
    rule("DOCKER", '"auth" "identitytoken"', r"\"(?:auth|identitytoken)\"\s*:\s*\"(?P<secret>[A-Za-z0-9+/=_.-]{8,})\""),
    rule(
        "PGPASS",
        ":5432: :*: :6432:",
        r"^[\w.*-]+:(?:\d{2,5}|\*):[\w*-]+:[\w*.-]+:(?P<secret>[^\s:]{3,})$",
        re.MULTILINE,
    ),
    rule(
        "PASSWORD_HASH",
        "$2 $1$ $5$ $6$ $y$ $apr1$ $argon2 pbkdf2",
        r"(?<![\w$])(?:\$(?:1|5|6|y|apr1)\$[^\s:\"']{8,}|\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|"
        r"\$argon2(?:id|i|d)\$[^\s:\"']{20,}|pbkdf2_sha\d+\$\d+\$[^\s:\"']{20,})",
    ),
)  # fmt: skip


def find(text: str) -> Iterator[Span]:
    """Find what such files hold."""
    for found in apply(_RULES, text):
        if found.kind == "PASSWORD_HASH" or not is_placeholder(found.value):
            yield found
