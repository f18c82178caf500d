"""Reads a chat template into Jinja's syntax tree: bounded in size and depth, and never rendered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from localdev.core.template_dialect import dialect
from localdev.models.findings import Finding, Severity

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

# The largest of 400 published templates has 29,000 letters, 120 tokens in one tag and a tree of 29 levels.
LARGEST = 128 * 1024
_LONGEST_TAG = 1000  # tokens between the braces of one tag
_DEEPEST = 100  # levels of the syntax tree, brackets or blocks
_QUOTED = 80
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}
_BLOCKS = ("if", "for", "macro", "call", "filter", "with", "block", "generation")
_STEPS = {**{name: 1 for name in _BLOCKS}, **{f"end{name}": -1 for name in _BLOCKS}}


@dataclass(slots=True)
class Findings:
    """Collects findings: each rule and piece once, and not more of a rule than anyone reads."""

    found: list[Finding] = field(default_factory=list)
    _seen: dict[str, set[str]] = field(default_factory=dict)

    def add(self, rule: str, severity: Severity, line: int, said: str) -> None:
        """Note what `said` tells of a line; past the fifth finding of a rule the graver ones are in already."""
        seen = self._seen.setdefault(f"{rule} {severity}", set())
        if said not in seen and len(seen) < 5:
            self.found.append(Finding(rule, severity, f"the chat template {said} (line {line})"))
        seen.add(said)


class Unreadable(Exception):
    """The template cannot be judged; holds the rule, the line and what is wrong."""

    def __init__(self, rule: str, line: int, said: str) -> None:
        super().__init__(said)
        self.rule, self.line, self.said = rule, line, said


@cache
def environment() -> Environment:
    """Give the environment to parse with: the one templates are rendered in."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(**dialect())


def parse(text: str) -> nodes.Template:
    """Parse a template.

    Raises:
        Unreadable: it is too large or nested too deeply to be judged, or is no Jinja.
    """
    from jinja2 import TemplateError

    if len(text) > LARGEST:
        raise Unreadable("template-size", 1, f"has {len(text)} letters; no more than {LARGEST} are read")
    try:
        _bound(text)
        tree = environment().parse(text)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise Unreadable("template-syntax", line, f"is not valid Jinja: {visible(str(error))}") from error
    except RecursionError as error:
        raise Unreadable("template-nesting", 1, "is nested too deeply to be read") from error
    except (ValueError, OverflowError, MemoryError, SyntaxError) as error:
        raise Unreadable("template-syntax", 1, f"is not valid Jinja: {visible(str(error))}") from error
    _bound_tree(tree)
    return tree


def _bound(text: str) -> None:
    """Look at the tokens alone, before a parser that calls itself gets to see them."""
    length = brackets = blocks = 0
    before = ""
    for line, kind, value in environment().lex(text):
        if kind in ("variable_begin", "block_begin"):
            length = brackets = 0
        length += kind not in ("data", "whitespace")
        if kind == "operator":
            brackets += (value in _OPENING) - (value in _CLOSING)
        if before == "block_begin" and kind == "name":
            blocks += _STEPS.get(value, 0)
        if kind != "whitespace":
            before = kind
        if length > _LONGEST_TAG or brackets > _DEEPEST or blocks > _DEEPEST:
            raise Unreadable("template-nesting", line, "is nested too deeply, or has a tag too long, to be read")


def _bound_tree(tree: nodes.Template) -> None:
    """Refuse a tree that is so deep that walking it could overflow the stack."""
    level: list[Any] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise Unreadable("template-nesting", level[0].lineno or 1, "is nested too deeply to be judged")


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """Give a node and all below it, in the order of the template; needs no stack."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(list(each.iter_child_nodes())))


def visible(text: str) -> str:
    """Give a piece of a template for a message: what cannot be seen is spelled out, and it is cut to 80 letters."""
    seen = "".join(_spelled(letter) for letter in text[:_QUOTED])
    return seen if len(seen) <= _QUOTED and len(text) <= _QUOTED else f"{seen[: _QUOTED - 3]}..."


def _spelled(letter: str) -> str:
    """Give one letter, or its number where it has no look of its own."""
    plain = letter == " " or (unicodedata.category(letter)[0] not in "CZM")
    return letter if plain else letter.encode("unicode_escape").decode("ascii")


def piece(node: nodes.Node) -> str:
    """Write an expression back in about the way it stands in the template, for a message."""
    return visible(_WHITE.sub(" ", _written(node, 12)))


_WHITE = re.compile(r"\s+")


def _written(node: Any, left: int) -> str:
    """Write one node; `left` levels deep at most."""
    kind = type(node).__name__
    if left <= 0:
        return "..."
    if kind == "Const":
        return repr(node.value)
    if kind in ("Name", "NSRef"):
        return f"{node.name}.{node.attr}" if kind == "NSRef" else str(node.name)
    if kind == "Getattr":
        return f"{_written(node.node, left - 1)}.{node.attr}"
    if kind == "Getitem":
        return f"{_written(node.node, left - 1)}[{_written(node.arg, left - 1)}]"
    if kind in ("Filter", "Call", "Test"):
        return _written_call(node, kind, left)
    return _written_operation(node, kind, left)


def _written_call(node: Any, kind: str, left: int) -> str:
    """Write a filter, a call or a test with its arguments."""
    arguments = [_written(each, left - 1) for each in node.args]
    arguments += [f"{each.key}={_written(each.value, left - 1)}" for each in node.kwargs]
    inside = f"({', '.join(arguments)})" if arguments or kind == "Call" else ""
    receiver = _written(node.node, left - 1) if node.node is not None else ""
    between = {"Filter": f"|{getattr(node, 'name', '')}", "Test": f" is {getattr(node, 'name', '')}"}.get(kind, "")
    return f"{receiver}{between}{inside}"


def _written_operation(node: Any, kind: str, left: int) -> str:
    """Write an operation or a collection; a statement by its name."""
    if kind == "Compare":
        signs = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "notin": "not in"}
        rest = [f" {signs.get(each.op, each.op)} {_written(each.expr, left - 1)}" for each in node.ops]
        return _written(node.expr, left - 1) + "".join(rest)
    if hasattr(node, "operator") and hasattr(node, "left"):
        return f"{_written(node.left, left - 1)} {node.operator} {_written(node.right, left - 1)}"
    if kind == "Concat":
        return " ~ ".join(_written(each, left - 1) for each in node.nodes)
    if kind in ("List", "Tuple"):
        return f"[{', '.join(_written(each, left - 1) for each in node.items)}]"
    if kind == "Slice":
        return ":".join(_written(each, left - 1) if each else "" for each in (node.start, node.stop))
    return f"({kind.lower()})"
