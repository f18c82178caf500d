"""Queries of directories, documents and document stores put together out of values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import in_code
from localdev.rules.dangerous.data import is_from_outside, is_from_request
from localdev.rules.injected.holes import dangerous, judged
from localdev.rules.injected.stores import STORES, of_store
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.built import build
from localdev.source.syntax.calls import Call
from localdev.source.syntax.meanings import meant
from localdev.source.syntax.tree import SyntaxTree
from localdev.source.syntax.values import Argument, string_of

_FILTER = re.compile(r"^\s*\(*[&|!]?\s*\(?[&|!]?\(?\w[\w-]*\s*[~<>]?=\s*\*?\0|\((?:\w[\w-]*|\0)[~<>]?=\*?\0\*?\)")
_DIRECTORY = re.compile(r"(?i)ldap|directorysearcher|directoryentry|dircontext|javax\.naming")
_STEP = re.compile(r"\[[^\]]*(?:=|,|\()\s*['\"]\0|\[@?[\w:.-]+\s*=\s*\0")
_XPATH = words("""
    xpath XPath evaluate compile selectNodes selectSingleNode SelectNodes SelectSingleNode query select select1
    xpath_eval findall iterfind find evaluateExpression XPathSelectElement XPathSelectElements Compile Select
    xmlXPathEvalExpression xmlXPathEval at_xpath search at find_nodes query_xpath
    """)
_ALWAYS_XPATH = words("""
    xpath XPath selectNodes selectSingleNode SelectNodes SelectSingleNode at_xpath XPathSelectElement
    XPathSelectElements xmlXPathEvalExpression xmlXPathEval evaluateExpression
    """)
_WHERE = words("$where $function $accumulator mapReduce")
_SUGGESTION = "escape the value for the query's language, or pass it as a parameter"


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find queries that hold values."""
    directory = _DIRECTORY.search(tree.text) is not None
    paths = "xpath" in tree.text.lower()
    for call in meant(tree):
        if not file.touched(call.line, call.end_line):
            continue
        severity, message = _of_call(tree, call, directory=directory, paths=paths)
        if severity is not None:
            yield Found(file.path, call.line, message, call.end_line, _SUGGESTION, severity)
    for each in assignments(tree):
        if not file.touched(each.line, each.end_line):
            continue
        last = each.target.rpartition(".")[2]
        if directory and each.kind != "augmented" and _is_filter(tree, each.value):
            yield Found(file.path, each.line, _message("directory search"), each.end_line, _SUGGESTION)
        elif (
            last.strip("\"'") in _WHERE
            and not (tree.language == "php" and each.kind != "member")
            and dangerous(tree, build(tree, each.value))
            and each.value.kind in ("interpolated", "concatenated", "name")
        ):
            severity = "high" if each.value.kind != "name" or is_from_outside(tree, each.value) else "low"
            yield Found(file.path, each.line, _message("JavaScript of a query"), each.end_line, _SUGGESTION, severity)


def _message(what: str) -> str:
    return f"a value is put into the text of a {what}: it can change what the query asks for"


def _of_call(tree: SyntaxTree, call: Call, *, directory: bool, paths: bool) -> tuple[Severity | None, str]:
    """Judge one call."""
    for argument in call.arguments:
        if directory and argument.kind in ("interpolated", "concatenated", "call") and _is_filter(tree, argument):
            return "high", _message("directory search")
    if call.last in _ALWAYS_XPATH or (paths and call.last in _XPATH):
        for argument in call.arguments[:2]:
            severity = _of_path(tree, argument)
            if severity is not None and not call.name.startswith(("By.", "driver.", "page.", "browser.")):
                return severity, _message("path into a document")
    if call.last in STORES and call.receiver is not None and call.arguments:
        severity = of_store(tree, call)
        if severity is not None:
            return severity, "what a request sends is the query: operators such as `$ne` and `$where` in it are obeyed"
    texts = [string_of(tree, each.node) for each in call.arguments[:2]]
    if len(texts) == 2 and texts[0] == "$where" and dangerous(tree, build(tree, call.arguments[1])):
        return "high", _message("JavaScript of a query")
    return None, ""


def _is_filter(tree: SyntaxTree, argument: Argument) -> bool:
    """Say whether a value is a filter of a directory with something unescaped in it."""
    built = build(tree, argument)
    text = built.text
    return "(" in text and _FILTER.search(text) is not None and bool(dangerous(tree, built))


def _of_path(tree: SyntaxTree, argument: Argument) -> Severity | None:
    """Judge a path into a document."""
    built = build(tree, argument)
    holes = dangerous(tree, built)
    if not holes or not _STEP.search(built.text) or "/" not in built.text:
        return None
    return "high" if any(is_from_outside(tree, hole) or is_from_request(tree, hole) for hole in holes) else "medium"


RULE = Rule(
    id="query-injection",
    family="dangerous-call",
    severity="high",
    title="A value is put into the text of a directory, XPath or document query",
    explanation=(
        "LDAP filters, XPath and the JavaScript of document stores have their own quotes and operators; a "
        "value that holds them "
        "changes the query. Escape the value for that language, or pass it as a variable."
    ),
    bad=Example(
        "login.py",
        "import ldap\n\n\ndef find(connection, name):\n"
        '    return connection.search_s("dc=example", ldap.SCOPE_SUBTREE, f"(uid={name})")\n',
    ),
    good=Example(
        "login.py",
        "import ldap\nfrom ldap.filter import escape_filter_chars\n\n\ndef find(connection, name):\n"
        '    return connection.search_s("dc=example", ldap.SCOPE_SUBTREE, f"(uid={escape_filter_chars(name)})")\n',
    ),
    check=in_code(
        judged(_look),
        (
            "ldap",
            "xpath",
            "directory",
            "$where",
            "naming",
            "node",
            "find",
            "delete",
            "update",
            "count",
            "aggregate",
            "mapreduce",
            "document",
        ),
    ),
)
