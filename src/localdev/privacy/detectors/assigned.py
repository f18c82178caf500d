"""Values given to names that say what they are: passwords, secrets, keys, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.privacy.assignments import Assignment, assignments
from localdev.privacy.spans import Span, span
from localdev.privacy.strength import is_placeholder, looks_random

_PASSWORD = re.compile(r"(pass(word|wd|wort|phrase|code)|pwd|(?<![a-z])(pass|pw|psk)|contrase[nñ]a|mot_?de_?passe)$")
_SECRET = re.compile(r"(secret|credentials?|(secret|client|shared)_?value)$")
_KEY = re.compile(
    r"((api|secret|access|auth|private|account|client|service|encryption|encrypt|signing|master|license|storage|db|"
    r"hmac|cookie|session|jwt|app|fernet|webhook)_?key(_?(value|base))?|"
    r"(auth|access|refresh|bearer|api|id|bot|deploy|session|csrf|personal|private|user|app|push|registry)_?token)$"
)
_WEAK = re.compile(r"(token|key|auth|secret|password|passwd|pwd|credential|signature|salt|cookie|session|passphrase)")
# Names that speak about a credential and do not hold it.
_ABOUT = re.compile(
    r"(hash|digest|checksum|sha\d*|md5|fingerprint|_?(name|names|type|id|url|uri|path|file|field|label|header|prefix|length|"
    r"size|format|pattern|regex|hint|help|error|message|algorithm|alg|kind|class|column|env|var|method|policy|ref|arn|"
    r"host|count|limit|expiry|expires|ttl|mode|status|title|text|description|placeholder|prompt))$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z]+")


def find(text: str) -> Iterator[Span]:
    """Find values whose names call them credentials."""
    for found in assignments(text):
        value = text[found.start : found.end]
        kind = _kind(found, value)
        if kind and not is_placeholder(value):
            yield span(text, found.start, found.end, kind)


def _kind(found: Assignment, value: str) -> str:
    """Name what a value is by the name it is given to, or nothing."""
    name = _plain(found.name)
    if _ABOUT.search(name) or _same(name, value):
        return ""
    kind = "PASSWORD" if _PASSWORD.search(name) else "SECRET" if _SECRET.search(name) else ""
    if kind and _may_be_password(value, found, name):
        return kind
    if _KEY.search(name) and len(value) >= 8 and looks_random(value, least=8 if not found.loose else 16):
        return "TOKEN" if name.endswith("token") else "KEY"
    if _KEY.search(name) and not found.loose and not found.beside and _dense(value):
        return "TOKEN" if name.endswith("token") else "KEY"
    return "TOKEN" if _WEAK.search(name) and looks_random(value) else ""


def _plain(name: str) -> str:
    """Give a name in small letters with `_` between its words: `dbPassword2` becomes `db_password`."""
    return re.sub(r"[^a-z0-9ñ]+", "_", _CAMEL.sub("_", name).lower()).strip("_").rstrip("0123456789_")


def _same(name: str, value: str) -> bool:
    """Say whether a value only repeats its name, as the names of fields do."""
    return _plain(value) in (name, name.rpartition("_")[2])


def _may_be_password(value: str, found: Assignment, name: str) -> bool:
    """Say whether people choose such a password: no sentence; without quotes, nothing that code could be."""
    if len(value) < 3:
        return False
    if " " in value.strip():
        return name.endswith("phrase") or (any(each.isdigit() for each in value) and value.count(" ") <= 3)
    if found.beside or found.loose:
        word = _WORD.fullmatch(value) is not None
        return (word and value.islower() and len(value) >= 6 and not found.beside) or _dense(value, least=6)
    return True


def _dense(value: str, *, least: int = 8) -> bool:
    """Say whether a value mixes letters with digits, or has signs that no name has, and is one word."""
    if len(value) < least or " " in value:
        return False
    letters, digits = any(each.isalpha() for each in value), any(each.isdigit() for each in value)
    return (letters and digits) or any(each in "!@#%^&*$?~+=" for each in value)
