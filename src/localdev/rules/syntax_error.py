"""Text that its language cannot read, in a new file or where it could before the change."""

from __future__ import annotations

import json
import re
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from localdev.core.review import Severity
from localdev.rules.changed import ChangedFile
from localdev.rules.places import is_test, is_vendored
from localdev.rules.rule import Example, Found, Rule, each_file
from localdev.rules.words import words
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, walk

_CODE = words(
    """
    python javascript typescript tsx go rust java c cpp c_sharp ruby php
    """
)
# Their grammars meet macros and conditions that they cannot know: only what can be counted in brackets is told.
_MACROS = frozenset({"c", "cpp", "c_sharp"})
_PAIRS = {"{": "}", "(": ")", "[": "]"}
_CLOSING = frozenset(_PAIRS.values())
# A test of a parser feeds it broken text on purpose.
_BROKEN_NAME = re.compile(r"invalid|broken|bad|malformed|error|fail|syntax|corrupt|unterminated", re.IGNORECASE)
_COMMENTED = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_TEMPLATE = re.compile(r"\{\{|\{%|<%|@@\w|\$\{\w+\}|__[A-Z]+__|#\{")
# Files of that form whose tools take comments and last commas.
_RELAXED = re.compile(
    r"(?:^|/)(?:\.vscode|\.devcontainer|\.zed|\.fleet)/|(?<!\.json)$|(?:^|/)(?:[tj]sconfig|tslint|devcontainer|deno|biome|"
    r"turbo|angular|nx|rush|api-extractor|typedoc|wrangler|renovate|tasks|launch|settings|keybindings|appsettings|"
    r"language-configuration|cspell|\.\w+rc)\b[^/]*\.json$|\.(?:code-workspace|sublime-\w+)\b"
)
_MOST_ERRORS = 3
# What no version of Python takes, however its grammar grows.
_REFUSED = re.compile(
    r"indent|never closed|unmatched|does not match|outside|repeated|duplicate argument|non-default argument|"
    r"cannot assign|missing parentheses|positional argument follows|is parameter and|not properly in loop",
    re.IGNORECASE,
)
# A name in capital letters, a directive, an attribute, an operator of templates.
_MACRO = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b|^\s*#|__\w+|\[\[|\btemplate\b|\brequires\b|\bconcept\b|\boperator\b|<=>")
_MERGE = re.compile(r"(?:<{7}|>{7}) ")
_BRACKET = re.compile(r"[][(){}]")
_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(\w+)")
# Comments and texts of C, C++ and C#, raw ones and characters included.
_NO_CODE = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"([^(\s\"]*)\(.*?\)\1\"|\"{3,}.*?\"{3,}|(?:\$@|@\$?)\"(?:\"\"|[^\"])*\"|\"(?:\\.|[^\"\\\n])*\"|"
    r"'(?:\\.[^'\n]*|[^'\\\n])'",
    re.DOTALL,
)
_LONGEST_SIGN, _LONGEST_LINE = 3, 20_000
# Gives the line and the words of the first error in a text.
_Reader = Callable[[str], "tuple[int, str] | None"]


def _look(file: ChangedFile) -> Iterator[Found]:
    """Find the first place that cannot be read any more."""
    if file.partial or not (file.added or file.removed) or is_vendored(file.path) or file.new_text is None:
        return
    if any(_MERGE.match(line.text) for line in file.change.added()):
        return  # another rule says why it cannot be read
    if file.language not in ("json", "toml") and any(len(line.text) > _LONGEST_LINE for line in file.change.added()):
        return  # nobody wrote that by hand, and a parser that looks for a way through it may take minutes
    problem = _problem(file)
    if problem is not None:
        line, message, severity = problem
        aside = is_test(file.path) and (_BROKEN_NAME.search(file.path) or file.language not in _CODE)
        yield Found(file.path, line, message, line, "", "low" if aside else severity)


def _problem(file: ChangedFile) -> tuple[int, str, Severity | None] | None:
    """Give line, words and severity of what the change broke."""
    if file.language == "json":
        return _plain(file, _json_error if _RELAXED.search(file.path) else _strict_json_error)
    if file.language == "toml":
        return _plain(file, _toml_error)
    if file.language == "python":
        return _python(file)
    return _by_grammar(file) if file.language in _CODE else None


