"""One parsed file as plain rows: what a worker process sends back and what the tables take in.

Rows hold only texts, numbers and tuples, so that they travel between processes by `marshal`, many times faster than
pickled objects. Raise `ROWS_VERSION` when the same file would give other rows.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import NamedTuple

from localdev.core.code import Chunk, ParsedFile, Reference, Symbol
from localdev.core.words import word_text
from localdev.index.embedding_text import embedding_text, unseen

ROWS_VERSION = 2

# Letters for the kinds of references in `uses.places`, calls first in the alphabet of importance.
KIND_LETTERS = {"call": "c", "base": "b", "type": "t", "import": "i", "name": "n"}
# Signs behind the line for how a name is reached.
VIA_SIGNS = {"": "", "own": "@", "path": ":", "member": "."}
_VIAS = {sign: via for via, sign in VIA_SIGNS.items()}

ChunkRow = tuple[int, int, str, str, str, str, str, str, str, str]
SymbolRow = tuple[int, str, str, str, int, int, str | None, str | None, str]
WordsRow = tuple[str, str, str, str, str]


class FileRows(NamedTuple):
    """All rows of one file.

    `chunks`: (start, end, language, kind, symbol, signature, doc, members joined by newlines, names, text), where
    `names` are the definitions that start in the chunk besides its own symbol. `words`: the five search fields of each
    chunk. `texts`: what to embed. `symbols`: (position of the chunk, name, qualified, kind, start, end, signature, doc,
    parent), signature and doc None where they equal the chunk's. `uses`: (name, packed places).
    """

    language: str
    lines: int
    line_chunked: bool
    chunks: tuple[ChunkRow, ...]
    words: tuple[WordsRow, ...]
    texts: tuple[str, ...]
    symbols: tuple[SymbolRow, ...]
    uses: tuple[tuple[str, str], ...]


def to_rows(parsed: ParsedFile) -> FileRows:
    """Turn a parsed file into rows."""
    homes = _homes(parsed.chunks, parsed.symbols) if parsed.chunks else []
    names: list[list[str]] = [[] for _ in parsed.chunks]
    for home, symbol in homes:
        if symbol.qualified != parsed.chunks[home].symbol:
            names[home].append(symbol.qualified)
    chunks = tuple(map(_chunk_row, parsed.chunks, names))
    return FileRows(
        language=parsed.language,
        lines=parsed.lines,
        line_chunked=parsed.line_chunked,
        chunks=chunks,
        words=tuple(search_words(parsed.path, row) for row in chunks),
        texts=tuple(map(embedding_text, parsed.chunks)),
        symbols=tuple(_symbol_row(home, symbol, parsed.chunks[home]) for home, symbol in homes),
        uses=pack_uses(parsed.references),
    )


def search_words(path: str, row: ChunkRow) -> WordsRow:
    """Give the five search fields of a stored chunk.

    The lexical index keeps no copy of them: taking a chunk out of it needs exactly the words that were put in, so this
    must depend on nothing but stored values.
    """
    _, _, _, _, symbol, signature, doc, members, names, text = row
    body = "\n".join((*unseen(members.split("\n"), text), text)) if members else text
    fields = (path, f"{symbol} {names}", signature, doc, body)
    return tuple(map(word_text, fields))  # type: ignore[return-value]


def pack_uses(references: Sequence[Reference]) -> tuple[tuple[str, str], ...]:
    """Give one (name, places) row per name: `c12. n40` is a call behind a dot in line 12 and a plain use in line 40."""
    places: dict[str, dict[str, None]] = {}
    for reference in references:
        letter = KIND_LETTERS.get(reference.kind, "n")
        places.setdefault(reference.name, {})[f"{letter}{reference.line}{VIA_SIGNS[reference.via]}"] = None
    return tuple((name, " ".join(found)) for name, found in places.items())


def unpack_uses(places: str) -> list[tuple[str, int, str]]:
    """Give kind letter, line and the way the name is reached (`Reference.via`) for each place of a packed row."""
    return [
        (place[0], int(place[1:]), "") if place[-1].isdigit() else (place[0], int(place[1:-1]), _VIAS[place[-1]])
        for place in places.split(" ")
    ]


def _homes(chunks: Sequence[Chunk], symbols: Sequence[Symbol]) -> list[tuple[int, Symbol]]:
    """Pair each symbol with the position of the chunk that holds its first line, or of the next one after it."""
    ends = [chunk.end_line for chunk in chunks]
    last = len(chunks) - 1
    return [(min(bisect.bisect_left(ends, symbol.start_line), last), symbol) for symbol in symbols]


def _chunk_row(chunk: Chunk, names: Sequence[str]) -> ChunkRow:
    """Flatten a chunk."""
    return (
        chunk.start_line,
        chunk.end_line,
        chunk.language,
        chunk.kind,
        chunk.symbol,
        chunk.signature,
        chunk.doc,
        "\n".join(chunk.members),
        " ".join(names),
        chunk.text,
    )


def _symbol_row(home: int, symbol: Symbol, chunk: Chunk) -> SymbolRow:
    """Flatten a symbol."""
    return (
        home,
        symbol.name,
        symbol.qualified,
        symbol.kind,
        symbol.start_line,
        symbol.end_line,
        None if symbol.signature == chunk.signature else symbol.signature,
        None if symbol.doc == chunk.doc else symbol.doc,
        symbol.parent,
    )
