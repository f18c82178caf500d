"""What is put into a text that is run, and how much it matters: numbers and escaped values do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import Look
from localdev.rules.dangerous.data import is_from_outside, is_from_request, values_behind
from localdev.rules.injected.checked import is_one_of_few
from localdev.rules.rule import Found
from localdev.source.syntax.assignments import Assignment
from localdev.source.syntax.built import Built
from localdev.source.syntax.calls import Call, call_of
from localdev.source.syntax.names import bare
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.scopes import enclosing_functions, is_fixed, parameters_of, reaching
from localdev.source.syntax.tree import SyntaxTree, text_of, walk
from localdev.source.syntax.values import Argument

# Calls and names that make a value harmless wherever it is put: numbers, and texts escaped for the place.
_SAFE = re.compile(
    r"""
    ^(?:\w+[.:]+)*(?:int|float|len|abs|count|size|intval|floatval|parseInt|parseFloat|Number|Integer|Float|BigInt|bool
    |Itoa|Atoi|ParseInt|ParseUint|ParseFloat|ParseBool|FormatInt|FormatUint|parseLong|parseDouble|toInt|toFixed|UUID
    |now|time|getpid|uuid4|randomUUID|NewString|ordinal|ToInt32|ToInt64|hexdigest|sum|round|strtotime|microtime
    |filemtime)\s*\(
    | ^(?:Integer|Long|Double|Boolean|UUID|Guid|int|long|double|decimal|DateTime|Int32|Int64|uuid|Uuid)\s*(?:\.|::)
      (?:Parse|parse|TryParse|valueOf|fromString|parse_str|Must\w*)\s*\(
    | \.(?:to_i|to_f|hexdigest|getTime|intValue|longValue|ordinal)\b(?:\(\))?$
    | Identifier\s*\(
    | ["'](?:\?|%s|:\w+|@\w+)(?:,\s?)?["'] | ["'](?:\$|:|@|@p)["']\s*[+.]
    """,
    re.VERBOSE,
)
# Names of functions that make a value harmless where it is put, and of values that went through one. What a form calls
# clean or valid is only of the right shape.
_CLEANED = re.compile(
    r"""
    (?i:(?<!un)quote\w*[!?]?\s*\( | (?<!un)quoted | \besc_ | (?<!un)escape
    | sanitiz | sanitis | placeholder | bindings?\b | \bclean(?!ed_?data) | (?<!in)valid(?!ated_?data|ated\()
    | allow_?list | white_?list | url_?encode | encodeuri | base64 | b64encode | encode\.for | encode_?for)
    """,
    re.VERBOSE,
)
# Escaping for a page or by backslashes alone ends no quotes of SQL or of a shell.
_NO_HELP = re.compile(
    r"(?i)addslashes|html[._:]*(?:special_?chars|entit|escape)|escape_?(?:html|xml|js)|xml_?escape|strip_tags"
)
_TEXTS = re.compile(r"""(["'])(?:(?!\1)[^\\\n]|\\.)*\1""")
# A number as a rule, unless it comes in a request.
_COUNTED = re.compile(r"\.(?:size|length|count|id|Id|ID|Length|Count)\b(?:\(\))?$")
_NUMERIC_TYPE = re.compile(
    r"(?:^|[^\w.])(?:unsigned\s+)?(?:int|long|short|float|double|size_t|s?size_t|u?int\d+(?:_t)?|[iuf]\d+|usize|isize|number"
    r"|bool|boolean|Integer|Long|Double|Short|UUID|Guid|Uuid|decimal|uint|ulong|byte|float64|float32|time_t|pid_t|ObjectId"
    r"|DateTime|datetime|date|LocalDate|Instant|TimeSpan|Duration|time\.Duration)\b(?!\s*[\[*]|<)"
)
_COMPARISON = re.compile(r"""^\(?[^"'`?]*(?:[!=]=|\s[<>]=?\s)[^"'`?]*\)?$""")
_OPENS = re.compile(
    r"(?:^|\.)(?:open|fopen|file_get_contents|File\.(?:read|open|binread)|readFile(?:Sync)?|ReadFile|ReadAllText|Path)$"
)
# Another tool's finding was looked at there and answered.
_ANSWERED = re.compile(
    r"noqa:\s*(?:\w+,\s*)*(?:S\d+|DUO)|\bnosec\b|nosemgrep|brakeman:ignore|NOSONAR|rubocop:disable\s+Security"
)


def dangerous(tree: SyntaxTree, built: Built) -> tuple[Argument, ...]:
    """Give the values put into a text that may be anything."""
    return tuple(hole for hole in built.holes if not is_harmless(tree, hole))


def is_harmless(tree: SyntaxTree, hole: Argument) -> bool:
    """Say whether a value is a number by its type or its making, or was escaped."""
    text = hole.text
    if _COMPARISON.match(text) or (_COUNTED.search(text) and not is_from_request(tree, hole)):
        return True
    call = call_of(tree, bare(tree, hole.node))
    written = [text[:500] if len(text) < 500 else "", call.resolved + "(" if call is not None else ""]
    return any(map(_makes_harmless, written)) or is_numeric(tree, hole) or is_one_of_few(tree, hole)


def _makes_harmless(text: str) -> bool:
    """Say whether an expression makes a number, or escapes what it is given."""
    if _SAFE.search(text):
        return True
    names = _TEXTS.sub("''", text)
    return _CLEANED.search(names) is not None and _NO_HELP.search(names) is None


def is_numeric(tree: SyntaxTree, hole: Argument) -> bool:
    """Say whether a value is declared as a number, or as something else of a fixed form."""
    name = text_of(hole.node)
    if hole.kind != "name" or "." in name:
        return False
    if name in parameters_of(tree, hole.node):
        return _declared_number(tree, hole, name)
    found = reaching(tree, hole.node)
    return bool(found) and all(_makes_number(each) for each in found)


def _declared_number(tree: SyntaxTree, hole: Argument, name: str) -> bool:
    """Look for the type of a parameter in the head of the function that has it."""
    for function in enclosing_functions(tree, hole.node):
        head = _head(tree, function)
        if re.search(rf"(?<![\w$]){re.escape(name)}\b", head):
            return _typed_number(tree.language, head, name)
    return False


def _head(tree: SyntaxTree, function: SyntaxNode) -> str:
    """Give what stands before the body of a function; read once, as a function may be very long."""
    known: dict[int, str] = tree.kept.setdefault("heads", {})
    if function.id not in known:
        body = function.child_by_field_name("body")
        text = text_of(function)
        known[function.id] = text[: len(text) - len(text_of(body))] if body is not None else text[:300]
    return known[function.id]


def _typed_number(language: str, head: str, name: str) -> bool:
    word = re.escape(name)
    if language in ("python", "rust", "typescript", "tsx"):
        found = re.search(rf"(?<!\w){word}\??\s*:\s*([^,)=]+)", head)
    elif language == "go":
        found = re.search(rf"(?<!\w){word}\s*(?:,\s*\w+\s*)*\s+([\w.*\[\]]+)", head)
    else:
        found = re.search(rf"([\w:<>\[\]?.*& ]+?)[\s&*?]+{word}(?!\w)", head)
    return found is not None and _NUMERIC_TYPE.search(" " + found.group(1).strip()) is not None


def _makes_number(assignment: Assignment) -> bool:
    """Say whether an assignment declares a number, or makes one."""
    node = assignment.node
    declared = node.parent.child_by_field_name("type") if node.parent is not None else None
    own = node.child_by_field_name("type")
    if any(_NUMERIC_TYPE.search(" " + text_of(each)) for each in (declared, own) if each is not None):
        return True
    return _makes_harmless(assignment.value.text[:500])


def origin(tree: SyntaxTree, holes: Iterable[Argument]) -> Severity:
    """Say how bad it is: `high` where a value comes from outside, `medium` where nobody can tell."""
    return "high" if any(is_from_outside(tree, hole) or is_from_request(tree, hole) for hole in holes) else "medium"


def place(file: ChangedFile, lines: tuple[int, int], argument: Argument, holes: Iterable[Argument]) -> int:
    """Give the line to point at: the argument's or the first of the call's `lines`, or where it is built; else 0."""
    if file.touched(*lines):
        return argument.line if file.touched(argument.line, argument.line) else lines[0]
    tree = argument.tree
    ways = [(each.line, each.end_line) for each in holes]
    ways += [(each.line, each.end_line) for each in reaching(tree, argument.node) if not is_fixed(tree, each.value)]
    return next((line for line, end_line in ways if file.touched(line, end_line)), 0)


def of_own_file(tree: SyntaxTree, data: Argument) -> bool:
    """Say whether data are read from a file whose name is fixed here."""
    inside = (call_of(tree, each) for value in values_behind(tree, data) for each in walk(value.node))
    opened = [each for each in inside if each is not None and _OPENS.search(each.name)]
    return bool(opened) and all(each.arguments and is_fixed(tree, each.arguments[0]) for each in opened)


def made_as(tree: SyntaxTree, call: Call) -> str:
    """Give how the receiver of a method was made, as text."""
    if call.receiver is None:
        return ""
    receiver = bare(tree, call.receiver)
    texts = [text_of(receiver)] if call_of(tree, receiver) is not None else []
    for each in reaching(tree, receiver):
        texts.append(each.value.text)
    return " ".join(texts)


def has_text(built: Built) -> bool:
    """Say whether there is more to a text than the values put into it."""
    return bool(built.text.replace("\0", "").strip())


def judged(look: Look) -> Look:
    """Make a function that looks at a file give its findings the weight they have there."""

    def weigh(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
        for found in look(file, tree):
            lines = file.new_lines[max(0, found.line - 1) : max(found.end_line, found.line)]
            yield replace(found, severity="low") if any(map(_ANSWERED.search, lines)) else found

    return weigh


def known(names: frozenset[str], call: Call) -> bool:
    """Say whether a call goes by one of some full names; one with a dot in front is a method of anything."""
    full = (call.name, call.resolved)
    return any(name in names for name in full) or ("." in call.name and f".{call.last}" in names)
