"""Where documentation stands: what is there is found and replaced, else there is a place for it, bytes for bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import COMMENTS, Rows, rows_of
from localdev.assistant.gen.doc_style import DocStyle
from localdev.assistant.gen.target import Target
from localdev.core.patch import FileEdit
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, text_of, walk

_ATTRIBUTES = frozenset({"attribute_item", "decorator", "attribute_list", "annotation", "marker_annotation"})
# How a comment begins that documents, by language; of other languages `/**` does.
_OPENINGS: dict[str, tuple[str, ...]] = {
    "go": ("//", "/*"),
    "ruby": ("#",),
    "rust": ("///", "/**"),
    "c_sharp": ("///", "/**"),
    "c": ("/**", "/*!", "///", "//!"),
    "cpp": ("/**", "/*!", "///", "//!"),
}
# Comments for tools, which look like documentation.
_FOR_TOOLS = re.compile(
    r"//(?:go:|nolint|export |\s*\+build|line )|/{4,}|/\*\*/|/\*{3,}"
    r"|#(?:!|\s*(?:frozen_string_literal|-\*-|encoding|coding|typed|rubocop|:nodoc:)|\s*$)"
)
# Those of them that speak of the next line, and so must stay right above the code.
_FOR_NEXT_LINE = re.compile(
    r"//\s*(?:(?:eslint|tslint:|oxlint)-?disable-next-line|@ts-(?:ignore|expect-error)|prettier-ignore|biome-ignore"
    r"|deno-(?:lint|fmt)-ignore|NOLINTNEXTLINE|nolint|lint:ignore)|//export |//go:(?:noinline|nosplit|norace|noescape|"
    r"linkname|embed|nocheckptr|wasm)|/\*\s*(?:eslint-disable-next-line|(?:istanbul|c8|v8) ignore|prettier-ignore)"
    r"|#\s*rubocop:(?:disable|todo)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a symbol's documentation goes.

    `start` and `end` are the bytes that it replaces, `prefix` and `suffix` what stands around it there, `indent` what
    each further line begins with. `gone` are further stretches of bytes to take out. `rows` are all rows that may
    change. `replaces` says that documentation stands there now.
    """

    start: int
    end: int
    indent: str
    rows: Rows
    prefix: str = ""
    suffix: str = ""
    gone: tuple[tuple[int, int], ...] = ()
    replaces: bool = False


def find_place(target: Target) -> Place:
    """Find where the documentation of a symbol stands or is to stand.

    Raises:
        Unfit: there is no place for it: other code stands on the symbol's line, or it has no body.
    """
    return _inside(target) if target.tree.language == "python" else _above(target)


def line_end(text: str) -> str:
    """Give the line end that most lines of a text have."""
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


def placed(target: Target, place: Place, lines: Sequence[str], style: DocStyle) -> FileEdit:
    """Give the edit that puts documentation in its place, with the file's own line ends and indentation."""
    end = line_end(target.text)
    written = _quoted(lines, style) if target.tree.language == "python" else _marked(lines, target.tree.language, style)
    first, *rest = written
    body = end.join([first, *(f"{place.indent}{line}" if line else "" for line in rest)])
    new = (place.prefix + body + place.suffix).replace("\n", end) if end != "\n" else place.prefix + body + place.suffix
    new = new.replace("\r\r\n", "\r\n")
    data = target.text.encode("utf-8", "surrogateescape")
    for start, stop in sorted(place.gone, reverse=True):
        data = data[:start] + data[stop:]
    data = data[: place.start] + new.encode("utf-8", "surrogateescape") + data[place.end :]
    return FileEdit(target.path, target.text, data.decode("utf-8", "surrogateescape"))


def _inside(target: Target) -> Place:
    """Find the place of a Python docstring: the first statement of the body."""
    body = target.node.child_by_field_name("body")
    if body is None:
        raise Unfit(f"{target.symbol.qualified} has no body that a docstring could stand in")
    rows = rows_of(target)
    data = target.text.encode("utf-8", "surrogateescape")
    first = next((each for each in body.named_children if each.type not in COMMENTS), None)
    if first is not None and _is_string(first):
        return Place(first.start_byte, first.end_byte, _indent_of(data, first), rows, replaces=True)
    colon = next(
        each for each in reversed(target.node.children) if each.type == ":" and each.end_byte <= body.start_byte
    )
    if first is None or first.start_point[0] > colon.end_point[0]:
        indent = _indent_of(data, first if first is not None else body)
        at = data.index(b"\n", colon.end_byte) + 1  # behind a comment on the line of the colon
        gap = "\n" if target.symbol.kind == "class" else ""
        return Place(at, at, indent, rows, prefix=indent, suffix=f"\n{gap}")
    indent = _indent_of(data, target.node) + ("\t" if b"\n\t" in data else "    ")
    return Place(colon.end_byte, first.start_byte, indent, rows, prefix=f"\n{indent}", suffix=f"\n{indent}")


