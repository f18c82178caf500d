"""Judges what is written beside something left undone: who looks after it, where it is tracked, what it waits for."""

from __future__ import annotations

import re

# A ticket, an address, a version or a day: somebody can look it up.
_TICKET = re.compile(
    r"#\d+|\b[A-Z][A-Z0-9]+-\d+\b|https?://|\bgh-\d+|\b(?:issue|bug|ticket|pr|pull|rfc|cve|crbug|b)[ "
    r"/:#-]*\d+|\bv?\d+\.\d+|\b20\d\d\b",
    re.IGNORECASE,
)
# It holds where it says so, and not by neglect.
_CONDITION = re.compile(
    r"""
    \b(?: requires? | needs? | unsupported
    | not\ (?:yet\ )?(?:supported|available|implemented|applicable|relevant)
    | only\ (?:on|for|runs?|works?|with|when|in)
    | unavailable | platforms? | windows | linux | macos | darwin | osx | jdk | jvm | java\ ?\d+ | android | arm
    | x86 | 32.?bit | big.?endian | manual(?:ly)? | slow | expensive
    | memory | network | docker | covered\ by | tested\ (?:in|by|elsewhere) | abstract | base\ class | inherit
    | override
    | upstream | until | once | when | if | unless | after | because | since | does\ not | doesn't | cannot
    | can't | n/a | backend | driver | database | missing | install(?:ed)? )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:todo|fixme|fix(?:\s+(?:me|this|it|later))?|later|temp(?:orar(?:y|ily))?|flak(?:y|ey)"
    r"|broken|fail(?:s|ing|ed)?|disabled?|wip|hang(?:s|ing)?|for now|debug(?:ging)?|skip(?:ped)?|xxx)\b",
    re.IGNORECASE,
)


def is_tracked(text: str) -> bool:
    """Say whether a text names a ticket, an address, a release or a year."""
    return _TICKET.search(text) is not None


def is_vague(text: str) -> bool:
    """Say whether a text gives no reason one can check: nothing, or that something is broken or for later."""
    if is_tracked(text) or _CONDITION.search(text):
        return False
    return len(text.strip(" '\"`")) < 4 or _VAGUE.search(text) is not None
