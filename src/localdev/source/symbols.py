"""Definitions, references and documentation of one file, read from the captures of its language's query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localdev.core.code import Reference, Symbol
from localdev.source.docs import clean_comment, clean_docstring, is_licence
from localdev.source.languages import Language
from localdev.source.lines import LineTable
from localdev.source.symbols_broken import Header, join_headers
from localdev.source.symbols_extent import extend_levels, join_clauses, leave_comments
from localdev.source.symbols_names import CALLABLE, CLASS_LIKE, HIDDEN, SCOPE, full_kind, split_name
from localdev.source.symbols_signature import Span, opens_inside, signature

if TYPE_CHECKING:
    from tree_sitter import Node

    from localdev.source.parse_grammar import Match

# The kinds of reference, most telling first: a node captured as several keeps the first.
_RANKS = {f"reference.{kind}": rank for rank, kind in enumerate(("import", "base", "call", "type", "name"))}
# Parts of a qualified name; deeper nesting is generated code, whose full names would grow with the square of the depth.
_LONGEST_NAME = 16
# What stands before the dot when a definition reaches for what belongs to the same thing; Rust's `self::` is a module.
_OWNER = re.compile(rb"(?<![\w.>:)\]])\$?(self|this|cls|super|Self|static|parent|base)(?:\(\))?[?!]?\Z")
_OWN_TYPES = (b"Self", b"static", b"parent")
_LONGEST_OWNER = 12
_NAME_RANK = _RANKS["reference.name"]
_RANKED = tuple(name.split(".")[1] for name in _RANKS)


@dataclass(slots=True, eq=False)
class Definition:
    """A definition while the file is read.

    Offsets are bytes, rows 0-based; `top_row` is where its documentation starts.
    `nests` says that names inside are qualified by this one. A `scope` (a Rust impl) is no symbol itself.
    A heading has a `level`; its text ends at the heading `until`.
    """

    kind: str
    name: str
    start: int
    end: int
    name_start: int
    body: int
    nests: bool
    parents: tuple[str, ...] = ()
    start_row: int = 0
    end_row: int = 0
    top_row: int = 0
    qualified: str = ""
    parent: str = ""
    signature: str = ""
    doc: str = ""
    level: int = 0
    until: Definition | None = None
    naming: Definition | None = None
    children: list[Definition] = field(default_factory=list)

    @property
    def transparent(self) -> bool:
        """Say whether it encloses others without being part of their names (a namespace, a rule)."""
        return self.kind in ("namespace", "rule")


@dataclass(slots=True)
class Outline:
    """What the captures of a file gave: the outermost definitions, all symbols, references, the file's own doc."""

    top: list[Definition]
    symbols: tuple[Symbol, ...]
    references: tuple[Reference, ...]
    doc: str


@dataclass(slots=True)
class _Captures:
    """The captures sorted by what they are for; spans are (start, end) in bytes."""

    definitions: dict[int, tuple[int, Definition]] = field(default_factory=dict)
    references: dict[int, tuple[int, int]] = field(default_factory=dict)
    comments: list[Span] = field(default_factory=list)
    attributes: list[Span] = field(default_factory=list)
    docstrings: dict[int, Span] = field(default_factory=dict)
    outers: list[Span] = field(default_factory=list)


def outline(
    path: str,
    table: LineTable,
    data: bytes,
    *,
    language: Language,
    matches: list[Match],
    recovered: Sequence[Header] = (),
) -> Outline:
    """Turn query matches into nested definitions with signature and documentation, and references with their place.

    `recovered` are definitions that the tree may lack because the text around them has errors.
    """
    captures = _sort(matches, data, language)
    definitions = [one for _, one in captures.definitions.values() if one.kind != HIDDEN]
    _wrap(definitions, captures.outers)
    definitions.sort(key=lambda one: (one.start, -one.end))
    if recovered:
        added = [Definition(*one, nests=True) for one in recovered if one.name_start not in captures.definitions]
        definitions = join_headers(definitions, added, data)
    if language.clauses:
        definitions = join_clauses(definitions, data)
    for definition in definitions:
        definition.start_row = table.row_of(definition.start)
        definition.end_row = table.row_of(max(definition.start, definition.end - 1))
    extend_levels(definitions, table)
    top = _nest(definitions)
    definitions = [one for one in definitions if one.kind != HIDDEN]
    file_doc = _document(definitions, table, data, captures=captures)
    leave_comments(definitions, table)
    symbols = tuple(_symbol(path, one) for one in definitions if one.kind != SCOPE)
    return Outline(top, symbols, _references(definitions, captures.references, table, data), file_doc)


