"""What is being written at the cursor: a mention of a file or symbol, a command's name, one of its words. All pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

# No name is longer, and a line may be: a regular expression should not read a megabyte at each key.
_LONGEST = 500
# An `@` inside a word is an address (`me@example.org`); a mention begins a line or follows a blank or a bracket.
_MENTION = re.compile(r"""(?:\A|(?<=[\s(\[{<'",;]))@(?:"(?P<quoted>[^"]*)|(?P<bare>[^\s"@]*))\Z""")
_NAME = re.compile(r"\A/(?P<bare>[A-Za-z-]*)\Z")
_COMMAND = re.compile(r"/(?P<name>[A-Za-z-]+)\s")
_ARGUMENT = re.compile(r"""\A/(?P<name>[A-Za-z-]+)\s(?P<before>.*\s)??(?:"(?P<quoted>[^"]*)|(?P<bare>[^\s"]*))\Z""")
# What ends a mention that is not in quotes.
_NEEDS_QUOTES = re.compile(r"[\s:,;?!'`()]")


@dataclass(frozen=True, slots=True)
class Token:
    """What may be completed: from column `start` to the cursor stands `query`, less what marks it (`@`, `/`, quotes).

    `command` is the one the line begins with; `position` (from 0) says which word of it an argument is, `after` which
    word that follows.
    """

    kind: Literal["mention", "command", "argument"]
    start: int
    query: str
    command: str = ""
    position: int = 0
    after: str = ""


def find_token(line: str, column: int, *, first: bool) -> Token | None:
    """Say what stands before the cursor in a line; `first` is whether it is the first one, where commands are."""
    begin = max(0, column - _LONGEST)
    before = line[begin:column]
    if found := _MENTION.search(before):
        command = _COMMAND.match(line) if first else None
        query = found["quoted"] or found["bare"] or ""
        return Token("mention", begin + found.start(), query, command["name"].lower() if command else "")
    if not first or begin:
        return None
    if found := _NAME.search(before):
        return Token("command", 0, found["bare"])
    if found := _ARGUMENT.search(before):
        start = found.start("bare") if found["bare"] is not None else found.start("quoted") - 1
        words = (found["before"] or "").split()
        query, after = found["quoted"] or found["bare"] or "", words[-1] if words else ""
        return Token("argument", start, query, found["name"].lower(), len(words), after)
    return None


def word(name: str) -> str:
    """Give a name as one word of a command: in quotes where it has blanks or quotes."""
    if not re.search(r"""[\s"']""", name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def mention(path: str, line: int = 0, symbol: str = "") -> str:
    """Give a mention of a file, of a line or of a symbol in it, such as `@src/app.py:10` or `@"my notes.md"`."""
    named = f'"{path}"' if _NEEDS_QUOTES.search(path) and '"' not in path else path
    return f"@{named}" + (f":{line}" if line else "") + (f"::{symbol}" if symbol else "")
