"""Whether a text is likely a credential, by its form alone: drawn by chance, or a placeholder in its place."""

from __future__ import annotations

import collections
import math
import re

_SEPARATORS = re.compile(r"[-_./:,]+")
_HEX = re.compile(r"[0-9a-fA-F]+")
_KEY_CHARACTERS = re.compile(r"[A-Za-z0-9+/=_.~:,@!$%^&*#-]+")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Parts of a text that are filled in later: shell and template variables, format fields.
_FILLED_IN = re.compile(
    r"\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*|\{\{.*?\}\}|\{%.*?%\}|#\{[^}]*\}|\{[\w.!:\[\]]*\}|%\([^)]*\)s|%[sdrv]|<[^<>]*>"
)
_FILLER = re.compile(r"([*xX.•_-])\1*|(.)\2{3,}|\W+")
_STANDS_FOR = re.compile(
    r"(?i)^(your|my|the|some|insert|enter|put|add|replace|change)[-_ ]?.*|"
    r".*(example|placeholder|dummy|redacted|changeme|change[-_]me|not[-_]?set|todo|goes[-_]here).*"
)
_REFERENCE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|[a-z_]\w*(\.[A-Za-z_]\w*)+(\(\))?|[A-Za-z_]\w*\(.*\)")
_PATH = re.compile(r"(https?://|\.{0,2}/|~/|[A-Za-z]:\\)[\w./~\\?&=%:-]*")
_COMMON = """
    none null nil undefined true false yes no on off string str text bytes number int bool boolean object any unknown
    required optional default auto secret secrets password passwd passphrase pass pwd token tokens key keys apikey
    api_key api-key bearer basic digest oauth oauth2 auth jwt credential credentials user username login admin root
    email name value type header query cookie session prompt plain hidden masked varchar file env
"""
_WORDS = frozenset(_COMMON.split())
_LEAST_RANDOM = 12
_LEAST_BITS = 3.0


def entropy(text: str) -> float:
    """Give the bits a character of a text holds, by how often each of its characters comes."""
    counts = collections.Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


def looks_random(text: str, *, least: int = 16) -> bool:
    """Say whether a text looks drawn by chance: long enough, letters and digits mixed within one part, no words."""
    if len(text) < least or not _KEY_CHARACTERS.fullmatch(text):
        return False
    part = max(_SEPARATORS.split(text), key=len)
    if _UUID.fullmatch(text):
        return True
    mixed = any(each.isdigit() for each in part) and any(each.isalpha() for each in part)
    return mixed and len(part) >= _LEAST_RANDOM and entropy(part) >= _LEAST_BITS


def is_hex(text: str) -> bool:
    """Say whether a text is written in hexadecimal digits."""
    return _HEX.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Say whether a text is a UUID."""
    return _UUID.fullmatch(text) is not None


def is_placeholder(text: str) -> bool:
    """Say whether a text stands where a credential would: filled in later, a word for it, a path, a reference."""
    value = text.strip().rstrip(",;")
    rest = _FILLED_IN.sub("", value)
    if rest != value and len(rest.strip(":@/;,.-_ ")) < 4:
        return True
    if value.lower() in _WORDS or _FILLER.fullmatch(value) or _STANDS_FOR.match(value):
        return True
    return bool(_REFERENCE.fullmatch(value) or _PATH.fullmatch(value)) and not looks_random(value, least=24)
