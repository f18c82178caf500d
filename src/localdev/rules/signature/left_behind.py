"""Whether a file of the new side still uses a name, or a module, that the change took away."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from localdev.rules.signature.parameters import stem
from localdev.rules.signature.removed_names import Removed
from localdev.source.parse import parse_file
from localdev.source.syntax.calls import calls
from localdev.source.syntax.imports import aliases
from localdev.source.syntax.tree import SyntaxTree, text_of

_ENDING = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?\Z")
_BRACES = re.compile(
    r"(?:import|export)\s+[^;'\"{}]*\{(?P<a>[^{}]*)\}\s*from\s*['\"](?P<from>\.[^'\"]+)['\"]"
    r"|(?:const|let|var)\s*\{(?P<b>[^{}]*)\}\s*=\s*require\(\s*['\"](?P<of>\.[^'\"]+)['\"]\s*\)"
)
_SPEC = re.compile(r"(?:\bfrom|\brequire\(|\bimport\(|^\s*import)\s*['\"](\.[^'\"]+)['\"]", re.MULTILINE)
_IMPORT = re.compile(r"^import\s+([\w.]+)", re.MULTILINE)
# A name that others will hardly have.
_DISTINCT = re.compile(r"\w*[a-z0-9][A-Z]\w*|\w+_\w+|\w{9,}")
_ROOTS = ("", "src", "lib", "python")

# (what is gone, the other file's path, its text, its tree, all paths afterwards) -> the line of a use, or 0
_Uses = Callable[[Removed, str, str, SyntaxTree, frozenset[str]], int]


def used_at(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Give the line of a file at which it surely still means what is gone; 0 where it does not."""
    look = _LOOKS.get(tree.language)
    if look is None or path == gone.path or any(each.name == gone.name for each in parse_file(path, text).symbols):
        return 0
    return look(gone, path, text, tree, paths)


def _line(text: str, pattern: str) -> int:
    """Give the first line that a pattern matches; 0 where the line above it tries."""
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        return 0
    before = text[: found.start()].split("\n")
    if any(row.strip() in ("try:", "try {") or "except ImportError" in row for row in before[-4:]):
        return 0
    return len(before) + found[0].count("\n", 0, len(found[0]) - len(found[0].lstrip()))