def _sort(matches: list[Match], data: bytes, language: Language) -> _Captures:
    """Put every capture where it belongs."""
    captures = _Captures()
    for index, nodes in matches:
        if "name" in nodes:
            _define(captures.definitions, index, nodes, data=data, language=language)
            continue
        body = nodes.pop("docstring.body", None)
        if body is not None:
            text = nodes["docstring"][0]
            captures.docstrings[body[0].start_byte] = (text.start_byte, text.end_byte)
            continue
        for name, found in nodes.items():
            rank = _RANKS.get(name)
            if rank is not None:
                for node in found:
                    start = node.start_byte
                    known = captures.references.get(start)
                    if known is None or rank < known[0]:
                        captures.references[start] = (rank, node.end_byte)
            else:
                _mark(captures, name, found)
    return captures


def _mark(captures: _Captures, name: str, nodes: Iterable[Node]) -> None:
    """Keep the spans of comments, attributes, docstrings and outer nodes."""
    for node in nodes:
        start, end = node.start_byte, node.end_byte
        if name == "comment":
            captures.comments.append((start, end))
        elif name == "attribute":
            captures.attributes.append((start, end))
        elif name == "docstring":
            captures.docstrings[start] = (start, end)
        elif name == "outer":
            captures.outers.append((start, end))


def _define(
    definitions: dict[int, tuple[int, Definition]],
    index: int,
    nodes: dict[str, list[Node]],
    *,
    data: bytes,
    language: Language,
) -> None:
    """Make a definition of one match, unless an earlier pattern defined the same name."""
    kind = next((key[11:] for key in nodes if key.startswith("definition.")), SCOPE)
    whole = nodes[SCOPE if kind == SCOPE else f"definition.{kind}"][0]
    named = nodes["name"][0]
    key = named.start_byte
    if key in definitions and definitions[key][0] <= index:
        return
    name, parents = split_name(_text(data, named), language)
    if not name or name == "_":
        return
    for node in reversed(nodes.get("parent", ())):
        outer, above = split_name(_text(data, node), language)
        parents = (*above, outer, *parents)
    start, end = whole.start_byte, whole.end_byte
    while end > start and data[end - 1] in b" \t\r\n\f":
        end -= 1
    inner = nodes.get("body") or nodes.get("cut")
    body = inner[0].start_byte if inner else end
    level = next((int(key[6:]) for key in nodes if key.startswith("level.")), 0)
    nests = "body" in nodes or kind in CLASS_LIKE or level > 0
    definitions[key] = (index, Definition(kind, name, start, end, key, body, nests, parents, level=level))


def _text(data: bytes, node: Node) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _wrap(definitions: list[Definition], outers: list[Span]) -> None:
    """Start each definition where the node around it starts: the first one inside that ends with it."""
    by_end: dict[int, list[Definition]] = {}
    for one in sorted(definitions, key=lambda one: one.start) if outers else ():
        by_end.setdefault(one.end, []).append(one)
    for start, end in sorted(outers, reverse=True):
        inside = [*by_end.get(end, ()), *by_end.get(end - 1, ())]  # a semicolon may end the outer node
        inner = min((one for one in inside if one.start >= start), key=lambda one: one.start, default=None)
        if inner is not None:
            inner.start = start


