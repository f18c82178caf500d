"""The answer without a model: the best places, what they are, the lines that matter, and who uses them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from localdev.core.code import Chunk, Symbol
from localdev.core.ports import Repository
from localdev.core.search import Hit
from localdev.retrieval.query import Query
from localdev.retrieval.snippet import relevant_lines

MOST_PLACES = 5
_MOST_LINES = 6
_MOST_NEIGHBOURS = 4
_DOC_WIDTH = 160
_WIDTH = 100
_HARD_SPACE = "\x00"


def describe_places(hits: Sequence[Hit], query: Query, repository: Repository, *, first: int = 1) -> Iterator[str]:
    """Yield the answer in pieces, one a place; they are numbered from `first`."""
    if not hits:
        yield "Nothing in this repository matches the question.\n"
        return
    for number, hit in enumerate(hits, start=first):
        yield ("" if number == first else "\n") + "\n".join(_place(number, hit, query, repository)) + "\n"


def _place(number: int, hit: Hit, query: Query, repository: Repository) -> Iterator[str]:
    """Yield the lines about one place."""
    chunk = hit.chunk
    path = chunk.path.replace("\n", "\\n")  # a file name may not fake a line
    title = f"[{number}] {path}:{chunk.start_line}-{chunk.end_line}"
    # Small definitions that share a chunk go by the name of the first.
    more = ", ..." if len(chunk.members) > 1 and chunk.kind != "class" else ""
    yield f"{title}  {chunk.symbol}{more}" if chunk.symbol else title
    lines = relevant_lines(chunk, query, most=_MOST_LINES)
    shown = " ".join(" ".join(text for _, text in lines).split())
    # What the lines themselves show is not said twice.
    yield from (f"    {text}" for text in (chunk.signature, first_sentence(chunk.doc)) if text and text not in shown)
    width = len(str(chunk.end_line))
    yield from (f"    {line:>{width}} | {text}" for line, text in lines)
    yield from _neighbours(chunk, hit.chunk_id, repository)


def _neighbours(chunk: Chunk, chunk_id: int, repository: Repository) -> Iterator[str]:
    """Yield who uses the place and what it uses."""
    name = chunk.symbol.rpartition(".")[2]
    if name:
        used = [
            f"{path}:{line}" + (f" ({within})" if within else "")
            for path, line, within in repository.callers(name, _MOST_NEIGHBOURS + 1, path=chunk.path)
            if not (path == chunk.path and chunk.start_line <= line <= chunk.end_line)
        ]
        if used:
            yield _some("used by", used)
    uses = [_at(symbol) for symbol in repository.callees(chunk_id, _MOST_NEIGHBOURS + 1)]
    if uses:
        yield _some("uses", uses)


def _at(symbol: Symbol) -> str:
    """Name a definition and where it stands."""
    return f"{symbol.qualified} ({symbol.path}:{symbol.start_line})"


def _some(title: str, items: list[str]) -> str:
    """Join a few items on lines of readable width and say when there are more."""
    shown = items[:_MOST_NEIGHBOURS] + (["..."] if len(items) > _MOST_NEIGHBOURS else [])
    # An item stays on one line: its spaces are hidden from the wrapping.
    text = f"{title}: " + ", ".join(item.replace(" ", _HARD_SPACE) for item in shown)
    wrapped = textwrap.fill(
        text,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped.replace(_HARD_SPACE, " ")


def first_sentence(doc: str) -> str:
    """Give the first sentence or paragraph of a documentation text on one line, cut at a readable width."""
    paragraph = " ".join(doc.strip().split("\n\n")[0].split())
    end = paragraph.find(". ")
    sentence = paragraph[: end + 1] if end > 0 else paragraph
    return textwrap.shorten(sentence, _DOC_WIDTH, placeholder=" ...")