def _plain(file: ChangedFile, error: _Reader) -> tuple[int, str, Severity | None] | None:
    """Judge data by a parser of its own."""
    text = file.new_text or ""
    if not text.strip() or _TEMPLATE.search(text):
        return None
    found = error(text)
    if found is None or (file.old_text is not None and error(file.old_text) is not None):
        return None
    line, message = found
    return min(max(line, 1), len(file.new_lines)), f"this is no {file.language.upper()}: {message}", None


def _json_error(text: str) -> tuple[int, str] | None:
    """Give where a text stops being JSON; comments and last commas are what many readers allow."""
    relaxed = _COMMENTED.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)
    relaxed = _LAST_COMMA.sub(lambda found: found[1] or " ", relaxed)
    try:
        json.loads(relaxed, strict=False)
    except json.JSONDecodeError as error:
        # Several values one after the other, and a text without its quotes, are other formats of the same name.
        return None if error.msg == "Extra data" and relaxed[error.pos] in '{["' else (error.lineno, error.msg.lower())
    except RecursionError:
        return None
    return None


def _strict_json_error(text: str) -> tuple[int, str] | None:
    """Give where a text stops being JSON; last commas count where no comments show that its reader allows more."""
    error = _json_error(text)
    if error is not None or any(not found[0].startswith('"') for found in _COMMENTED.finditer(text)):
        return error
    comma = next((found for found in _LAST_COMMA.finditer(text) if found[1] is None), None)
    return (text.count("\n", 0, comma.start()) + 1, "a comma after the last value") if comma else None


def _toml_error(text: str) -> tuple[int, str] | None:
    """Give where a text stops being TOML."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        words = re.sub(r"\s*\(at .*\)$", "", str(error)).lower()
        return (int(at[1]) if at else text.rstrip().count("\n") + 1), words
    except RecursionError:
        return None
    return None


def _python(file: ChangedFile) -> tuple[int, str, Severity | None] | None:
    """Judge Python by its own compiler, and by the grammar, which reads newer syntax than this interpreter."""
    error = _python_error(file.new_text or "")
    if error is None or (file.old_text is not None and _python_error(file.old_text) is not None):
        return None
    new = file.new_syntax
    if new is None or not (new.root.has_error or _compiler_alone(error[1])):
        return None
    line, message = error
    return line, f"Python cannot read this: {message}", None


def _python_error(text: str) -> tuple[int, str] | None:
    """Give where the compiler stops."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<text>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return max(1, error.lineno or 1), error.msg or "invalid syntax"
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return None
    return None


def _compiler_alone(message: str) -> bool:
    """Say whether the grammar lets through what the compiler refuses, in every version of Python."""
    return _REFUSED.search(message) is not None


def _by_grammar(file: ChangedFile) -> tuple[int, str, Severity | None] | None:
    """Judge by errors that the old side does not have; unclosed or surplus brackets say it surely."""
    new, old = file.new_syntax, file.old_syntax
    if new is None or not new.root.has_error or (old is None and file.old_text is not None):
        return None
    before = Counter(_key(error) for error in _errors(old)) if old is not None else Counter()
    errors = list(_errors(new))
    fresh = Counter(_key(error) for error in errors) - before
    near = [error for error in errors if _key(error) in fresh] or errors
    line = _place(file, near)
    counted = file.language in _MACROS or (fresh and len(errors) > before.total() and before.total() <= _MOST_ERRORS)
    if counted and _unbalanced(new) != 0 and (old is None or _unbalanced(old) == 0):
        return line, "this cannot be read: a bracket is missing or too many", _surely(file)
    if before.total() or not _close(file, near):
        return None
    if file.language in _MACROS and (old is None or any(_of_macros(file, each) for each in near)):
        return None
    return line, _words(near), "medium"


def _of_macros(file: ChangedFile, error: SyntaxNode) -> bool:
    """Say whether an error may come of a macro or a directive: a grammar without a preprocessor cannot know."""
    if error.is_missing:
        return error.type.startswith("#") or error.is_named
    rows = file.new_lines[max(0, line_of(error) - 2) : min(end_line_of(error) + 1, line_of(error) + 20)]
    return any(_MACRO.search(row) for row in rows)


def _surely(file: ChangedFile) -> Severity | None:
    """Give what a bracket too few means: a new file of macros may mean it so."""
    return "low" if file.language in _MACROS and file.old_text is None else None