def _nest(definitions: list[Definition]) -> list[Definition]:
    """Hang each definition under the closest one around it, and qualify its name; give the outermost ones."""
    top: list[Definition] = []
    open_ones: list[Definition] = []
    for one in definitions:
        while open_ones and not (one.end <= open_ones[-1].end and one.start < open_ones[-1].end):
            open_ones.pop()
        if open_ones and (one.start, one.end) == (open_ones[-1].start, open_ones[-1].end):
            open_ones.pop()  # several names of one declaration stand side by side
        outer = open_ones[-1] if open_ones else None
        one.naming = outer if outer is None or (outer.nests and not outer.transparent) else outer.naming
        if one.kind == "property" and one.naming is not None and one.naming.kind in CALLABLE:
            one.naming = one.naming.naming  # declared by a constructor's parameter
        if _local(one):
            one.kind = HIDDEN
            continue
        (outer.children if outer else top).append(one)
        _qualify(one)
        open_ones.append(one)
    return top


def _local(one: Definition) -> bool:
    """Say whether a definition is a variable, or a declaration that only looks like a function, inside a function."""
    inside = one.naming is not None and one.naming.kind in CALLABLE
    return inside and (one.kind == "variable" or (one.kind == "function" and not one.nests))


def _qualify(one: Definition) -> None:
    """Give a definition its qualified name, its parent and its final kind."""
    above = one.naming.qualified.split(".")[:_LONGEST_NAME] if one.naming else []
    one.parent = ".".join([*above, *one.parents])
    one.qualified = f"{one.parent}.{one.name}" if one.parent else one.name
    around = one.naming.kind if one.naming else ""
    one.kind = full_kind(one.kind, one.name, around, parent=one.parent)


def _document(definitions: list[Definition], table: LineTable, data: bytes, *, captures: _Captures) -> str:
    """Give every definition its signature, its documentation and the row where that starts; give the file's own doc."""
    comments = _own_rows(captures.comments, table, data)
    attributes = _own_rows(captures.attributes, table, data)
    skipped = dict(captures.attributes)
    for one in definitions:
        first = one.start_row
        words: list[str] = []
        if not opens_inside(data, table.bytes[first], one.start):
            first, words = _above(one, comments, attributes, table=table)
        one.top_row = first
        one.signature = signature(
            data, one.start, (one.name_start, one.body), attributes=skipped, comments=captures.comments
        )
        docstring = captures.docstrings.get(one.body) if one.nests else None
        if docstring is not None:
            one.doc = clean_docstring(data[slice(*docstring)].decode("utf-8", "replace"))
        elif words:
            doc = clean_comment("\n".join(words))
            one.doc = "" if first == 0 and is_licence(doc) else doc
    first = definitions[0].start if definitions else len(data)
    return _file_doc(comments, captures.docstrings, first, table=table, data=data)


def _own_rows(spans: list[Span], table: LineTable, data: bytes) -> dict[int, tuple[int, int]]:
    """Give, for each span that has its rows to itself, last row -> (first row, indentation)."""
    rows: dict[int, tuple[int, int]] = {}
    for start, end in spans:
        first = table.row_of(start)
        line = table.bytes[first]
        if data[line:start].strip():
            continue
        last = table.row_of(max(start, start + len(data[start:end].rstrip()) - 1))
        if not data[end : table.bytes[last + 1]].strip() or end > table.bytes[last + 1]:
            rows[last] = (first, start - line)
    return rows


def _above(
    one: Definition,
    comments: dict[int, tuple[int, int]],
    attributes: dict[int, tuple[int, int]],
    *,
    table: LineTable,
) -> tuple[int, list[str]]:
    """Walk up from a definition over its attributes and comments: the first row, and the comments' text in order.

    The definition's own start moves up to attributes directly above it.
    """
    row = one.start_row
    indent = table.indent(row)
    words: list[str] = []
    while row > 0:
        if row - 1 in attributes:
            row = attributes[row - 1][0]
            if not words:
                one.start_row = row
        elif row - 1 in comments and comments[row - 1][1] == indent:
            last, row = row - 1, comments[row - 1][0]
            words.insert(0, table.slice(row, last))
        elif not words and row > 1 and _doc_block_above(table, row, comments):
            row -= 1  # a blank line between a /** block and what it documents
        else:
            break
    return (row if words or row == one.start_row else one.start_row), words


