"""C's functions for text that write without asking how much room there is, and formats that come from data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.code import C, in_code
from localdev.rules.dangerous.data import function_text
from localdev.rules.rule import Example, Found, Rule
from localdev.rules.words import words
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.scopes import is_fixed
from localdev.source.syntax.tree import SyntaxTree
from localdev.source.syntax.values import Argument, string_of

_COPIES = words("strcpy strcat stpcpy wcscpy wcscat lstrcpy lstrcat _tcscpy _tcscat lstrcpyA lstrcpyW _mbscpy")
_PRINTS = words("sprintf vsprintf wsprintf wsprintfA wsprintfW")
_SCANS = {"scanf": 0, "sscanf": 1, "fscanf": 1, "vscanf": 0, "vsscanf": 1, "wscanf": 0, "swscanf": 1}
# The place of the format among the arguments.
_FORMATS = {
    "printf": 0,
    "fprintf": 1,
    "sprintf": 1,
    "snprintf": 2,
    "syslog": 1,
    "vprintf": 0,
    "err": 1,
    "errx": 1,
    "warn": 0,
    "warnx": 0,
    "dprintf": 1,
    "asprintf": 1,
    "wprintf": 0,
    "vfprintf": 1,
    "vsnprintf": 2,
    "g_print": 0,
    "g_printf": 0,
    "printk": 0,
    "setproctitle": 0,
    "swprintf": 2,
    "NSLog": 0,
}
_UNBOUNDED_TEXT = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:l|h)?s")
_UNBOUNDED_SCAN = re.compile(r"%(?!\*)(?:l|h)?(?:s|\[)")
_CONSTANT = re.compile(
    r"[A-Z_][A-Z0-9_]*(?:\s*\(.*\))?|_\(.*\)|N_\(.*\)|(?:\w*gettext|tr|qPrintable|_T|L|TEXT|PRI\w+)\(?.*|.*\"\s*(?:PRI\w+|[A-Z_]+).*|.*(?:->|\.)?(?:fmt|format|FMT|FORMAT)\w*",
    re.DOTALL,
)
_ROOM = re.compile(r"\b(?:strlen|sizeof|wcslen)\b")


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find unbounded copies, prints and scans, and formats that are no fixed text."""
    for call in calls(tree):
        name = (
            call.resolved
            if call.resolved in _COPIES | _PRINTS or call.resolved in _FORMATS or call.resolved in _SCANS
            else call.name
        )
        judged = _unbounded(tree, call, name)
        if judged is not None:
            message, severity = judged
            yield Found(
                file.path,
                call.line,
                message,
                min(call.end_line, call.line + 6),
                "use a function that takes the size of the target",
                severity,
            )
            continue
        place = _FORMATS.get(name, _place_of_format(tree, call))
        if place is not None and _format_is_data(tree, call, place):
            yield Found(
                file.path,
                call.line,
                f"the format of `{name}` is data: a `%n` in it writes to memory",
                min(call.end_line, call.line + 6),
                'pass it behind a fixed format: "%s"',
                "high",
            )


def _unbounded(tree: SyntaxTree, call: Call, name: str) -> tuple[str, Severity | None] | None:
    """Say which call writes without asking for the room, and how bad that is."""
    given = call.arguments
    if name == "gets" and len(given) == 1:
        return "`gets` writes however much is sent", "high"
    if name in _COPIES and len(given) == 2:
        if given[1].kind == "literal" or _is_measured(tree, call, given[0], given[1]):
            return None
        return f"`{name}` writes past its target when the text is longer", None
    if name in _PRINTS and len(given) > 1:
        form = string_of(tree, given[1].node)
        if (name == "vsprintf" and len(given) > 2) or (form is not None and _puts_text(form, given[2:])):
            return (
                None
                if _is_measured(tree, call, given[0], given[-1])
                else (f"`{name}` writes past its target when the text is longer", None)
            )
        return None
    place = _SCANS.get(name)
    if place is not None and len(given) > place + 1:
        form = string_of(tree, given[place].node)
        if form is not None and _UNBOUNDED_SCAN.search(form.replace("%%", "")):
            return f"`%s` in `{name}` writes however much is sent", "high" if name != "sscanf" else None
    return None


def _puts_text(form: str, values: tuple[Argument, ...]) -> bool:
    """Say whether a format puts in a text of any length that is no literal."""
    holes = re.findall(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t|L)?[a-zA-Z]", form.replace("%%", ""))
    if len(holes) != len(values):
        return any(_UNBOUNDED_TEXT.fullmatch(hole) for hole in holes)
    return any(
        _UNBOUNDED_TEXT.fullmatch(hole) and value.kind != "literal" for hole, value in zip(holes, values, strict=True)
    )


