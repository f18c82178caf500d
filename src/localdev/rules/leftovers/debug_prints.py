"""Prints that were put in to look at a value and left there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.leftovers.printing import (
    DUMPS,
    PLAIN,
    PRINTS,
    QUIET,
    is_print,
    is_printer,
    is_program,
    prints_for_a_living,
)
from localdev.rules.places import is_script
from localdev.rules.rule import Example, Found, Rule
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of
from localdev.source.syntax.values import Argument

# What people write to find a line of output again.
_SAYS_DEBUG = re.compile(
    r"""
    \W* (?: \[?(?:debug|dbg)\b
    | (?:got|came|am|i'm|we're|reached|made\ it|still|right)?\s*here\b(?!\s+(?:is|are|be)\b) | x{3,}\b | a{3,}\b
    | z{3,}\b | asdf | foo\b | test(?:ing)?\s*\d*\W*\Z
    | tmp\b | temp\b\W | wtf | (?:entering|entered|inside|leaving|in)\s+\w+\(?\)?\s*\Z | hello\W*\Z | yo\b | lol
    | hi\W*\Z | \d{1,3}\W*\Z | checkpoint\b )
    | .*\bdebug(?:ging)?:
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A row of signs is a note where nothing else is printed, and a banner in a program.
_STANDS_OUT = re.compile(
    r"[>=*#!@%+~-]{3,}\s*(?:\w|\{|%|\Z)|[^%{}]*\w[\s:]*(?:>{3,}|={3,}>?|-{3,}>|<{3,}|\*{3,}|!{3,})\s*\Z"
)
_LITERAL = re.compile(r"[a-zA-Z$@]{0,3}(?:\"\"\"|\"|'|`)(?P<text>.*?)(?:\"|'|`)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_NAMED_HOLE = re.compile(
    r"(?P<label>[A-Za-z_][\w ]*?)\s*(?:[:=]|->|=>|\bis\b)*\s*(?:\$|#)?\{\s*\$?(?P<name>[\w.]+?)(?::\?|![rs]|:[^{}]*)?\}"
)
_SELF_NAMING = re.compile(r"\{[^{}]*[\w)\]]\s*=\s*(?:![rsa])?\}")
_DUMP_FORM = re.compile(r"\.inspect\b|%[+#]v|\{:?#?\?\}|\{[\w.]+:#?\?\}|%T|%p")
# A print without any sign of what it is for.
_ALONE = "`{}` writes to the screen, which nothing else in this file does: is it left from debugging?"
# Nobody ships these, not even in what is new.
_NEVER_MEANT = frozenset(("dbg", "std.dbg", "var_dump", "icecream.ic", "ic", "console.trace", "ray", "xdebug_var_dump"))
_DEFINED = re.compile(r"\b(?:def|func|function|fn|macro_rules!)\s+(\w+)")
# What a page says, too, is no sign in an `echo`.
_ECHO = re.compile(r"echo\s+[\"']\W*\[?(?:debug|dbg|xxx+|[\"']*here\b|>{3,})", re.IGNORECASE)
_COUT = re.compile(r"(?:std::)?(?:cout|cerr|clog)\s*<<\s*(?P<first>\"[^\"]*\")")


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find dumps, prints that say they are for debugging, and prints where nothing else prints."""
    dumps, prints = DUMPS.get(tree.language, frozenset()), PRINTS.get(tree.language, frozenset())
    printer: bool | None = None
    for call in calls(tree):
        if not (is_print(call, dumps) or is_print(call, prints)) or not file.touched(call.line, call.end_line):
            continue
        printer = is_printer(file, tree) if printer is None else printer
        if is_print(call, dumps):
            found, mild = _dump(tree, call, printer), call.name not in _NEVER_MEANT and _may_print(file, tree)
        else:
            found, mild = _print(tree, call, printer), _may_print(file, tree)
        if found:
            told: Severity | None = "low" if mild or found == _ALONE.format(call.name) else None
            yield Found(file.path, call.line, found, min(call.end_line, call.line + 5), "remove it, or log it", told)
    if tree.language in ("cpp", "php"):
        yield from _streams(file, tree)


def _may_print(file: ChangedFile, tree: SyntaxTree) -> bool:
    """Say whether printing may be what a file is for: it is new, or run by hand or as a program."""
    return not file.change.old_path or is_script(file.path) or is_program(tree)


def _dump(tree: SyntaxTree, call: Call, printer: bool) -> str:
    """Say what is wrong with a call that shows a value while working; empty where it is meant."""
    name, given = call.name, len(call.arguments)
    if not given and name not in ("dbg", "console.trace", "debug_print_backtrace"):
        return ""
    if name in ("print_r", "var_export") and given > 1:
        return ""
    if tree.language == "ruby" and (printer or ("->" in tree.text and name == "p" and "def p" in tree.text)):
        return ""
    if _is_own(tree, name) or (
        printer
        and name
        in (
            "print",
            "println",
            "pprint.pprint",
            "dump",
            "alert",
            "p",
            "pp",
            "debug",
            "print_r",
            "var_export",
            "console.table",
            "console.dir",
        )
    ):
        return ""
    return (
        "" if prints_for_a_living(call) and name not in ("dbg", "var_dump") else f"`{name}` shows a value while working"
    )


def _is_own(tree: SyntaxTree, name: str) -> bool:
    """Say whether this file defines the plain name."""
    if "defined" not in tree.kept:
        tree.kept["defined"] = frozenset(_DEFINED.findall(tree.text))
    return name in tree.kept["defined"]


def _print(tree: SyntaxTree, call: Call, printer: bool) -> str:
    """Say what is wrong with a print; empty where it is meant."""
    if any(each.keyword == "file" for each in call.arguments) or not call.arguments or _is_own(tree, call.name):
        return ""
    if says_debug(call.arguments, stands_out=not printer):
        return f"`{call.name}` prints what looks like a note for debugging"
    if printer or prints_for_a_living(call):
        return ""
    if names_what_it_shows(call.arguments) and not QUIET.fullmatch(call.name):
        return f"`{call.name}` shows a value while working"
    if tree.language in PLAIN and not QUIET.fullmatch(call.name):
        shown = tree.language in SCRIPT and any(each.kind == "name" for each in call.arguments)
        return f"`{call.name}` shows a value while working" if shown else _ALONE.format(call.name)
    return ""


def says_debug(arguments: tuple[Argument, ...], *, stands_out: bool = True) -> bool:
    """Say whether the first text that is printed is a mark for whoever debugs; `stands_out` counts rows of signs."""
    for argument in arguments[:2]:
        match = _LITERAL.match(argument.text.strip())
        if match is not None:
            text = match["text"]
            marked = _SAYS_DEBUG.match(text) is not None or (stands_out and _STANDS_OUT.match(text) is not None)
            return marked and not re.fullmatch(r"\W*(?:\\n)?", text)
    return False


def names_what_it_shows(arguments: tuple[Argument, ...]) -> bool:
    """Say whether the text names the variable beside it, as in `print("total:", total)`."""
    text = " ".join(each.text for each in arguments)
    if _SELF_NAMING.search(text) or _DUMP_FORM.search(text):
        return True
    if any(_last(match["label"]) == _last(match["name"]) for match in _NAMED_HOLE.finditer(text)):
        return True
    literal = _LITERAL.match(text.strip())
    if literal is None:
        return False
    label = _last(re.sub(r"%[-+#\w.]+|\\n|\{[^}]*\}", " ", literal["text"]))
    rest = text.strip()[literal.end() :]
    return bool(label) and len(literal["text"]) < 40 and label in {each.lower() for each in _WORD.findall(rest)}


def _last(text: str) -> str:
    """Give the last word of a text in lower case."""
    words = _WORD.findall(text)
    return str(words[-1]).lower() if words else ""


def _streams(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find C++ streams and PHP's echo that write a note for debugging."""
    for node in nodes_of(tree, ("expression_statement", "echo_statement")):
        if node.type not in ("expression_statement", "echo_statement") or not file.touched(
            line_of(node), end_line_of(node)
        ):
            continue
        text = text_of(node)
        match = _COUT.match(text) if tree.language == "cpp" else None
        named = tree.language == "cpp" and re.search(
            r"\"\W*(?:\w+ )*(\w+)\s*[:=]?\s*\"\s*<<\s*(?:\w+(?:\.|->))*\1\b", text
        )
        noted = _ECHO.match(text) if match is None else _SAYS_DEBUG.match(match["first"][1:-1])
        if (tree.language == "php" and noted) or (match and (noted or (named and not is_printer(file, tree)))):
            told: Severity | None = "low" if _may_print(file, tree) else None
            said = "this prints what looks like a note for debugging"
            yield Found(file.path, line_of(node), said, suggestion="remove it", severity=told)


RULE = Rule(
    id="debug-print",
    family="leftover",
    severity="medium",
    title="A print for debugging was left in",
    explanation=(
        "It fires on calls that only show a value (`dbg!`, `var_dump`, `console.dir`), on prints "
        "whose text marks them as notes or names the variable beside it, and, as `low`, on the only print of a file of "
        "library code. In new files, programs and scripts printing is never more than `low`, but for calls that nobody "
        "ships; tests and examples print for a living and are left alone."
    ),
    bad=Example(
        "shop/cart.py",
        "def total(items):\n    print('DEBUG', items)\n    return sum(items)\n",
        "def total(items):\n    return sum(items)\n",
    ),
    good=Example(
        "shop/cart.py",
        "import logging\n\n\ndef total(items):\n    logging.debug('%s items', len(items))\n    return sum(items)\n",
    ),
    check=in_code(
        _look,
        (
            "print",
            "console.",
            "alert",
            "ic(",
            "dump",
            "pp",
            "litter",
            "q.q",
            "dbg!",
            "p ",
            "p(",
            "puts",
            "ap ",
            "var_",
            "ray(",
            "krumo",
            "cout",
            "cerr",
            "clog",
            "echo",
            "write",
            "log",
            "warn",
            "inspect",
        ),
        aside="none",
    ),
)