def _doc_block_above(table: LineTable, row: int, comments: dict[int, tuple[int, int]]) -> bool:
    """Say whether a documentation block ends two rows above, with nothing but a blank row between."""
    block = comments.get(row - 2)
    return block is not None and table.blank(row - 1) and table.rows[block[0]].lstrip().startswith("/**")


def _file_doc(
    comments: dict[int, tuple[int, int]], docstrings: dict[int, Span], first: int, *, table: LineTable, data: bytes
) -> str:
    """Give the documentation at the head of the file: a docstring before any definition, else the first comment.

    `first` is the offset of the first definition.
    """
    start = min(docstrings, default=first)
    if start < first:
        return clean_docstring(data[slice(*docstrings[start])].decode("utf-8", "replace"))
    row = next((row for row in range(len(table.rows)) if not table.blank(row)), 0)
    ends = {begin: last for last, (begin, _) in comments.items()}
    words: list[str] = []
    while row in ends:
        words.append(table.slice(row, ends[row]))
        row = ends[row] + 1
    doc = clean_comment("\n".join(words))
    return "" if is_licence(doc) else doc


def _symbol(path: str, one: Definition) -> Symbol:
    return Symbol(
        path=path,
        name=one.name,
        qualified=one.qualified,
        kind=one.kind,
        start_line=one.start_row + 1,
        end_line=one.end_row + 1,
        signature=one.signature,
        doc=one.doc,
        parent=one.parent,
    )


def _references(
    definitions: list[Definition], found: dict[int, tuple[int, int]], table: LineTable, data: bytes
) -> tuple[Reference, ...]:
    """Give the references in order, each with the qualified name of the definition it stands in.

    Of the plain names only those count that this file defines or imports, or that begin with a capital: the others
    are local variables. One letter that is not known is a type parameter.
    """
    references: list[Reference] = []
    known = {one.name for one in definitions}
    for one in definitions:
        found.pop(one.name_start, None)  # a definition is no use of its own name
    known.update(_reference_name(data, start, end) for start, (rank, end) in found.items() if rank == 0)
    waiting = iter([one for one in definitions if one.nests and not one.transparent])
    following = next(waiting, None)
    around: list[Definition] = []
    row = 0
    starts = table.bytes
    for start in sorted(found):
        rank, end = found[start]
        while following is not None and following.start <= start:
            around.append(following)
            following = next(waiting, None)
        while around and around[-1].end <= start:
            around.pop()
        while starts[row + 1] <= start:
            row += 1
        name = _reference_name(data, start, end)
        if name in known or (len(name) > 1 and (rank != _NAME_RANK or name[0].isupper())):
            within = around[-1].qualified if around else ""
            references.append(Reference(name, row + 1, _RANKED[rank], within, _via(data, start)))
    return tuple(references)


def _via(data: bytes, start: int) -> str:
    """Say how the name that starts at `start` is reached (see `Reference.via`)."""
    last = data[start - 1 : start]
    two = data[max(start - 2, 0) : start]
    joint = two if two in (b"->", b"::") else b"." if last == b"." and two != b".." else b""
    if not joint:
        return ""
    owner = _OWNER.search(data, max(start - len(joint) - _LONGEST_OWNER, 0), start - len(joint))
    if owner and (joint != b"::" or owner.group(1) in _OWN_TYPES):
        return "own"
    return "path" if joint == b"::" else "member"


def _reference_name(data: bytes, start: int, end: int) -> str:
    """Give the text of a reference without quotes; empty when it holds no letter or digit."""
    name = data[start:end].decode("utf-8", "replace").strip("\"'`<>")
    return name if name.isalnum() or any(map(str.isalnum, name)) else ""
