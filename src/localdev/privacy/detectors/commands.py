"""Credentials given to commands: `--password x`, `curl -u user:password`, `sshpass -p x`."""

from __future__ import annotations

from collections.abc import Iterator

from localdev.privacy.spans import Span, apply, rule
from localdev.privacy.strength import is_placeholder, looks_random

_FLAG = r"(?<![\w-])--?(?:[a-z]+-){0,3}"
_VALUE = r"(?P<secret>[^\s\"'`,;|&()\[\]\\]{4,200})"
# After a blank a plain word may be the next one of a sentence.
_NO_WORD = r"(?=[^\s\"'`]*[^a-zA-Z\s\"'`])"

_RULES = (
    rule("PASSWORD", "pass", rf"{_FLAG}(?:password|passwd|passphrase|pass)(?:=|\s+{_NO_WORD})[\"']?{_VALUE}"),
    rule("TOKEN", "token secret key", rf"{_FLAG}(?:token|secret|api-key|access-key|secret-key)(?:=|\s+)[\"']?{_VALUE}"),
    rule("PASSWORD", "curl", r"\bcurl\b[^\n|]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"'`]+:(?P<secret>[^\s\"'`]{3,})"),
    rule("PASSWORD", "sshpass", rf"\bsshpass\s+-p\s*[\"']?{_VALUE}"),
    rule("PASSWORD", "mysql", r"\bmysql(?:dump|admin)?\b[^\n|]{0,200}?\s-p(?P<secret>[^\s\"'-][^\s\"']{3,})"),
    rule("PASSWORD", "IDENTIFIED identified", r"(?i)identified\s+(?:with\s+\w+\s+)?by\s+[\"'](?P<secret>[^\"'\n]{3,})"),
)  # fmt: skip


def find(text: str) -> Iterator[Span]:
    """Find values of flags that hold credentials; of a token only what looks like one."""
    for found in apply(_RULES, text):
        if found.value.startswith("-") or is_placeholder(found.value):
            continue
        if found.kind != "TOKEN" or looks_random(found.value):
            yield found