def _is_measured(tree: SyntaxTree, call: Call, target: Argument, source: Argument) -> bool:
    """Say whether the function makes room for the text, or compares its length, before the call."""
    body = function_text(call.node)
    before = body[: max(0, body.find(call.node.text.decode("utf-8", "replace") if call.node.text else ""))]
    name = re.escape(source.text.strip().lstrip("&*"))
    if re.search(
        rf"(?:alloc\w*|new\s+\w+\s*\[|reserve|realloc\w*|alloca)\s*\(?[^;]*(?:strlen|wcslen)\s*\(\s*{name}", before
    ):
        return True
    measured = re.search(rf"(\w+)\s*=\s*(?:\(\w+\)\s*)?(?:strlen|wcslen)\s*\(\s*{name}", before)
    if measured is not None and re.search(
        rf"(?:alloc\w*\s*\(|new\s+\w+\s*\[|if\s*\(|assert\w*\s*\()[^;]*\b{measured[1]}\b", before
    ):
        return True
    return re.search(rf"(?:if|while|assert\w*)\s*\([^;]*\b(?:strlen|wcslen)\s*\(\s*{name}\s*\)", before) is not None


def _place_of_format(tree: SyntaxTree, call: Call) -> int | None:
    """Give the place of the format in a call of a function that is none of the library's, None where it takes none.

    Such a function is named `...printf`, or is declared or called with a format in this file.
    """
    places: dict[str, int] | None = tree.kept.get("formats")
    if places is None:
        places = {name: given.count(",") for name, given in _DECLARED.findall(tree.text)}
        for each in calls(tree):
            for at, argument in enumerate(each.arguments[:-1]):
                if argument.kind == "literal" and _HOLE.search(argument.text) and each.name not in _FORMATS:
                    places.setdefault(each.name, at)
        tree.kept["formats"] = places
    if call.name in places:
        return places[call.name]
    named = _PRINTS_BY_NAME.search(call.last)
    if named is None:
        return None
    return 2 if named[1] else min(1, len(call.arguments) - 1)


# `snprintf` and kin take their format third, others second, behind what they write to, or first.
_PRINTS_BY_NAME = re.compile(r"(?<!v)(?<!vs)(?<!vf)(?<!vsn)(?:(sn)|[a-z_]|^_?s?)w?printf\Z")
# The last parameter before the dots, where it is text.
_DECLARED = re.compile(r"\b(\w+)\s*\(([^(){};]{0,300}?char\s*(?:const\s*)?\*\s*(?:restrict\s+)?\w*\s*),\s*\.\.\.\s*\)")
_HOLE = re.compile(r"%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t|L)?[diouxXscpfgeEGaA]")


def _format_is_data(tree: SyntaxTree, call: Call, place: int) -> bool:
    """Say whether a format is neither fixed nor handed on by a function that is one for formats itself."""
    given = call.arguments
    if (
        len(given) != place + 1
        or call.name.startswith("v")
        or (call.receiver is not None and not call.name.startswith("std."))
    ):
        return False
    form = given[place]
    if (
        form.kind == "literal"
        or string_of(tree, form.node) is not None
        or _CONSTANT.fullmatch(form.text.strip())
        or "?" in form.text
        or is_fixed(tree, form)
        or _is_constant_array(tree, form)
    ):
        return False
    head = function_text(call.node).partition("{")[0]
    if "..." in head or "va_list" in head or form.kind not in ("name", "call", "other"):
        return False
    return tree.language == "c" or call.last != "printf" or "fmt" not in tree.text


def _is_constant_array(tree: SyntaxTree, form: Argument) -> bool:
    """Say whether a name is that of a text made for good: `static const char usage[] = "..."`."""
    name = form.text.strip()
    return name.isidentifier() and re.search(rf"\bconst\s+char\s+{name}\s*\[[^\]]*\]\s*=", tree.text) is not None


RULE = Rule(
    id="unsafe-c-string",
    family="dangerous-call",
    severity="medium",
    title="Text is written without asking for the room there is",
    explanation=(
        '`strcpy`, `strcat`, `sprintf`, `gets` and `scanf("%s")` write past the end of their target when the text '
        "is longer than whoever wrote the code thought. "
        "Fixed texts, numbers, and targets that were made as large as the text are left alone. A "
        "format that is data lets its author read and write memory."
    ),
    bad=Example(
        "name.c",
        "#include <string.h>\nvoid greet(const char *name) {\n    char text[32];\n    strcpy(text, name);\n}\n",
    ),
    good=Example(
        "name.c",
        "#include <stdio.h>\nvoid greet(const char *name) {\n"
        '    char text[32];\n    snprintf(text, sizeof(text), "%s", name);\n}\n',
    ),
    check=in_code(
        _look,
        (
            "cpy",
            "strcat",
            "printf",
            "gets",
            "scanf",
            "wcscat",
            "syslog",
            "err",
            "warn",
            "nslog",
            "g_print",
            "lstrcat",
            "printk",
            "proctitle",
            "_tcscat",
            "(",
        ),
        languages=C,
    ),
    languages=C,
)
