"""Text within a block as spans: emphasis, code, links, and citations as places to click on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from localdev.tui.transcript.rows import NO_LOOK, Look, Span
from localdev.tui.transcript.text import shown

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# `[2]`, `[1, 3]`, `[1-3]`, and the words behind what could not be verified.
_SPECIAL = re.compile(r"\[\^?\d{1,4}(?:\s*[,;\u2013-]\s*\^?\d{1,4})*\]| \(unverified\)")
_NUMBER = re.compile(r"\d+")
_OPENS = {"strong_open": "strong", "em_open": "em", "s_open": "struck", "link_open": "link"}
_CLOSES = {"strong_close", "em_close", "s_close", "link_close"}
# Names within code that is marked: the dotted name alone, without what calls it.
_NAME = re.compile(r"[^()<>\s]+")


@cache
def parser() -> MarkdownIt:
    """Make the Markdown parser. HTML is text; so are reference definitions, which would swallow lines."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["reference"])


def inline(text: str, look: Look = NO_LOOK, unverified: Collection[str] = ()) -> list[Span]:
    """Read a line of Markdown, such as the cell of a table."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return [Span(text, look)]
    tokens = parser().parseInline(text)
    return spans_of(tokens[0].children or (), look, unverified)


def spans_of(tokens: Sequence[Token], look: Look, unverified: Collection[str]) -> list[Span]:
    """Give the spans of a block's inline tokens; the line breaks a model makes are kept."""
    spans: list[Span] = []
    looks = [look]
    target = ""
    for token in tokens:
        name = token.type
        if name in _OPENS:
            looks.append((*looks[-1], _OPENS[name]))
            target = str(token.attrs.get("href", "")) if name == "link_open" else target
        elif name in _CLOSES:
            if name == "link_close" and target:
                if spans and spans[-1].text != shown(target):
                    spans.append(Span(f" ({shown(target)})", (*look, "muted")))
                target = ""
            looks.pop()
        elif name in ("softbreak", "hardbreak"):
            spans.append(Span("\n", look))
        elif name == "code_inline":
            spans.append(Span(shown(token.content), (*looks[-1], _code_look(token.content, unverified))))
        elif name == "image":
            spans.append(Span(shown(f"[image: {token.content}] ({token.attrs.get('src', '')})"), (*looks[-1], "muted")))
        elif token.content:
            spans.extend(plain(shown(token.content), looks[-1]))
    return spans


def plain(text: str, look: Look) -> Iterator[Span]:
    """Give text with its citations and marks as spans of their own."""
    at = 0
    for found in _SPECIAL.finditer(text):
        if found.start() > at:
            yield Span(text[at : found.start()], look)
        at = found.end()
        if found[0].startswith(" "):
            yield Span(found[0], (*look, "unverified"))
        else:
            yield from _citation(found[0], look)
    if at < len(text):
        yield Span(text[at:], look)


def _citation(text: str, look: Look) -> Iterator[Span]:
    """Give a citation's numbers as spans that name their sources; the brackets belong to the nearest one."""
    numbers = list(_NUMBER.finditer(text))
    start = 0
    for index, number in enumerate(numbers):
        end = len(text) if index + 1 == len(numbers) else number.end()
        yield Span(text[start:end], (*look, "cite"), int(number[0]))
        start = end


def _code_look(code: str, unverified: Collection[str]) -> str:
    """Name the look of inline code: a name that nobody knows looks different."""
    if unverified:
        bare = _NAME.match(code.strip())
        if code in unverified or (bare and bare[0].strip("@$#.~") in unverified):
            return "unverified"
    return "code"
