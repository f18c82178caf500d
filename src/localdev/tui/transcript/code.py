"""Code as rows: on a ground of its own, with its language named and its parts told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from localdev.tui.transcript.rows import Look, Row, Span, folded
from localdev.tui.transcript.text import shown

if TYPE_CHECKING:
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

_GROUND: Look = ("block",)
# A lexer's patterns may take quadratic time on a very long line; nobody reads colours there.
_LONGEST_LEXED = 1000
# What models call languages and Pygments does not.
_OTHER_NAMES = {
    "golang": "go",
    "shell": "bash",
    "shellscript": "bash",
    "vue": "html",
    "svelte": "html",
    "jsonc": "json",
}


def code_rows(lines: Sequence[str], language: str, width: int, *, first: bool = True, last: bool = True) -> list[Row]:
    """Lay out lines of code; `first` and `last` say whether the block begins and ends with them."""
    edge = Row((Span(" ", _GROUND),), 1, fill=_GROUND)
    rows: list[Row] = []
    if first:
        rows.append(Row((Span(" ", _GROUND),), 1, fill=_GROUND, end=f"{shown(language)[:30]} " if language else ""))
    lead, follow = [Span(" ", _GROUND)], [Span("   ", _GROUND)]
    for spans in highlighted([shown(line) for line in lines], language):
        rows += folded(spans, max(width - 1, 1), lead=lead, follow=follow, fill=_GROUND)
    if last:
        rows.append(edge)
    return rows


def highlighted(lines: Sequence[str], language: str) -> Iterator[list[Span]]:
    """Give the spans of every line of code; one of an unknown language is a single span."""
    lexer = lexer_of(language) if max(map(len, lines), default=0) <= _LONGEST_LEXED else None
    if lexer is None:
        yield from ([Span(line, _GROUND)] if line else [] for line in lines)
        return
    line: list[Span] = []
    count = 0
    for kind, text in lexer.get_tokens("\n".join(lines)):
        look = (*_GROUND, *look_of(kind))
        first, *others = text.split("\n")
        if first:
            line.append(Span(first, look))
        for part in others:
            yield line
            count += 1
            if count == len(lines):
                return
            line = [Span(part, look)] if part else []
    while count < len(lines):
        yield line
        line, count = [], count + 1


@lru_cache(maxsize=32)
def lexer_of(language: str) -> Lexer | None:
    """Find the lexer of a language by the name a model gave it; none for text and for what is not known."""
    from pygments.lexers import get_lexer_by_name

    name = language.lower().strip("{}.").partition(":")[0]
    name = _OTHER_NAMES.get(name, name)
    if name in ("text", "plain", "txt", "plaintext") or name not in _known():
        return None
    return get_lexer_by_name(name, stripnl=False, ensurenl=True)


@cache
def _known() -> frozenset[str]:
    """Give the names of all lexers that come with the library; for any other name it would search what is installed."""
    from pygments.lexers import get_all_lexers

    return frozenset(alias for _, aliases, *_ in get_all_lexers(plugins=False) for alias in aliases)


@lru_cache(maxsize=512)
def look_of(kind: _TokenType) -> Look:
    """Name the look of a lexer's token."""
    from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String

    table = (
        (Comment, "comment"),
        (String, "string"),
        (Number, "number"),
        (Keyword, "keyword"),
        (Operator.Word, "keyword"),
        (Name.Function, "function"),
        (Name.Class, "type"),
        (Name.Decorator, "type"),
        (Name.Exception, "type"),
        (Name.Tag, "keyword"),
        (Name.Attribute, "function"),
        (Name.Builtin, "builtin"),
        (Generic.Inserted, "inserted"),
        (Generic.Deleted, "deleted"),
        (Generic.Heading, "comment"),
        (Generic.Subheading, "function"),
    )
    return next(((name,) for parent, name in table if kind in parent), ())
