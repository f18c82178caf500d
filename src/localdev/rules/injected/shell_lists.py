"""Finds the command behind `sh -c` in lists of arguments, wherever they are written out or put together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.words import words
from localdev.source.syntax.calls import Call, call_of, calls
from localdev.source.syntax.names import bare
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import reaching, scope_of, value_of
from localdev.source.syntax.tree import SyntaxTree, nodes_of
from localdev.source.syntax.values import Argument, string_of

_SHELL = r"(?:[\w./\\:]*[/\\])?(?:(?:ba|z|k|c|da|a|fi)?sh|cmd|powershell|pwsh)(?:\.exe)?"
_SHELL_NAME = re.compile(_SHELL, re.IGNORECASE)
_NAMES_SHELL = re.compile(rf"""["'`]{_SHELL}["'`]|%w[\[(]{_SHELL}\s""", re.IGNORECASE)
_FLAG = re.compile(r"-\w*c|/[cCkK]|-Command|-command")
_WRITTEN = words("""
    list array tuple initializer_list array_initializer array_expression array_creation_expression literal_value
    initializer_expression collection_expression
    """)
_WRAPPED = words("array_element_initializer literal_element argument")
_ADDS = words("add Add append push push_back emplace_back arg args raw_arg")
_CHAINED = words("field_expression call_expression await_expression try_expression")


def names_shell(tree: SyntaxTree) -> bool:
    """Say, without looking at its structure, whether a text names a shell."""
    return _NAMES_SHELL.search(tree.text) is not None


def is_shell(text: str | None) -> bool:
    """Say whether a program is a shell."""
    return text is not None and _SHELL_NAME.fullmatch(text) is not None


def given_to(tree: SyntaxTree, call: Call) -> list[Argument]:
    """Give the arguments of a call, those that stand in lists among them."""
    return [each for argument in call.arguments for each in members(tree, argument)]


def after_flag(tree: SyntaxTree, given: list[Argument]) -> Argument | None:
    """Give the command behind `sh -c`."""
    texts = [string_of(tree, value_of(tree, each).node) for each in given]
    at = next((at for at, text in enumerate(texts) if is_shell(text)), len(texts))
    for flag in range(at + 1, len(texts) - 1):
        if _FLAG.fullmatch(texts[flag] or ""):
            return given[flag + 1]
    return None


def in_lists(tree: SyntaxTree) -> Iterator[tuple[SyntaxNode, Argument]]:
    """Yield the lists in which a command stands behind `sh -c`, written out or filled one by one."""
    for node in nodes_of(tree, _WRITTEN):
        command = after_flag(tree, _items(tree, node))
        if command is not None:
            yield node, command
    for added in _added(tree).values():
        command = after_flag(
            tree, [*_begun(tree, added[0]), *(each for call in added for each in given_to(tree, call))]
        )
        if command is not None:
            yield added[-1].node, command


def _added(tree: SyntaxTree) -> dict[tuple[int, str], list[Call]]:
    """Give the calls that add to a list, by function and list."""
    found: dict[tuple[int, str], list[Call]] = {}
    for call in calls(tree):
        owner, _, last = call.name.rpartition(".")
        if last in _ADDS and owner and call.arguments:
            found.setdefault((scope_of(tree, call.node), owner.partition(".arg")[0]), []).append(call)
    return found


def _begun(tree: SyntaxTree, call: Call) -> list[Argument]:
    """Give what a list, or the process that has it, was made with."""
    receiver = call.receiver
    # `info.ArgumentList.Add` adds to what `info` was made with.
    for node in (receiver, *(receiver.named_children[:1] if receiver is not None else ())):
        for each in reaching(tree, node) if node is not None else ():
            made = call_of(tree, bare(tree, each.value.node))
            return given_to(tree, made) if made is not None else members(tree, each.value)
    return []


def members(tree: SyntaxTree, argument: Argument) -> list[Argument]:
    """Give the members of a list that is written out, here or a line before; else the argument itself."""
    node = bare(tree, argument.node)
    if node.type == "variadic_argument":
        node = node.named_children[0]
    node = bare(tree, value_of(tree, Argument(tree, node)).node)
    call = call_of(tree, node)
    if call is not None and call.last in ("of", "asList"):
        return list(call.arguments)
    inner = next((each for each in node.named_children if each.type in _WRITTEN), None)
    if node.type.endswith(("creation_expression", "composite_literal")) and inner is not None:
        node = inner
    return _items(tree, node) if node.type in _WRITTEN else [argument]


def _items(tree: SyntaxTree, node: SyntaxNode) -> list[Argument]:
    """Give what stands in a list."""
    return [
        Argument(tree, each.named_children[0] if each.type in _WRAPPED and each.named_children else each)
        for each in node.named_children
        if not each.type.endswith("comment")
    ]


def of_rust(tree: SyntaxTree, call: Call) -> Argument | None:
    """Give the command behind `Command::new("sh").arg("-c")` in one chain."""
    given, here = list(call.arguments), call.node
    while here.parent is not None and here.parent.type in _CHAINED:
        here = here.parent
        outer = call_of(tree, here)
        if outer is not None and outer.last in ("arg", "args", "raw_arg"):
            given += given_to(tree, outer)
    return after_flag(tree, given)