def _errors(tree: SyntaxTree) -> Iterator[SyntaxNode]:
    """Give what could not be read, and what the parser had to put in."""
    pending = [tree.root] if tree.root.has_error else []
    while pending:
        node = pending.pop()
        if node.type == "ERROR" or node.is_missing:
            yield node
        pending += [child for child in reversed(node.children) if child.has_error]


def _key(node: SyntaxNode) -> str:
    """Give what makes an error the same one after lines moved."""
    return f"{node.type}:{(node.text or b'').decode('utf-8', 'replace')[:200]}"


def _unbalanced(tree: SyntaxTree) -> int:
    """Count brackets that do not close, or close nothing."""
    if tree.language in _MACROS:
        return _count(_BRACKET.findall(_first_branches(tree.text)))
    leaves = (node.type for node in walk(tree.root) if not node.children and not node.is_missing)
    return _count(each[-1:] for each in leaves if len(each) <= _LONGEST_SIGN)  # `${` and `%w(` open, too


def _count(signs: Iterable[str]) -> int:
    """Count what does not close and what closes nothing."""
    pending: list[str] = []
    wrong = 0
    for sign in signs:
        if sign in _PAIRS:
            pending.append(_PAIRS[sign])
        elif sign in _CLOSING:
            if pending and pending[-1] == sign:
                pending.pop()
            else:
                wrong += 1
    return wrong + len(pending)


def _first_branches(text: str) -> str:
    """Give the code of a text with directives: of `#if` and its others the first branch, no texts, no comments."""
    kept: list[str] = []
    skipping: list[bool] = []
    for row in _NO_CODE.sub(" ", text).replace("\\\n", " ").split("\n"):
        directive = _DIRECTIVE.match(row)
        if directive is None:
            if not any(skipping):
                kept.append(row)
        elif directive[1].startswith("if"):
            skipping.append(False)
        elif directive[1] == "endif":
            skipping = skipping[:-1]
        elif directive[1].startswith("el") and skipping:
            skipping[-1] = True
    return "\n".join(kept)


def _place(file: ChangedFile, errors: list[SyntaxNode]) -> int:
    """Give the line to point at: of an error on a changed line, else the changed line next to one."""
    for error in errors:
        first, last = line_of(error), end_line_of(error)
        inside = [line for line in sorted(file.added) if first <= line <= last]
        if inside:
            return inside[0]
    first = line_of(errors[0]) if errors else 1
    return min(_changed(file), key=lambda line: abs(line - first), default=first)


def _changed(file: ChangedFile) -> list[int]:
    """Give the lines of the new side that are new, or beside which something is gone."""
    places = sorted(file.added)
    for hunk in file.change.hunks:
        at = hunk.new_start
        for line in hunk.lines:
            at = line.new_line or at
            if line.kind == "removed":
                places.append(min(at, len(file.new_lines)))
    return places


def _close(file: ChangedFile, errors: list[SyntaxNode]) -> bool:
    """Say whether an error lies at a place that was changed."""
    places = _changed(file)
    return any(line_of(each) - 2 <= line <= end_line_of(each) + 2 for each in errors for line in places)


def _words(errors: list[SyntaxNode]) -> str:
    """Say what is wrong as far as the parser knows."""
    missing = next((each.type for each in errors if each.is_missing and not each.is_named), "")
    return f"this cannot be read: `{missing}` is missing" if missing else "this cannot be read any more"


RULE = Rule(
    id="syntax-error",
    family="syntax",
    severity="high",
    title="A syntax error that the change brings",
    explanation=(
        "The file is new, or could be read before the change, and cannot be read now, so it does not compile, load or "
        "start. "
        "Python, JSON and "
        "TOML are read by their own parsers, other languages by their grammars; errors that were there before "
        "are not told, "
        "nor those that a grammar sees in macros alone."
    ),
    bad=Example(
        "app/main.go", "package main\n\nfunc main() {\n\tprintln(sum(1, 2)\n}\n", "package main\n\nfunc main() {\n}\n"
    ),
    good=Example(
        "app/main.go", "package main\n\nfunc main() {\n\tprintln(sum(1, 2))\n}\n", "package main\n\nfunc main() {\n}\n"
    ),
    check=each_file(_look),
)