def _python(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Look at imports and calls through a module."""
    bare = gone.path.removesuffix(".py").removesuffix("/__init__")
    if gone.whole and any(each.startswith((f"{bare}.py", f"{bare}/")) for each in paths):
        return 0
    name = re.escape(gone.name)
    for full in (*aliases(tree).values(), *(each[1] for each in _IMPORT.finditer(text))):
        module = full if gone.whole else full.rpartition(".")[0]
        if gone.whole and not _is(module, bare, path):
            module = full.rpartition(".")[0]
        if (gone.whole or full.rpartition(".")[2] == gone.name) and _is(module, bare, path):
            return _line(text, rf"^(?:from|import)\b[^\n]*\b{name}\b|^from[^\n]*\([^)]*\b{name}\b")
    for call in calls(tree):
        module, _, last = call.resolved.rpartition(".")
        through = not gone.whole and last == gone.name and "." in call.name and _imported(tree, call.name, module)
        if through and _is(module, bare, path):
            return call.line
    return 0


def _imported(tree: SyntaxTree, name: str, module: str) -> bool:
    """Say whether a dotted name begins with something that was imported."""
    return name.partition(".")[0] in aliases(tree) and bool(module)


def _is(module: str, bare: str, user: str) -> bool:
    """Say whether a module's name, as a file writes it, means a path without its ending."""
    dots = len(module) - len(module.lstrip("."))
    rest = module.lstrip(".").replace(".", "/")
    if dots:
        folder = posixpath.dirname(user)
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        return posixpath.join(folder, rest).rstrip("/") == bare
    return bool(rest) and any(bare == posixpath.join(root, rest) for root in _ROOTS)


def _script(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Look at imports by a relative path."""
    bare = _ENDING.sub("", gone.path).removesuffix("/index")
    if gone.whole:
        if any(_ENDING.sub("", each).removesuffix("/index") == bare for each in paths if each.startswith(bare)):
            return 0
        specs = (each for each in _SPEC.finditer(text) if _place(each[1], path) == bare)
        return next((text.count("\n", 0, each.start(1)) + 1 for each in specs), 0)
    for found in _BRACES.finditer(text):
        names = {re.split(r"\s+as\s+|:", each.strip())[0].strip() for each in (found["a"] or found["b"]).split(",")}
        named = gone.name in {each.removeprefix("type ") for each in names}
        if named and _place(found["from"] or found["of"], path) == bare:
            return text.count("\n", 0, found.start()) + 1
    return 0


def _place(spec: str, user: str) -> str:
    """Give the path, without its ending, that a relative import means."""
    return _ENDING.sub("", posixpath.normpath(posixpath.join(posixpath.dirname(user), spec))).removesuffix("/index")


def _go(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Look at calls in the same package, and at any use through its name in others."""
    folder = posixpath.dirname(gone.path)
    if gone.whole:
        return 0
    if posixpath.dirname(path) == folder:
        local = rf"\b{gone.name}\b[^\n=(){{}}]*:=|\bvar {gone.name}\b|\b(?:func|range)\b[^\n]*\b{gone.name}\b[ ,]"
        if gone.kind != "function" or re.search(local, text) or f"{posixpath.basename(folder)}_test" in text[:2_000]:
            return 0
        return next((call.line for call in calls(tree) if call.name == gone.name), 0)
    if not gone.name[0].isupper() or not folder:
        return 0
    for alias, full in aliases(tree).items():
        if full.endswith(f"/{folder}"):
            return _line(text, rf"\b{alias}\.{gone.name}\b")
    return 0


def _rust(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Look at what a crate uses of its own modules."""
    if gone.whole or stem(gone.path) in ("src", "main"):
        return 0
    for full in aliases(tree).values():
        parts = full.split(".")
        if parts[0] == "crate" and parts[-2:] == [stem(gone.path), gone.name]:
            return _line(text, rf"^\s*(?:pub )?use\b[^;]*\b{gone.name}\b")
    return 0


def _java(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Look at imports of a class by its package, which its folders tell."""
    if gone.kind not in ("class", "interface", "enum") or stem(gone.path) != gone.name:
        return 0
    for full in aliases(tree).values():
        place = full.replace(".", "/")
        if "/" in place and gone.path.removesuffix(".java").endswith(f"/{place}"):
            return _line(text, rf"^import\s+(?:static\s+)?{re.escape(full)}\b")
    if posixpath.dirname(path) == posixpath.dirname(gone.path) and gone.name not in aliases(tree):
        return next((call.line for call in calls(tree) if call.kind == "new" and call.name == gone.name), 0)
    return 0


def _by_name(gone: Removed, path: str, text: str, tree: SyntaxTree, paths: frozenset[str]) -> int:
    """Look at calls of a function, or at a class that is made or called on, where the name is like no other."""
    if gone.whole or not _DISTINCT.fullmatch(gone.name):
        return 0
    for call in calls(tree):
        receiver = text_of(call.receiver).strip() if call.receiver is not None else ""
        if gone.kind == "function":
            meant = call.name == gone.name and not receiver and tree.language in ("c", "cpp")
        else:
            meant = receiver.lstrip("\\") == gone.name or (call.kind == "new" and call.name == gone.name)
        if meant:
            return call.line
    return 0


_LOOKS: dict[str, _Uses] = {
    "python": _python,
    **dict.fromkeys(("javascript", "typescript", "tsx"), _script),
    "go": _go,
    "rust": _rust,
    "java": _java,
    **dict.fromkeys(("c", "cpp", "c_sharp", "ruby", "php"), _by_name),
}
