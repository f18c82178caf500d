"""The symbols of a file as pieces that can be replaced as a whole: full rows, with the comments that belong to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localdev.assistant.gen.checks import COMMENTS, Rows
from localdev.source.syntax.definitions import Definition, definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, text_of, walk

# Bodies of classes and the like: what stands in them stands on its own, as at the top of a file.
BODIES = frozenset(
    {
        "module", "program", "source_file", "translation_unit", "compilation_unit", "block", "class_body",
        "declaration_list", "body_statement", "interface_body", "enum_body", "enum_body_declarations",
        "field_declaration_list", "statement_block", "object_type", "then",
    }
)  # fmt: skip
ATTRIBUTES = frozenset({"attribute_item", "decorator", "attribute_list", "marker_annotation", "annotation"})
_KINDS = frozenset(
    {
        "function", "method", "constructor", "class", "interface", "struct", "enum", "trait", "type", "constant",
        "variable", "macro", "property",
    }
)  # fmt: skip
_HOLDERS = frozenset({"class", "interface", "struct", "enum", "trait", "module", "namespace"})
_CONSTANTS = frozenset({"lexical_declaration", "variable_declaration"})
_CALLABLE = frozenset({"function", "method", "constructor"})
# A class of more rows is offered member by member: small models cannot repeat it without a mistake.
_LARGE = 40
_FOLLOWING = frozenset({"", ",", ";"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a file: `rows` (from 0, both included) hold it with its comments, `core` without them.

    `name` is a symbol's qualified name; empty for a statement outside all symbols. `tail` is the `,` or `;` that
    follows on its last row and is not part of it.
    """

    path: str
    name: str
    kind: str
    rows: Rows
    core: Rows
    tail: str = ""

    @property
    def title(self) -> str:
        """What to call it to people and models."""
        lines = f"lines {self.rows[0] + 1}-{self.rows[1] + 1}"
        return f"{self.kind} {self.name}, {lines}" if self.name else f"statement, {lines}"

    def overlaps(self, other: Unit) -> bool:
        """Say whether it shares rows with another one."""
        return self.path == other.path and self.rows[0] <= other.rows[1] and other.rows[0] <= self.rows[1]


def rows_text(text: str, rows: Rows) -> str:
    """Give rows of a text without carriage returns and bytes that are no UTF-8."""
    found = "\n".join(row.removesuffix("\r") for row in text.split("\n")[rows[0] : rows[1] + 1])
    return found.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def units_of(tree: SyntaxTree, path: str, *, within: Definition | None = None) -> list[Unit]:
    """Give the symbols of a file that can be replaced, in order; large classes as their members.

    `within` gives one symbol alone (and its members, when it is a large class). What shares a row with other code is
    left out.
    """
    every = definitions(tree)
    reader = _Reader(tree, path)
    chosen = [within] if within is not None else list(_outermost(every))
    found: list[Unit] = []
    for each in chosen:
        found += reader.opened(each, every)
    if within is None:
        found = sorted([*found, *reader.constants()], key=lambda unit: unit.rows)
    kept: list[Unit] = []
    for unit in found:
        if not kept or unit.rows[0] > kept[-1].rows[1]:
            kept.append(unit)
    return kept


def declared_name(node: SyntaxNode) -> str:
    """Give the name of the one constant that a declaration of JavaScript or TypeScript makes; else nothing."""
    if node.type == "export_statement":
        node = node.child_by_field_name("declaration") or node
    made = [each for each in node.named_children if each.type == "variable_declarator"]
    name = made[0].child_by_field_name("name") if len(made) == 1 and node.type in _CONSTANTS else None
    return text_of(name) if name is not None and name.type == "identifier" else ""


def unit_at(tree: SyntaxTree, path: str, line: int) -> Unit | None:
    """Give the innermost symbol that holds a line, else the statement outside all symbols that does."""
    reader = _Reader(tree, path)
    row = line - 1
    holding = [
        unit
        for each in definitions(tree)
        if each.symbol.kind in _KINDS and (unit := reader.unit(each)) and unit.rows[0] <= row <= unit.rows[1]
    ]
    # A variable inside a function is part of it; a field is part of its class.
    good = [unit for unit in holding if unit.kind in _CALLABLE or not _inside_function(unit, holding)]
    inner = [unit for unit in good if unit.kind in _CALLABLE]
    if inner or good:
        return min(inner or good, key=lambda unit: unit.rows[1] - unit.rows[0])
    return reader.statement(row)


def _inside_function(unit: Unit, holding: Sequence[Unit]) -> bool:
    """Say whether a symbol lies in a function among others."""
    return any(
        each.kind in _CALLABLE and each.rows[0] <= unit.rows[0] and unit.rows[1] <= each.rows[1] for each in holding
    )


