"""Text that is to stand in Markdown as what it is."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!&])")


def plain(text: str) -> str:
    """Keep text from being read as Markdown or HTML; names in backticks stay code."""
    pieces = re.split(r"(`[^`\n]+`)", text.replace("\n", " "))
    return "".join(piece if at % 2 else _SPECIAL.sub(r"\\\1", piece) for at, piece in enumerate(pieces))


def code(text: str) -> str:
    """Write a name as code, whatever is in it."""
    ticks = fence(text, least=1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}".replace("\n", " ")


def fence(text: str, least: int = 3) -> str:
    """Give a row of backticks longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def fenced(text: str, language: str = "") -> str:
    """Write text of several lines as code, whatever is in it."""
    row = fence(text)
    return f"{row}{language}\n{text.removesuffix(chr(10))}\n{row}"
