"""Text of a turn: made fit for the screen, and what of it is copied."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import cell_len

from localdev.core.neutral import neutral
from localdev.core.talk import Turn

# Longer lines are cut in view: nobody reads them there, and wrapping a megabyte takes seconds.
LONGEST_LINE = 4000
_TAB = 4
# A half of a surrogate pair cannot be written to a terminal; these two end a line for some readers and not for others.
_UNWRITABLE = re.compile("[\ud800-\udfff\u2028\u2029]")
_FENCE = re.compile(r"[ >\t]{0,20}(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})[ \t]*([^\s`]*)([^`]*)$")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Fenced code of an answer; `language` as the model named it, empty when it did not."""

    language: str
    code: str


def shown(line: str) -> str:
    """Make one line fit for the screen: harmless, without tabs, and cut where it is absurdly long."""
    cut = len(line) - LONGEST_LINE
    if cut > 0:
        line = line[:LONGEST_LINE]
    if line.isascii() and line.isprintable():
        clean = line
    else:
        clean = _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", neutral(line.replace("\n", " ")))
        clean = _untabbed(clean) if "\t" in clean else clean
    return f"{clean} ... {cut:,} more characters, /copy has all" if cut > 0 else clean


def _untabbed(text: str) -> str:
    """Put blanks in place of tabs up to the next column, counted in cells: a wide character takes two."""
    *parts, last = text.split("\t")
    return "".join(part + " " * (_TAB - cell_len(part) % _TAB) for part in parts) + last


def lines_of(text: str) -> list[str]:
    r"""Split text at line feeds alone; a `\r` before one belongs to the line's end."""
    return text.replace("\r\n", "\n").split("\n")


def code_blocks(answer: str) -> list[CodeBlock]:
    """Give the fenced code of an answer in order, as written; a fence that is never closed reaches to the end."""
    blocks: list[CodeBlock] = []
    language, fence, indent, code = "", "", 0, list[str]()
    for line in lines_of(answer):
        if fence:
            bare = line.strip()
            if bare.startswith(fence) and not bare.strip(fence[0]):
                blocks.append(CodeBlock(language, "\n".join(code)))
                fence = ""
            else:
                code.append(line[min(indent, len(line) - len(line.lstrip(" "))) :])
        elif found := _FENCE.match(line):
            language, fence, indent, code = found[2], found[1], found.start(1), []
    if fence:
        blocks.append(CodeBlock(language, "\n".join(code)))
    return blocks


def markdown_of(turn: Turn) -> str:
    """Give a whole turn as Markdown: the question as a quote, then the answer exactly as it is."""
    asked = "\n".join(f"> {line}".rstrip() for line in lines_of(turn.asked))
    return f"{asked}\n\n{turn.answer}".rstrip("\n") + "\n"
