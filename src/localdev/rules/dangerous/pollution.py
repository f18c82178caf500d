"""Keys from outside that reach JavaScript's prototypes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import FUNCTIONS, name_of, nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.dangerous.data import is_call, is_from_request
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of, walk

_MERGES = words(
    "_.merge _.mergeWith _.defaultsDeep _.set _.setWith lodash.merge lodash.set $.extend "
    "jQuery.extend merge deepmerge extend"
)
_GUARD = re.compile(r"__proto__|prototype|constructor|hasOwn|Object\.create\(null\)|new Map|allow|isSafe|safe")
_KEYS = re.compile(
    r"for\s*\(\s*(?:const|let|var)\s+(?:\[?\s*(\w+)[^)]*?)\s+(?:in|of)\b|Object\.(?:keys|entries)\([^)]*\)\.forEach\(\s*(?:function\s*)?\(?\s*\[?(\w+)"
)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find deep merges that copy every key, and libraries' merges of a request."""
    for node in nodes_of(tree, FUNCTIONS):
        if file.touched(line_of(node), end_line_of(node)):
            at = _copies_keys(node)
            if at is not None:
                yield Found(
                    file.path,
                    line_of(at),
                    "a key such as `__proto__` gets through: whoever sends it changes every object",
                    suggestion="leave out `__proto__`, `constructor` and `prototype`, or use a Map",
                )
    for call in calls(tree):
        if is_call(call, _MERGES) and any(is_from_request(tree, each) for each in call.arguments[:3]):
            yield Found(
                file.path,
                call.line,
                "keys of a request are merged: `__proto__` among them changes every object",
                min(call.end_line, call.line + 4),
                "take the fields by name",
            )


def _copies_keys(function: SyntaxNode) -> SyntaxNode | None:
    """Give the assignment through which a recursive copy lets every key pass, None where there is none."""
    text = text_of(function)
    name = name_of(function) or (
        name_of(function.parent)
        if function.parent is not None and function.parent.type == "variable_declarator"
        else ""
    )
    if (
        not name
        or len(text) > 4_000
        or not re.search(rf"(?<!function )\b{re.escape(name)}\s*\(", text[len(name) + 12 :])
        or _GUARD.search(text)
    ):
        return None
    keys = {key for match in _KEYS.finditer(text) for key in match.groups() if key}
    for node in walk(function):
        if node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            if (
                left is not None
                and left.type == "subscript_expression"
                and text_of(left.child_by_field_name("index")) in keys
            ):
                return node
    return None


RULE = Rule(
    id="prototype-pollution",
    family="dangerous-call",
    severity="medium",
    title="A key from outside reaches the prototype of all objects",
    explanation=(
        "A deep copy that takes every key also takes `__proto__`: one request then changes "
        "the defaults of every object. Leave such keys out, or use a Map."
    ),
    bad=Example(
        "merge.js",
        "function merge(target, source) {\n  for (const key in source) {\n    if (typeof source[key] "
        "=== 'object') merge(target[key], source[key])\n    else target[key] = source[key]\n  }\n  return target\n}\n",
    ),
    good=Example(
        "merge.js",
        "function merge(target, source) {\n  for (const key of Object.keys(source)) {\n    if (key "
        "=== '__proto__' || key === 'constructor') continue\n    if (typeof source[key] === "
        "'object') merge(target[key], source[key])\n    else target[key] = source[key]\n  }\n  return target\n}\n",
    ),
    check=in_code(_look, ("merge", "extend", "keys", "entries", " in ", "_.set", "defaults"), languages=SCRIPT),
    languages=SCRIPT,
)
