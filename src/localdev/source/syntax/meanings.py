"""Calls through other names: `codec.load` after `codec = pickle`, `YAML.send(:load, x)`, `getattr(os, "system")(x)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.grammars import Syntax, syntax_of, word_set
from localdev.source.syntax.imports import aliases, resolved
from localdev.source.syntax.names import bare, callee, dotted, joined, part
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import parameters_of, reaching
from localdev.source.syntax.tree import SyntaxTree
from localdev.source.syntax.values import Argument, kind_of, members_of, string_of

# A name is followed this far, and a call stands for at most so many others.
_STEPS = 4
_MOST = 12
_SENDS = word_set("send public_send __send__")
_BY_TEXT = word_set("call_user_func call_user_func_array array_map")
# Functions of Python that are handed to others with what they are to be given.
_RUN_HERE = word_set("eval exec compile")


def meant(tree: SyntaxTree) -> tuple[Call, ...]:
    """Give all calls in the order of the text, each followed by those that it stands for under another name."""
    kept: tuple[Call, ...] | None = tree.kept.get("meant")
    if kept is None:
        syntax = syntax_of(tree.language)
        kept = tuple(_all(tree, syntax)) if syntax is not None else ()
        tree.kept["meant"] = kept
    return kept


def _all(tree: SyntaxTree, syntax: Syntax) -> Iterator[Call]:
    renamed = _renamed(tree, syntax)
    for call in calls(tree):
        yield call
        told = {call.name, call.resolved}
        for name, arguments in _others(tree, syntax, call, renamed):
            if name not in told and len(told) < _MOST:
                told.add(name)
                yield replace(call, name=name, resolved=resolved(tree, name), arguments=arguments)


def _renamed(tree: SyntaxTree, syntax: Syntax) -> frozenset[str]:
    """Give the names whose value may be a function or a module under another name."""
    kinds = {*syntax.names, *syntax.members, *syntax.choices, *syntax.collections, *syntax.calls, *syntax.strings}
    plain = (each for each in assignments(tree) if each.kind == "plain")
    return frozenset(each.target for each in plain if bare(tree, each.value.node).type in kinds)


def _others(
    tree: SyntaxTree, syntax: Syntax, call: Call, renamed: frozenset[str]
) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Yield what a call may stand for: a name, and the arguments it then has."""
    first, rest = call.arguments[:1], call.arguments[1:]
    if tree.language == "ruby" and call.last in _SENDS and first:
        owner = call.name.rpartition(".")[0]
        for text in _texts(tree, first[0].node):
            yield joined(owner, text, bool(owner)), rest
    elif tree.language == "php" and call.name in _BY_TEXT and first:
        for text in _texts(tree, first[0].node):
            yield text.replace("::", "."), rest
    elif tree.language == "python":
        yield from _handed_on(tree, call)
    receiver, named = callee(syntax, call.node)
    through = receiver if receiver is not None else named
    if through is None or not _may_be_renamed(tree, syntax, through, renamed):
        return
    last = "" if receiver is None or call.last == "call" else f".{call.last}"
    for name in _names(tree, syntax, through):
        yield name + last, call.arguments


def _may_be_renamed(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode, renamed: frozenset[str]) -> bool:
    """Say, without following anything, whether a name may stand for another."""
    inner = bare(tree, node)
    if inner.type in syntax.subscripts:
        return dotted(tree, part(inner, syntax.subscripts[inner.type])) in renamed
    if inner.type in syntax.calls:
        return tree.language in ("python", "ruby") and dotted(tree, inner).endswith(("getattr", ".method"))
    return inner.type in syntax.choices or dotted(tree, inner) in renamed


def _names(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode) -> Iterator[str]:
    """Yield the full names that an expression stands for, as far as they belong to nothing in this file."""
    for way in _ways(tree, syntax, node, _STEPS):
        if way.type in syntax.calls:
            yield from _looked_up(tree, way)
        elif way.type in syntax.strings and tree.language == "php":
            yield (string_of(tree, way) or "").replace("::", ".")
        elif kind_of(tree, way) == "name":
            name = dotted(tree, way)
            first = name.partition(".")[0]
            if first in aliases(tree) or (
                (first[:1].isupper() or "." not in name) and first not in parameters_of(tree, way)
            ):
                yield name


def _looked_up(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    """Yield what `getattr(os, "system")` and `YAML.method(:load)` name."""
    name, listed = dotted(tree, node), part(node, "arguments")
    given = listed.named_children if listed is not None else []
    if name == "getattr" and len(given) > 1 and string_of(tree, given[1]):
        yield f"{dotted(tree, given[0])}.{string_of(tree, given[1])}"
    elif name.endswith(".method") and len(given) == 1 and string_of(tree, given[0]):
        yield f"{name.removesuffix('.method')}.{string_of(tree, given[0])}"


def _texts(tree: SyntaxTree, node: SyntaxNode) -> Iterator[str]:
    """Yield the fixed texts that an expression may be."""
    syntax = syntax_of(tree.language)
    for way in _ways(tree, syntax, node, _STEPS) if syntax is not None else ():
        text = string_of(tree, way)
        if text and "\0" not in text:
            yield text


def _ways(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode, steps: int) -> Iterator[SyntaxNode]:
    """Yield the expressions that a value may be, through choices, names and tables that are written out."""
    node = bare(tree, node)
    if steps <= 0:
        return
    inner: list[SyntaxNode] = []
    if node.type in syntax.choices:
        inner = [way for place in syntax.choices[node.type] if (way := part(node, place)) is not None]
    elif node.type in syntax.subscripts:
        for each in reaching(tree, part(node, syntax.subscripts[node.type]) or node):
            inner += [member.node for member in members_of(tree, bare(tree, each.value.node)).values()]
    elif kind_of(tree, node) == "name":
        inner = [each.value.node for each in reaching(tree, node) if each.kind == "plain"]
    if not inner:
        yield node
    for each_way in inner[:_MOST]:
        yield from _ways(tree, syntax, each_way, steps - 1)


def _handed_on(tree: SyntaxTree, call: Call) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Yield the functions of modules that a call of Python is handed, with what stands behind them."""
    for at, argument in enumerate(call.arguments):
        if argument.kind != "name":
            continue
        first = argument.name.partition(".")[0]
        if argument.text in _RUN_HERE or (first in aliases(tree) and not reaching(tree, argument.node)):
            listed = call.keyword("args")
            members = listed.node.named_children if listed is not None and argument.keyword == "target" else None
            behind = call.arguments[at + 1 :] if members is None else [Argument(tree, each) for each in members]
            yield argument.name, tuple(behind)
