"""What the names of a file stand for: its imports, and other names given to what was imported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from localdev.source.syntax.names import dotted, part, unquoted
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, nodes_of, text_of, walk

_VERSION = re.compile(r"(?:/v\d+|\.v\d+)$")
_IMPORTS = {
    "python": frozenset({"import_statement", "import_from_statement"}),
    "javascript": frozenset({"import_statement", "variable_declarator"}),
    "go": frozenset({"import_spec"}),
    "rust": frozenset({"use_declaration"}),
    "java": frozenset({"import_declaration"}),
    "c_sharp": frozenset({"using_directive"}),
    "php": frozenset({"namespace_use_clause"}),
}
_IMPORTS["typescript"] = _IMPORTS["tsx"] = _IMPORTS["javascript"]


def aliases(tree: SyntaxTree) -> dict[str, str]:
    """Give what each imported name of a file stands for, with dots between the parts; a Go path keeps its slashes."""
    kept: dict[str, str] | None = tree.kept.get("aliases")
    if kept is None:
        kinds, read = _IMPORTS.get(tree.language, frozenset()), _READERS.get(tree.language)
        kept = {}
        tree.kept["aliases"] = kept
        if read is not None:
            for node in nodes_of(tree, kinds):
                kept.update((name, full) for name, full in read(tree, node) if name and full)
    return kept


def resolved(tree: SyntaxTree, name: str) -> str:
    """Give a dotted name with its first part replaced by what it was imported as; C++ names lose `std.`."""
    if tree.language == "cpp":
        return name.removeprefix("std.")
    known = aliases(tree)
    first, dot, rest = name.partition(".")
    return known[first] + dot + rest if first in known else name


def _python(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    module = node.child_by_field_name("module_name")
    prefix = text_of(module)
    prefix += "" if not prefix or prefix.endswith(".") else "."
    for name in node.children_by_field_name("name"):
        if name.type == "aliased_import":
            yield text_of(part(name, "alias")), prefix + text_of(part(name, "name"))
        elif module is not None:
            yield text_of(name), prefix + text_of(name)
        else:
            first = text_of(name).partition(".")[0]
            yield first, first


def _script(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    if node.type == "import_statement":
        yield from _script_import(node)
        return
    name, full = part(node, "name"), _imported(tree, part(node, "value"))
    if name is None or not full:
        return
    if name.type == "identifier":
        yield text_of(name), full
    for each in name.named_children if name.type == "object_pattern" else ():
        if each.type == "shorthand_property_identifier_pattern":
            yield text_of(each), f"{full}.{text_of(each)}"
        elif each.type == "pair_pattern":
            yield text_of(part(each, "value")), f"{full}.{text_of(part(each, 'key'))}"


def _script_import(node: SyntaxNode) -> Iterator[tuple[str, str]]:
    """Yield the names that an `import` of JavaScript brings in."""
    module = unquoted(text_of(part(node, "source"))).removeprefix("node:")
    for inner in walk(node):
        if inner.type == "import_specifier":
            original = text_of(part(inner, "name"))
            yield text_of(part(inner, "alias")) or original, f"{module}.{original}"
        elif inner.type == "namespace_import" or (inner.type == "identifier" and _is_clause(inner)):
            yield text_of(part(inner, -1) or inner), module


def _is_clause(node: SyntaxNode) -> bool:
    return node.parent is not None and node.parent.type == "import_clause"


def _imported(tree: SyntaxTree, value: SyntaxNode | None) -> str:
    """Give what an expression names when it is a module, part of one, or `promisify` of that; else nothing."""
    if value is not None and value.type == "await_expression":
        value = part(value, 0)
    if value is None or value.type not in ("call_expression", "member_expression", "identifier"):
        return ""
    if value.type == "call_expression":
        arguments = part(value, "arguments")
        first = part(arguments, 0) if arguments is not None else None
        function = text_of(part(value, "function"))
        if first is not None and function.endswith("promisify"):
            return resolved(tree, dotted(tree, first))
        if first is None or first.type != "string" or function not in ("require", "import"):
            return ""
        return unquoted(text_of(first)).removeprefix("node:")
    name = dotted(tree, value)
    full = resolved(tree, name)
    return full if full != name or text_of(value).startswith("require(") else ""


def _go(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    path = unquoted(text_of(part(node, "path")))
    name = text_of(part(node, "name"))
    last = _VERSION.sub("", path).rpartition("/")[2]
    if name not in (".", "_"):
        yield name or last.removeprefix("go-").removesuffix("-go"), path


def _rust(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    argument = part(node, "argument")
    if argument is not None:
        yield from _used(tree, argument, "")


def _used(tree: SyntaxTree, node: SyntaxNode, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the names that one part of a Rust `use` brings in."""
    if node.type == "scoped_use_list":
        inner = ".".join(filter(None, (prefix, dotted(tree, part(node, "path")))))
        names = part(node, "list")
        for each in names.named_children if names is not None else ():
            yield from _used(tree, each, inner)
    elif node.type == "use_list":
        for each in node.named_children:
            yield from _used(tree, each, prefix)
    elif node.type != "use_wildcard":
        path = part(node, "path") if node.type == "use_as_clause" else node
        written = dotted(tree, path)
        full = prefix if written == "self" else ".".join(filter(None, (prefix, written)))
        alias = text_of(part(node, "alias")) if node.type == "use_as_clause" else full.rpartition(".")[2]
        yield alias, full


def _java(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    if not any(child.type == "asterisk" for child in node.children):
        full = dotted(tree, part(node, 0))
        yield full.rpartition(".")[2], full


def _c_sharp(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    name = part(node, "name")
    if name is not None:
        yield text_of(name), dotted(tree, part(node, -1))


def _php(tree: SyntaxTree, node: SyntaxNode) -> Iterator[tuple[str, str]]:
    named = next((child for child in node.named_children if child.type in ("qualified_name", "name")), None)
    full = dotted(tree, named)
    group = node.parent.parent if node.parent is not None and node.parent.type == "namespace_use_group" else None
    if group is not None:
        full = f"{text_of(part(group, 0))}.{full}".replace("\\", ".")
    yield text_of(part(node, "alias")) or full.rpartition(".")[2], full


_READERS: dict[str, Callable[[SyntaxTree, SyntaxNode], Iterator[tuple[str, str]]]] = {
    "python": _python,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "rust": _rust,
    "java": _java,
    "c_sharp": _c_sharp,
    "php": _php,
}
