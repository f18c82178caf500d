"""Cutting a file along its syntax into chunks that never overlap and hold every non-blank line once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from localdev.core.code import Chunk
from localdev.source.chunking_cuts import syntax_starts
from localdev.source.chunking_pieces import JOINED_CHARACTERS, Piece, attach_loose, merge_small
from localdev.source.lines import LineTable, fill_gaps, pack, paragraph_starts
from localdev.source.symbols import Definition, Outline
from localdev.source.symbols_names import CALLABLE, CLASS_LIKE

if TYPE_CHECKING:
    from tree_sitter import Node

# A function stays whole up to here: 60 lines of 42 characters, which is nearly all functions; what is longer is
# cut into parts of about `lines.PART_CHARACTERS`.
WHOLE_CHARACTERS = 2500
# A class up to here is one chunk; a longer one is a header chunk and its methods.
WHOLE_CLASS_CHARACTERS = 1500
# A value (a table, a long type) or an inner function from here on is a piece of its own instead of lines among others.
OWN_CHARACTERS = 400
# Definitions nested deeper than this are cut like statements: no person wrote them.
_DEEPEST = 20
_CONTAINERS = CLASS_LIKE | {"module", "section", "table"}
_KINDS = {"function": "function", "method": "method", "constructor": "method"}


def chunk_syntax(
    path: str, table: LineTable, root: Node, *, outline: Outline, language: str, loose: str
) -> list[Chunk]:
    """Cut a parsed file; `loose` is the kind of chunks outside any definition."""
    cutter = _Cutter(table, root, loose)
    pieces = attach_loose(table, cutter.region(0, len(table.rows) - 1, outline.top, owner=None, depth=0))
    chunks = [_chunk(path, table, piece, language) for piece in pieces]
    if chunks and outline.doc and not chunks[0].doc:
        chunks[0] = replace(chunks[0], doc=outline.doc)
    return chunks


def chunk_lines(path: str, table: LineTable, language: str) -> list[Chunk]:
    """Cut a text without syntax at its paragraphs."""
    first, last = table.trim(0, len(table.rows) - 1)
    if first > last:
        return []
    spans = pack(table, first, last, paragraph_starts(table, first, last))
    return [_chunk(path, table, Piece(*table.trim(begin, end), "lines"), language) for begin, end in spans]


def _chunk(path: str, table: LineTable, piece: Piece, language: str) -> Chunk:
    """Make the chunk of a piece."""
    owner = piece.owner
    return Chunk(
        path=path,
        start_line=piece.first + 1,
        end_line=piece.last + 1,
        language=language,
        kind=piece.kind,
        text=table.slice(piece.first, piece.last),
        symbol=owner.qualified if owner else "",
        signature=owner.signature if owner else "",
        doc=owner.doc if owner and piece.opens else "",
        members=piece.members,
    )


def _members(one: Definition) -> tuple[str, ...]:
    """Give the signatures of what is directly inside a class."""
    return tuple(child.signature for child in one.children)


class _Cutter:
    """Cuts regions of one file into pieces."""

    def __init__(self, table: LineTable, root: Node, loose: str) -> None:
        self.table = table
        self.root = root
        self.loose = loose

    def region(
        self, first: int, last: int, inside: list[Definition], *, owner: Definition | None, depth: int
    ) -> list[Piece]:
        """Cut the rows first..last, which hold the definitions `inside`; other rows belong to `owner`."""
        pieces: list[Piece] = []
        row = first
        for one in self._own_pieces(inside):
            begin, end = max(one.top_row, row), min(one.end_row, last)
            if end < begin:
                continue  # it shares its line with the definition before it
            pieces += self._gap(row, begin - 1, owner)
            pieces += self._definition(one, begin, end, level=owner, depth=depth)
            row = end + 1
        pieces += self._gap(row, last, owner)
        return merge_small(self.table, pieces, owner)

    def _own_pieces(self, inside: list[Definition]) -> list[Definition]:
        """Give the definitions that are pieces of their own; the others are lines of their surroundings."""
        found: list[Definition] = []
        pending = inside[::-1]
        while pending:
            one = pending.pop()
            if one.nests or one.kind in CALLABLE or one.kind in _CONTAINERS or self._large(one):
                found.append(one)
            else:
                pending += reversed(one.children)
        return found

    def _large(self, one: Definition) -> bool:
        return self.table.size(one.top_row, one.end_row) >= OWN_CHARACTERS

    def _definition(
        self, one: Definition, first: int, last: int, *, level: Definition | None, depth: int
    ) -> list[Piece]:
        """Cut the rows first..last of a definition, its documentation included."""
        class_like = one.kind in CLASS_LIKE
        limit = WHOLE_CLASS_CHARACTERS if class_like and one.children else WHOLE_CHARACTERS
        opened = one.transparent or (one.kind == "module" and bool(self._own_pieces(one.children)))
        if one.kind == "section" and one.children:
            limit = JOINED_CHARACTERS  # each heading says what its own lines are about
        if self.table.size(first, last) <= limit and not opened:
            first, last = self.table.trim(first, last)
            return [Piece(first, last, self._kind(one), one, level, members=_members(one) if class_like else ())]
        inside = one.children if depth < _DEEPEST else []
        if one.kind in CALLABLE:
            inside = [child for child in inside if self._large(child)]
        owner = level if one.transparent else one
        pieces = self.region(first, last, inside, owner=owner, depth=depth + 1)
        if class_like and pieces and pieces[0].owner is one:
            pieces[0] = replace(pieces[0], members=_members(one), loose=False)
        return pieces

    def _gap(self, first: int, last: int, owner: Definition | None) -> list[Piece]:
        """Make pieces of rows that are no definition of their own."""
        first, last = self.table.trim(first, last)
        if first > last:
            return []
        spans = [(first, last)]
        if self.table.size(first, last) > WHOLE_CHARACTERS:
            starts = syntax_starts(self.root, self.table, first, last)
            spans = pack(self.table, first, last, fill_gaps(self.table, starts, last))
        kind = self._kind(owner) if owner else self.loose
        spans = [trimmed for span in spans if (trimmed := self.table.trim(*span))[0] <= trimmed[1]]
        opening = owner.top_row if owner else -1
        return [Piece(begin, end, kind, owner, owner, begin <= opening <= end, True) for begin, end in spans]

    def _kind(self, one: Definition) -> str:
        """Give the kind of chunk that a definition makes."""
        if one.kind in CLASS_LIKE:
            return "class"
        if one.kind not in _KINDS and one.naming is not None and one.naming.kind in CLASS_LIKE:
            return "method" if one.kind == "property" and one.nests else "class"
        return _KINDS.get(one.kind, self.loose)