def _outermost(every: Sequence[Definition]) -> Iterator[Definition]:
    """Yield the definitions that lie in no other one; a module or namespace does not count as one."""
    end = 0
    for each in sorted(every, key=lambda one: (one.outer.start_byte, -one.outer.end_byte)):
        if each.symbol.kind in ("module", "namespace"):
            continue
        if each.outer.start_byte >= end and each.symbol.kind in _KINDS:
            end = each.outer.end_byte
            yield each


@dataclass(frozen=True, slots=True)
class _Reader:
    """Finds the rows of definitions in one tree."""

    tree: SyntaxTree
    path: str

    def opened(self, one: Definition, every: Sequence[Definition]) -> list[Unit]:
        """Give a definition as one unit, or a large class as its members."""
        unit = self.unit(one)
        if unit is None:
            return []
        members = [
            each
            for each in every
            if each.node.id != one.node.id
            and one.node.start_byte <= each.outer.start_byte
            and each.outer.end_byte <= one.node.end_byte
            and each.symbol.parent == one.symbol.qualified
        ]
        large = one.symbol.kind in _HOLDERS and unit.rows[1] - unit.rows[0] >= _LARGE
        if not large or not any(each.symbol.kind in _CALLABLE for each in members):
            return [unit]
        return [piece for each in members if each.symbol.kind in _KINDS for piece in self.opened(each, every)]

    def constants(self) -> list[Unit]:
        """Give the constants at the top of a script, which the index does not list; no functions, and no `require`."""
        every = definitions(self.tree)
        found = []
        for node in self.tree.root.named_children:
            name = declared_name(node)
            inside = any(node.start_byte <= each.outer.start_byte < node.end_byte for each in every)
            if name and not inside and "require(" not in text_of(node):
                unit = self._unit(node, name, "constant")
                found += [unit] if unit is not None else []
        return found

    def unit(self, one: Definition) -> Unit | None:
        """Give the rows of a definition; None where it shares one with other code."""
        return self._unit(one.outer, one.symbol.qualified, one.symbol.kind)

    def statement(self, row: int) -> Unit | None:
        """Give the statement that holds a row, outside all symbols."""
        node = self.tree.root
        while True:
            inner = next((each for each in node.named_children if _first(each) <= row <= _last(each)), None)
            if inner is None:
                return None
            if inner.type not in BODIES:
                return None if inner.type in COMMENTS else self._unit(inner, "", "statement")
            node = inner

    def _unit(self, node: SyntaxNode, name: str, kind: str) -> Unit | None:
        """Widen a node to its rows, with the comments and attributes right above."""
        data = self._data()
        first, last = _first(node), _last(node)
        before = data[data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte].removeprefix(b"\xef\xbb\xbf")
        stop = data.find(b"\n", node.end_byte)
        behind = b"" if node.end_point[1] == 0 else data[node.end_byte : stop if stop >= 0 else len(data)]
        tail = behind.decode("utf-8", "replace").strip()
        plain = tail.split("//", 1)[0].split("#", 1)[0].split("/*", 1)[0].strip()
        if before.strip() or plain not in _FOLLOWING:
            return None
        above = self._rows_above()
        top = first
        while top - 1 in above:
            top = above[top - 1]
        return Unit(self.path, name, kind, (top, last), (first, last), plain)

    def _data(self) -> bytes:
        """Give the text in bytes, as the nodes count them."""
        if "data" not in self.tree.kept:
            self.tree.kept["data"] = self.tree.text.encode("utf-8", "surrogateescape")
        data: bytes = self.tree.kept["data"]
        return data

    def _rows_above(self) -> dict[int, int]:
        """Give comments and attributes that stand alone on their rows: last row -> first row. A `#!` line is none."""
        if "rows_above" not in self.tree.kept:
            data = self._data()
            found: dict[int, int] = {}
            for node in walk(self.tree.root):
                if node.type not in COMMENTS and node.type not in ATTRIBUTES:
                    continue
                before = data[data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte]
                behind = b"" if node.end_point[1] == 0 else data[node.end_byte :].split(b"\n", 1)[0]
                shebang = node.start_byte == 0 and data.startswith(b"#!")
                if not before.strip() and not behind.strip() and not shebang:
                    found.setdefault(_last(node), _first(node))
            self.tree.kept["rows_above"] = found
        above: dict[int, int] = self.tree.kept["rows_above"]
        return above


def _first(node: SyntaxNode) -> int:
    """Give the first row of a node."""
    return node.start_point[0]


def _last(node: SyntaxNode) -> int:
    """Give the last row of a node."""
    return end_line_of(node) - 1
