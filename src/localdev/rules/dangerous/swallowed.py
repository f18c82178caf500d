"""Handlers that catch everything and say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.rule import Example, Found, Rule
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of

_HANDLERS = frozenset(("except_clause", "catch_clause", "rescue"))
_ANYTHING = re.compile(
    r"except\s*(?:(?:Base)?Exception(?:\s+as\s+\w+)?)?\s*:|catch\s*(?:\(\s*(?:final\s+)?(?:(?:java\.lang\.)?(?:Exception|Throwable|System\.Exception|\\?Exception|\\?Throwable|\.\.\.|error|err|e|_|ex)\b[^)]*)?\))?\s*\{|rescue\s*(?:(?:Exception|StandardError)\b)?\s*(?:=>\s*\w+)?\s*(?:\n|;|then|$)",
    re.IGNORECASE,
)
_SILENT = re.compile(r"(?:pass|\.\.\.|\{\s*;?\s*\}|nil|)", re.DOTALL)


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find handlers of everything that do nothing, without a comment that says why."""
    for node in nodes_of(tree, (*_HANDLERS, "rescue_modifier")):
        if node.type in _HANDLERS and _ANYTHING.match(text_of(node)) and _is_silent(node):
            yield Found(
                file.path,
                line_of(node),
                "whatever goes wrong here is never heard of",
                min(node.end_point[0] + 1, line_of(node) + 3),
                "catch what is expected, and log the rest",
            )
        elif node.type == "rescue_modifier" and text_of(node).endswith("rescue nil"):
            yield Found(
                file.path,
                line_of(node),
                "whatever goes wrong here is never heard of",
                suggestion="catch what is expected",
            )


def _is_silent(node: SyntaxNode) -> bool:
    """Say whether a handler's body is empty; a comment in it is a reason."""
    if "#" in text_of(node) or "//" in text_of(node) or "/*" in text_of(node):
        return False
    body = node.child_by_field_name("body") or next(
        (
            each
            for each in node.named_children
            if each.type in ("block", "then", "compound_statement", "statement_block")
        ),
        None,
    )
    return _SILENT.fullmatch(text_of(body).strip()) is not None


RULE = Rule(
    id="swallowed-error",
    family="dangerous-call",
    severity="low",
    title="Every error is caught and dropped",
    explanation=(
        "A handler that catches everything and does nothing hides the errors nobody thought "
        "of. Catch what is expected, or say in a comment why nothing is to be done."
    ),
    bad=Example(
        "read.py", "def read(path):\n    try:\n        return open(path).read()\n    except Exception:\n        pass\n"
    ),
    good=Example(
        "read.py",
        "def read(path):\n    try:\n        return open(path).read()\n    except "
        "FileNotFoundError:\n        return ''\n",
    ),
    check=in_code(_look, ("except", "catch", "rescue"), aside="none"),
)
