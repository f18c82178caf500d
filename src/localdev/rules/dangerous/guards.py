"""Tells whether data are checked or cleaned before they are used: the same data, not others in the same function."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache

from localdev.rules.around import FUNCTIONS, function_of
from localdev.rules.dangerous.data import Cleans, names_in, requested_in, values_behind
from localdev.rules.words import words
from localdev.source.syntax.assignments import Assignment, assignments
from localdev.source.syntax.calls import call_of
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import parameters_of, reaching
from localdev.source.syntax.tree import SyntaxTree, text_of
from localdev.source.syntax.values import Argument

# Calls, by the last part of their name without underscores, whose result has a fixed form or is looked up.
_PLAIN = (
    r"int|float|number|fileno|parseint|parsefloat|atoi|parseuint|intval|toi|tof|parselong|valueof|tointeger|len|length|count"
    r"|uuid|parseuuid|newguid|bin2hex|hex\w*|tohex\w*|encodehex\w*|encodetostring|encodestring|hexlify"
    r"|(?:urlsafe)?b(?:32|64)encode|base64\w*|btoa|md[45]\w*|sha\d*\w*|crc32\w*|hash\w*|digest|sum|sum\d+|checksum\w*"
    r"|slug\w*|parameterize|\w*saniti[sz]e\w*|\w*valid\w*|\w*allowed\w*|\w*checked\w*|(?:get|make|to)?safe\w*|secure\w*"
)
_PATH_CLEANER = re.compile(
    rf"(?:{_PLAIN}|\w*basename|base|(?:get)?filename\w*|fileprefix|encodeuricomponent|urlencode|rawurlencode"
    r"|pathescape|queryescape|escapedatastring|quoteplus|enclosedname|mangle\w*|clean(?:file)?names?|securejoin)\Z"
)
_MARKUP_CLEANER = re.compile(
    rf"(?:{_PLAIN}|\w*(?<!un)escape\w*|encode(?:uri|html|for|entit|xml|special|attr)\w*|forhtml\w*|forjavascript\w*|\w*htmlencode\w*|\w*purif\w*"
    r"|clean\w*|linkify|htmlspecialchars|htmlentities|striptags|e|h|t|nonce|translate|i18n|tojson|jsonscript|jsonencode"
    r"|createtextnode|esc|esc(?:html|attr|url|js)|urlfor|reverse|quoteattr|textcontent|csrf\w*|trustedhtml\w*|createhtml"
    r"|tolocale\w*|tofixed|render\w*|gettext|ngettext|format_?html|join_?html)\Z"
)
# `encode` alone is of text in most languages; these write markup.
_ENCODER = re.compile(
    r"(?i)(?:.*\.)?(?:he|\w*html\w*|\w*entit\w*|\w*encoder|encode|esapi)(?:\(\))?(?:\.\w+)?\.encode\w*"
)
_CLEANS_INSIDE = re.compile(r"(?i)(?<!un)escape|sanit|purif|htmlspecialchars|encode(?:html|uri|for)")
# A member that is the last part of a path, and a table in which a name is only looked up.
_LAST_PART = re.compile(
    r"(?:\w+\.)*Path\(.*\)\.(?:name|stem)|.*\.filename\(\)|(?:new\s+File\(.*\)|\w*[fF]ile)\.getName\(\)|.*\.file_name\(\)|.*parse::<[ui]\d+>\(\)",
    re.DOTALL,
)
_LOOKED_UP = re.compile(r"(?!.*\breq(?:uest)?\.[A-Z])(?:\w+\.|::)*_?[A-Z][A-Z0-9_]+\s*(?:\[|\.get\(|\.fetch\()")
_ROOTED = re.compile(r"""(?:path|filepath)\.Clean\(\s*(?:["'`]/|string\()""")
_CLEAN_NAME = re.compile(
    r"(?i)_?(?:\w*_)?(?:escaped|sanitized|sanitised|safe|clean(?:ed)?|valid(?:ated)?)(?:_\w*|[A-Z]\w*|html|name|path)?"
)
_CALLED = re.compile(r"\w*(?:call|invocation|creation)\w*|macro_invocation|new_expression")
# What a line says that looks at a path: compares it with its root, or looks for what leads out.
_PATH = re.compile(
    r"""
    safe_join | secure_filename | is_relative_to | relative_to\( | commonpath | commonprefix | [bB]ase_?name
    | os\.path\.split\( | (?i:starts_?with\b|start_with\?) | HasPrefix\( | strncmp\( | strstr\( | \.rfind\( | \.find\(
    | filepath\.(?:Base|IsLocal|Rel) | path\.Base\( | [sS]ecure_?[jJ]oin | os\.(?:OpenRoot|DirFS) | fs\.ValidPath
    | (?i:contains|includes|include\?|index_?of)(?:Any|Rune)?\(
    | \b(?:if|while|unless|assert|return|and|or|not)\b.*\bin\b | ['"]\.\.[/\\]*['"]
    | GetFileName\( | getFileName\( | toRealPath | getCanonicalPath | GetFullPath
    | canonicalize | strip_prefix | enclosed_name | Component::Normal | ParentDir | file_name\(\) | realpath
    | expand_path | cleanpath | parameterize | is_?(?:sub|within|in(?:side)?|safe|valid|allowed|member|local)
    | IsSubpath | sanitiz | sanitis
    | (?i:valid|allow(?:ed|list)|whitelist|permitted|forbid|traversal|\bcheck|_check|guard|assert)
    | ctype_\w+ | preg_match | \.(?:full)?match | \.test\( | MatchString | IsMatch | =~ | match\?
    | path\.relative | \.parents | slugify | uuid | \.is_absolute | isAbsolute | IsAbs
    | [!=]==?\s*['"][^'"] | \bswitch\b | \bcase\b | \bmatch\s+&?\w+(?:\.\w+(?:\(\))?)*\s*:?\s*$
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(
    r"""
    (?i:is_?(?:safe|allowed|local|private|relative|valid|trusted|internal|same) | allow(?:ed|list) | white_?list | valid
    | same_?origin | block_?list | deny_?list | trusted | sanitiz | sanitis | netloc | hostname | \.host\b
    | url_has_allowed | url_for | reverse\( | get_?host | starts_?with | has_?prefix | start_with\? | permitted
    | LocalRedirect | only_path | allow_other_host:\s*false | (?<!un)escape | (?<!de)encode | \bcheck | _check
    | guard | assert
    | \.(?:test|match|fullmatch)\( | preg_match | MatchString | IsMatch | =~ | match\? | contains | includes?\??\(
    | \b(?:if|while|unless|assert|return|and|or|not)\b.*\bin\b | origin | [!=]==?\s*['"][^'"]) | \bswitch\b | \bcase\b
    """,
    re.VERBOSE,
)
# A whole request that is looked at before its parts are used.
_WHOLE = re.compile(
    r"(?i)valid\w*\(.{0,80}\b(?:req|request|params|ctx|c)\b|\b(?:form|serializer|schema)\.(?:is_)?valid"
)
_MODULE = re.compile(r"(?:await\s+)?(?:require|import)\b")
# What is read from a path or an address says nothing about it any more.
_READS = re.compile(
    r"(?:await\s+)?(?:\w+\.)*(?:f?open\w*|read\w*|fetch|urlopen|requests\.\w+|axios)\(|new\s+\w*(?:Stream|Reader|Writer)\b"
)
_OWNERS = words("self this cls request req rq ctx context c r w res response event evt args kwargs options")
_CARRIED = "_carried_"
# A line that goes on: it ends in, or the next begins with, what needs another side.
_ENDS = re.compile(r"\n|[;{}]\s")
_GOES_ON = re.compile(r"(?<=[(,&|=\\])[ \t]*\n\s*|\n\s*(?=[.?:&|)])")


@lru_cache(maxsize=2048)
def _plain_name(name: str) -> str:
    """Give the last part of a call's name in lower case, without underscores."""
    return name.rpartition(".")[2].lower().replace("_", "").rstrip("!?")


def path_cleaner(tree: SyntaxTree) -> Cleans:
    """Give what tells whether an expression's result is harmless as part of a path, whatever is put into it."""

    def cleans(node: SyntaxNode) -> bool:
        if _CALLED.fullmatch(node.type):
            return _is_cleaning_call(tree, node, _PATH_CLEANER) or _ROOTED.match(text_of(node)[:60]) is not None
        return _is_looked_up(node)

    return cleans


def markup_cleaner(tree: SyntaxTree) -> Cleans:
    """Give what tells whether an expression's result is harmless in a page."""

    def cleans(node: SyntaxNode) -> bool:
        if _CALLED.fullmatch(node.type):
            return _is_cleaning_call(tree, node, _MARKUP_CLEANER) or _cleans_each(tree, node)
        if node.type in ("identifier", "variable_name"):
            return _CLEAN_NAME.fullmatch(text_of(node).lstrip("$")) is not None
        return _is_looked_up(node)

    return cleans


def _is_cleaning_call(tree: SyntaxTree, node: SyntaxNode, cleaners: re.Pattern[str]) -> bool:
    """Say whether a node is a call of something that cleans."""
    call = call_of(tree, node)
    if call is None or call.name.endswith("String.valueOf"):
        return False
    return cleaners.match(_plain_name(call.name)) is not None or (
        cleaners is _MARKUP_CLEANER and _ENCODER.fullmatch(call.name) is not None
    )


def _cleans_each(tree: SyntaxTree, node: SyntaxNode) -> bool:
    """Say whether a call is given a function that cleans (`rows.map(row => escape(row.name))`)."""
    call = call_of(tree, node)
    return call is not None and any(
        each.node.type in FUNCTIONS and _CLEANS_INSIDE.search(each.text) for each in call.arguments
    )


def _is_looked_up(node: SyntaxNode) -> bool:
    """Say whether an expression is an entry of a constant table, or the last part of a path."""
    if node.end_byte - node.start_byte > 300 or not ("subscript" in node.type or node.type in _MEMBERS):
        return False
    text = text_of(node)
    return _LOOKED_UP.match(text) is not None or _LAST_PART.fullmatch(text) is not None


_MEMBERS = frozenset(
    ("attribute", "call_expression", "call", "element_reference", "index_expression", "element_access_expression")
)


def checks_path(tree: SyntaxTree, node: SyntaxNode, values: Sequence[Argument]) -> bool:
    """Say whether the function around a call looks at the paths that it is given, or makes of them."""
    return _checks(tree, node, values, _PATH)


def checks_address(tree: SyntaxTree, node: SyntaxNode, values: Sequence[Argument]) -> bool:
    """Say whether the function around a call looks at the addresses that it is given."""
    return _checks(tree, node, values, _ADDRESS)


def _checks(tree: SyntaxTree, node: SyntaxNode, values: Sequence[Argument], sign: re.Pattern[str]) -> bool:
    """Say whether a line of the function both holds what the values hold and says that it looks at that."""
    function = function_of(node, named=True) or function_of(node)
    around = function or tree.root
    carriers = set(_carriers(tree, node, values, around))
    word = re.compile(
        "|".join(rf"(?<![\w.]){re.escape(each)}(?!\w)" for each in sorted(carriers, key=len, reverse=True))
    )
    own = _GOES_ON.sub(" ", text_of(node))
    lines = (line.replace(own, _CARRIED) for line in _telling_lines(tree, around, sign))
    return any(_WHOLE.search(line) or (word.search(line) and sign.search(line)) for line in lines)


def _telling_lines(tree: SyntaxTree, around: SyntaxNode, sign: re.Pattern[str]) -> list[str]:
    """Give the lines of a function that say that they look at something; they are looked for once."""
    known: dict[tuple[int, str], list[str]] = tree.kept.setdefault("telling lines", {})
    key = (around.id, sign.pattern)
    if key not in known:
        lines = [line for line in _ENDS.split(_GOES_ON.sub(" ", text_of(around))) if len(line) < _LONGEST_LINE]
        known[key] = [line for line in lines if sign.search(line) or _WHOLE.search(line)]
    return known[key]


_LONGEST_LINE = 2_000


def _assigned_between(tree: SyntaxTree, start: int, end: int) -> list[Assignment]:
    """Give the assignments that begin between two places; they are put in order once."""
    ordered: list[Assignment] | None = tree.kept.get("assignments in order")
    if ordered is None:
        ordered = sorted(assignments(tree), key=_start)
        tree.kept["assignments in order"] = ordered
    return ordered[bisect_left(ordered, start, key=_start) : bisect_left(ordered, end, key=_start)]


def _start(assignment: Assignment) -> int:
    """Give where an assignment begins."""
    return assignment.node.start_byte


def _given_in(tree: SyntaxTree, around: SyntaxNode) -> list[tuple[Assignment, frozenset[str]]]:
    """Give the assignments in a function with the names that their values read; they are looked for once."""
    known: dict[int, list[tuple[Assignment, frozenset[str]]]] = tree.kept.setdefault("given in", {})
    if around.id not in known:
        known[around.id] = [
            (each, frozenset(text_of(name) for name in names_in(each.value.node)))
            for each in _assigned_between(tree, around.start_byte, around.end_byte)
            if each.node.end_byte <= around.end_byte and not _READS.match(text_of(each.value.node)[:80])
        ]
    return known[around.id]


def _carriers(tree: SyntaxTree, node: SyntaxNode, values: Sequence[Argument], around: SyntaxNode) -> Iterator[str]:
    """Yield the names that hold the data a call is given, where they came from and what is made of them."""
    found = {_CARRIED}
    outside = parameters_of(tree, node)
    for value in values:
        for each in values_behind(tree, value):
            found.update(requested_in(each.text))
            found.update(
                text for name in names_in(each.node) if (text := text_of(name)) in outside or _is_given(tree, name)
            )
    found -= _OWNERS
    for assignment, read in _given_in(tree, around):
        given = assignment.value.node
        holds = given.start_byte <= node.start_byte and node.end_byte <= given.end_byte
        if holds or not read.isdisjoint(found):
            found.add(assignment.target)
    return iter(found)


def _is_given(tree: SyntaxTree, name: SyntaxNode) -> bool:
    """Say whether a name is given a value in this file, and is not that of a module."""
    given = reaching(tree, name)
    return any(not _MODULE.match(each.value.text[:40]) for each in given)