def _is_string(statement: SyntaxNode) -> bool:
    """Say whether a statement is nothing but a string."""
    return statement.type == "expression_statement" and [each.type for each in statement.children] == ["string"]


def _indent_of(data: bytes, node: SyntaxNode) -> str:
    """Give the blanks that the line of a node begins with."""
    line = data[data.rfind(b"\n", 0, node.start_byte) + 1 :].removeprefix(b"\xef\xbb\xbf")
    return line[: len(line) - len(line.lstrip(b" \t"))].decode("ascii")


def _above(target: Target) -> Place:
    """Find the place of documentation in comments: where some are, else above the symbol and its attributes."""
    data = target.text.encode("utf-8", "surrogateescape")
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == 10), len(data)]
    row = target.outer.start_point[0]
    before = data[starts[row] : target.outer.start_byte].removeprefix(b"\xef\xbb\xbf")
    if before.strip():
        raise Unfit(f"{target.symbol.qualified} begins behind other code on its line, so there is no place above it")
    indent = before.decode("ascii")
    top, runs = _runs_above(target.tree, row, data)
    rows = (min([top, *(first for first, _ in runs)]), rows_of(target)[1])
    if not runs:
        at = starts[top] + (3 if top == 0 and data.startswith(b"\xef\xbb\xbf") else 0)
        return Place(at, at, indent, rows, prefix=indent, suffix="\n")
    first, last = runs[0]
    gone = tuple((starts[begin], starts[stop + 1]) for begin, stop in runs[1:])
    stop = starts[last + 1] - 1
    stop -= data[stop - 1 : stop] == b"\r"
    return Place(starts[first] + len(indent), stop, indent, rows, gone=gone, replaces=True)


def _runs_above(tree: SyntaxTree, row: int, data: bytes) -> tuple[int, list[Rows]]:
    """Walk up from a row: the row above which there is neither attribute nor documentation, and the rows of the latter.

    The runs are from the top down.
    """
    comments, attributes = _own_rows(tree, data, below=row)
    runs: list[Rows] = []
    top = row
    while top > 0:
        if top - 1 in attributes:
            top = attributes[top - 1]
        elif top - 1 in comments and _documents(comments[top - 1][1], tree.language):
            first = comments[top - 1][0]
            if runs and runs[0][0] == top:
                if not comments[top - 1][1].startswith(("//", "#")):
                    break  # a block above a block is another one's
                runs[0] = (first, runs[0][1])
            else:
                runs.insert(0, (first, top - 1))
            top = first
        else:
            break
    return top, runs


def _own_rows(tree: SyntaxTree, data: bytes, *, below: int) -> tuple[dict[int, tuple[int, str]], dict[int, int]]:
    """Give comments (last row -> first row and text) and attributes (last row -> first row) alone on their rows.

    What speaks to a tool of the next line counts as an attribute.
    """
    comments: dict[int, tuple[int, str]] = {}
    attributes: dict[int, int] = {}
    for node in _before(tree.root, below):
        if (
            node.type not in COMMENTS | _ATTRIBUTES
            or data[data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte].strip()
        ):
            continue
        first, last = node.start_point[0], end_line_of(node) - 1
        behind = data[node.end_byte :].split(b"\n", 1)[0]
        if behind.strip() and not text_of(node).endswith("\n"):
            continue
        if node.type in COMMENTS and not _FOR_NEXT_LINE.match(text_of(node)):
            comments.setdefault(last, (first, text_of(node)))
        else:
            attributes[last] = first
    return comments, attributes


def _before(root: SyntaxNode, row: int) -> Iterator[SyntaxNode]:
    """Yield the nodes that start above a row."""
    for node in walk(root):
        if node.start_point[0] >= row:
            return
        yield node


def _documents(comment: str, language: str) -> bool:
    """Say whether a comment is documentation."""
    return comment.startswith(_OPENINGS.get(language, ("/**",))) and not _FOR_TOOLS.match(comment)


def _quoted(lines: Sequence[str], style: DocStyle) -> list[str]:
    """Write a Python docstring."""
    quotes = style.quotes
    raw = "r" if any("\\" in line for line in lines) else ""
    if len(lines) == 1 and not lines[0].endswith(quotes[0]) and not (style.opens_below and len(lines[0]) > style.width):
        return [f"{raw}{quotes}{lines[0]}{quotes}"]
    first = [f"{raw}{quotes}", *lines] if style.opens_below else [f"{raw}{quotes}{lines[0]}", *lines[1:]]
    return [*first, quotes]


def _marked(lines: Sequence[str], language: str, style: DocStyle) -> list[str]:
    """Write documentation as comments."""
    if language in ("go", "ruby", "rust", "c_sharp") or style.slashes:
        mark = {"go": "//", "ruby": "#"}.get(language, "///")
        return [f"{mark} {line}".rstrip() for line in lines]
    if len(lines) == 1 and language != "java":
        return [f"/** {lines[0]} */"]
    return ["/**", *(f" * {line}".rstrip() for line in lines), " */"]
