"""Names that are given values, however a language writes it: assignments, keyword arguments, members of objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.calls import calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of


@dataclass(frozen=True, slots=True)
class Pair:
    """A name as it is written with the text of its value; `around` is the call's name for a keyword argument."""

    name: str
    value: str
    line: int
    end_line: int
    node: SyntaxNode
    around: str = ""

    @property
    def plain(self) -> str:
        """The last part of the name, without quotes and colons."""
        name = self.name.replace("->", ".").replace("::", ".").rstrip("]").rpartition(".")[2]
        return name.rpartition("[")[2].strip("'\"`:$@ ")


def pairs(tree: SyntaxTree) -> tuple[Pair, ...]:
    """Give all names of a text that are given a value."""
    if "pairs" not in tree.kept:
        tree.kept["pairs"] = tuple(_pairs(tree))
    found: tuple[Pair, ...] = tree.kept["pairs"]
    return found


def _pairs(tree: SyntaxTree) -> Iterator[Pair]:
    """Yield the assignments, then the keyword arguments that are none of them."""
    seen = set()
    for each in assignments(tree):
        seen.add(each.value.node.id)
        yield Pair(each.target, each.value.text, each.line, each.end_line, each.value.node)
    for call in calls(tree):
        for argument in call.arguments:
            if argument.keyword and argument.node.id not in seen:
                node = argument.node
                yield Pair(argument.keyword, argument.text, line_of(node), end_line_of(node), node, call.name)
