"""Whether the names that new code uses exist: what it imports, and what it calls without having imported it."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator, Sequence

from localdev.assistant.gen.builtin_names import OWN_NAMES
from localdev.assistant.gen.checks import Rows
from localdev.assistant.gen.files import Files
from localdev.assistant.gen.import_block import imports_of
from localdev.assistant.gen.imports_found import imports_exist
from localdev.assistant.gen.writing import Written
from localdev.core.patch import Check
from localdev.source.languages import language_of
from localdev.source.parse import parse_file
from localdev.source.syntax.tree import SyntaxTree, read_syntax, text_of, walk

_NAME = "names exist"
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_MOST_SEARCHED = 2000
_MOST_NAMED = 5
# Names that every module of Python has besides the builtins.
_PYTHON_OWN = frozenset(
    {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__", "__class__", "__qualname__",
     "__module__", "__loader__", "__annotations__", "__dict__", "__builtins__", "reveal_type", "WindowsError"}
)  # fmt: skip
_KINDS = frozenset({"call", "type", "base"})


def names_exist(written: Sequence[Written], files: Files) -> list[Check]:
    """Check what each file imports anew, and the names that its new rows use.

    What is imported must be there, and in Python what is used must be bound: else the check fails. In other languages
    syntax cannot tell what a package or a build brings in, so a name that is nowhere to be found is said, no more.
    """
    own = {symbol.name for each in written for symbol in parse_file(each.edit.path, each.edit.new or "").symbols}
    return [_checked(each, files, own) for each in written]


def _checked(one: Written, files: Files, own: set[str]) -> Check:
    """Check one file."""
    found = imports_exist(one.edit, files)
    if not found.ok:
        return Check(_NAME, False, found.detail)
    path, new = one.edit.path, one.edit.new or ""
    tree = read_syntax(path, new)
    if tree is None or tree.root.has_error:
        return Check(_NAME, True, f"{path} was not looked at, as it has syntax errors")
    if tree.language == "python":
        unbound = list(_unbound(new, one.new))
        if unbound:
            line, name = unbound[0]
            return Check(_NAME, False, f"{path}:{line}: {name} is neither defined nor imported")
        return Check(_NAME, True, f"{path}: every name is defined or imported")
    unknown = _unknown(tree, one, files, own)
    if unknown:
        return Check(
            _NAME, True, f"{path}: not found anywhere here, so look at them: {', '.join(unknown[:_MOST_NAMED])}"
        )
    return Check(_NAME, True, f"{path}: no unknown names")


def _unbound(text: str, spans: Sequence[Rows]) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of each name that Python code in some rows reads and nothing in the file binds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = ast.parse(text.encode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    bound: set[str] = set()
    used: list[tuple[int, str]] = []
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.append((node.lineno, node.id))
        else:
            bound.update(_bound_by(node))
    for line, name in sorted(used):
        inside = any(first < line <= last + 1 for first, last in spans)
        if inside and name not in bound and not hasattr(builtins, name) and name not in _PYTHON_OWN:
            yield line, name


def _bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node of Python binds."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    else:  # `except ... as name`, patterns, type parameters
        for field in ("name", "rest"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield value


def _unknown(tree: SyntaxTree, one: Written, files: Files, own: set[str]) -> list[str]:
    """Give the names called, or used as types, that stand alone and are found nowhere."""
    known = OWN_NAMES.get(tree.language)
    if known is None:
        return []
    parsed = parse_file(tree.path, tree.text)
    used = [
        each.name
        for each in parsed.references
        if each.kind in _KINDS and not each.via and any(first < each.line <= last + 1 for first, last in one.new)
    ]
    there = own | known | set(_WORD.findall(one.edit.old or ""))
    there |= {each.name for each in parsed.symbols} | {each.bound for each in imports_of(tree)} | _bound(tree, one.new)
    left = [name for name in dict.fromkeys(used) if name not in there]
    for path in files.paths[:_MOST_SEARCHED] if left else ():
        if _family(language_of(path)) == _family(tree.language) and path != tree.path:
            text = files.read(path) or ""
            left = [name for name in left if name not in text]
        if not left:
            break
    return left


def _family(language: str) -> str:
    """Give one name to languages whose files import each other."""
    return "script" if language in ("javascript", "jsx", "typescript", "tsx") else language


def _bound(tree: SyntaxTree, spans: Sequence[Rows]) -> set[str]:
    """Give the identifiers of some rows that stand where names are bound: parameters, patterns, type parameters."""
    found: set[str] = set()
    for node in walk(tree.root):
        row = node.start_point[0]
        if node.children or not any(first <= row <= last for first, last in spans) or node.parent is None:
            continue
        kind = node.parent.type
        if any(word in kind for word in ("parameter", "declarator", "pattern", "spec", "catch", "for", "let", "item")):
            found.add(text_of(node))
    return found
