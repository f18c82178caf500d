"""Tells whether a value is one of a few: taken from a fixed table, or compared with a list or a pattern before."""

from __future__ import annotations

import re

from localdev.rules.around import FUNCTIONS, NAMED_FUNCTIONS
from localdev.source.syntax.calls import call_of
from localdev.source.syntax.enclosing import enclosing
from localdev.source.syntax.grammars import Syntax, syntax_of
from localdev.source.syntax.names import bare, part
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import fixed_node, reaching
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

# A longer value than this is no name that anything is compared with, and in a longer function nothing is sought.
_LONGEST_NAME = 60
_LONGEST_FUNCTION = 20_000
_STEPS = 3
_OTHERWISE = frozenset({"??", "||", "?:", "or"})
_LOOKS_UP = frozenset({"get", "fetch", "getOrDefault", "GetValueOrDefault", "unwrap_or", "dig"})
# What a value may be looked for in: a constant, a list that is written out, a name that says so.
_TABLE = r"""
    (?:(?<!\w)(?!\w*(?i:block|den[iy]|forbid|black|reserved|bad))
       (?:[A-Z][A-Z0-9_]+|\w*(?i:allow|valid|known|permit|support|column|field|sort|safe|white|option|choice|table)\w*)
    | [\])}])(?:\(\))?
    """
# The value stands in the text as one character, so that one pattern does for all names.
_CHECKS = re.compile(
    rf"""
    {_TABLE}(?:\.|->|::|\?\.)(?:includes|include\?|has|contains|Contains|ContainsKey|containsKey|contains_key|indexOf
      |IndexOf|key\?|has_key\?|member\?|hasOwnProperty|exists|get)\s*\(?\s*&?\x01
    | \b(?:in_array|array_key_exists|ctype_\w+|is_numeric|array_search)\s*\(\s*\x01
    | \b(?:slices\.Contains|Object\.hasOwn)\(\s*[\w.]+,\s*\x01\s*\)
    | \x01\s+(?:not\s+)?in\s+(?:(?:\w+\.)*{_TABLE}|[\[({{])
    | \b(?:preg_match|fullmatch|IsMatch)\s*\((?:[^\n]{{0,120}}?,\s*)?\x01
    | (?:[$zZ]\\?/?\w*['"/`]+\)?|[A-Z][A-Z0-9_]+|(?i:regexp?|pattern|_re|\bre))\.
      (?:test|match|matches|MatchString|is_match|IsMatch|match\?)\(\s*\x01
    | \.match\(\s*r?['"][^'"\n]{{1,80}}(?:\$|\\Z)['"],\s*\x01
    | \x01
      (?:\.matches\(|\.match\?\(/(?:\\A|\^)|\s*[!=]~\s*/(?:\\A|\^)|\.is(?:alnum|digit|identifier|alpha)\()
    """,
    re.VERBOSE,
)
_HAS = re.compile(r"\bisset\(\s*[\w$:>-]+\[\s*\x01\s*\]|\[\s*\x01\s*\]\s*;?\s*(?:!ok|ok\b)")
_FILLS = re.compile(r"\[\s*\x01\s*\]\s*=(?!=)")
# Where nothing like this stands in a function, nothing is compared in it.
_SIGN = re.compile(
    r"(?i)\bin\b|array|has|inclu|contains|index|key|member|get|ctype|numeric|isset|ok\b|match|test|exists|=~|~|\.is"
)
# A name that is given a value as it is, or converted: what a command made of it prints is something else.
_GIVEN = r"(?<![\w$])([\w$]+)\s*(?:,\s*\w+\s*)?:?=(?!=)(?:[^;\n\"'`]*[\s(])?"


def is_one_of_few(tree: SyntaxTree, value: Argument) -> bool:
    """Say whether a value is taken from a fixed table, or was compared with one in the function around it."""
    syntax = syntax_of(tree.language)
    if syntax is None:
        return False
    return _from_table(tree, syntax, value.node, _STEPS) or _is_compared(tree, value)


def _from_table(tree: SyntaxTree, syntax: Syntax, node: SyntaxNode, steps: int) -> bool:
    """Say whether an expression is an element of something that is fixed."""
    node = bare(tree, node)
    if steps <= 0:
        return False
    children = node.children
    if len(children) == 3 and children[1].type in _OTHERWISE:
        return all(fixed_node(tree, side) or _from_table(tree, syntax, side, steps - 1) for side in children[::2])
    if node.type in syntax.subscripts:
        owner = part(node, syntax.subscripts[node.type])
        return owner is not None and fixed_node(tree, owner)
    call = call_of(tree, node)
    if call is not None:
        return (
            call.last in _LOOKS_UP
            and call.receiver is not None
            and fixed_node(tree, call.receiver)
            and all(fixed_node(tree, each.node) for each in call.arguments[1:])
        )
    found = reaching(tree, node) if node.type in syntax.names else ()
    return bool(found) and all(
        fixed_node(tree, each.value.node) or _from_table(tree, syntax, each.value.node, steps - 1) for each in found
    )


def _is_compared(tree: SyntaxTree, value: Argument) -> bool:
    """Say whether the function around a value looks for it, or for the name it is given, in a list or a pattern."""
    text = value.text
    around = (*enclosing(tree, value.node, NAMED_FUNCTIONS), *enclosing(tree, value.node, FUNCTIONS), tree.root)
    inside = around[0]
    if len(text) > _LONGEST_NAME or inside.end_byte - inside.start_byte > _LONGEST_FUNCTION:
        return False
    known: dict[tuple[int, str], bool] = tree.kept.setdefault("compared", {})
    if (inside.id, text) not in known:
        body = text_of(inside)
        names = {text, *re.findall(_GIVEN + re.escape(text) + r"(?!\w)", body)} if _SIGN.search(body) else ()
        known[inside.id, text] = any(_compared(body, name) for name in names)
    return known[inside.id, text]


def _compared(around: str, name: str) -> bool:
    """Say whether a name is looked for; a table that is filled under it only keeps what was worked out before."""
    marked = re.sub(rf"(?<![\w.$]){re.escape(name)}(?!\w)", "\x01", around)
    return _CHECKS.search(marked) is not None or (_HAS.search(marked) is not None and not _FILLS.search(marked))
