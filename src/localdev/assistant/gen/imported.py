"""The imports that a file states, in one shape for every language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of, walk


@dataclass(frozen=True, slots=True)
class Import:
    """One import: `module` as written (without quotes), and the `names` that are taken from it, if any are named."""

    module: str
    names: tuple[str, ...]
    line: int

    @property
    def said(self) -> str:
        """The import in short, for people."""
        return f"{self.module} ({', '.join(self.names)})" if self.names else self.module


def imports_in(tree: SyntaxTree) -> list[Import]:
    """Give the imports of a file in order; none for a language whose imports are not read here."""
    look = _LOOKS.get(tree.language)
    return [one for node in walk(tree.root) for one in look(node)] if look else []


def _unquoted(node: SyntaxNode | None) -> str:
    """Give the text of a string without its quotes."""
    return text_of(node).strip("'\"`<>")


def _python(node: SyntaxNode) -> Iterator[Import]:
    """Read `import a.b as c` and `from a import b`."""
    if node.type == "import_statement":
        for name in node.children_by_field_name("name"):
            inner = name.child_by_field_name("name") if name.type == "aliased_import" else name
            yield Import(text_of(inner), (), line_of(node))
    elif node.type == "import_from_statement":
        names = []
        for name in node.children_by_field_name("name"):
            names.append(text_of(name.child_by_field_name("name") if name.type == "aliased_import" else name))
        yield Import(text_of(node.child_by_field_name("module_name")).replace(" ", ""), tuple(names), line_of(node))


def _script(node: SyntaxNode) -> Iterator[Import]:
    """Read `import`, `export ... from`, `require` and `import()`."""
    if node.type in ("import_statement", "export_statement") and node.child_by_field_name("source") is not None:
        names = tuple(
            text_of(each.child_by_field_name("name")) for each in walk(node) if each.type == "import_specifier"
        )
        yield Import(_unquoted(node.child_by_field_name("source")), names, line_of(node))
    elif node.type == "call_expression" and text_of(node.child_by_field_name("function")) in ("require", "import"):
        arguments = node.child_by_field_name("arguments")
        first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        if first is not None and first.type == "string":
            pattern = node.parent.child_by_field_name("name") if node.parent is not None else None
            taken = pattern.named_children if pattern is not None and pattern.type == "object_pattern" else ()
            names = tuple(text_of(each).split(":")[0].strip() for each in taken)
            yield Import(_unquoted(first), names, line_of(node))


def _go(node: SyntaxNode) -> Iterator[Import]:
    """Read import specs."""
    if node.type == "import_spec":
        yield Import(_unquoted(node.child_by_field_name("path")), (), line_of(node))


def _rust(node: SyntaxNode) -> Iterator[Import]:
    """Read `use` with its braces taken apart."""
    if node.type == "use_declaration":
        written = re.sub(r"\s+as\s+\w+", "", text_of(node.child_by_field_name("argument")))
        for path in _flat("".join(written.split())):
            module, _, name = path.rpartition("::")
            yield Import(module or name, (name,) if module and name not in ("*", "self") else (), line_of(node))


def _flat(path: str) -> Iterator[str]:
    """Take `a::{b, c::{d}}` apart into single paths."""
    head, brace, rest = path.partition("{")
    if not brace:
        yield path
        return
    depth, part = 0, ""
    for char in rest[:-1]:
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            yield from _flat(head + part)
            part = ""
        else:
            part += char
    if part:
        yield from _flat(head + part)


def _java(node: SyntaxNode) -> Iterator[Import]:
    """Read `import a.b.C;`, also a static one and one with a star."""
    if node.type == "import_declaration":
        words = text_of(node).removeprefix("import").strip().rstrip(";").strip()
        static = words.startswith("static ")
        path = words.removeprefix("static ").strip()
        if static:
            path, _, name = path.rpartition(".")
            yield Import(path, () if name == "*" else (name,), line_of(node))
        else:
            yield Import(path, (), line_of(node))


def _ruby(node: SyntaxNode) -> Iterator[Import]:
    """Read `require` and `require_relative`; the latter's path begins with a dot."""
    called = text_of(node.child_by_field_name("method")) if node.type == "call" else ""
    if called in ("require", "require_relative"):
        arguments = node.child_by_field_name("arguments")
        first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        if first is not None and first.type == "string":
            path = _unquoted(first)
            yield Import(f"./{path}" if called == "require_relative" else path, (), line_of(node))


def _php(node: SyntaxNode) -> Iterator[Import]:
    """Read PHP's `use`."""
    if node.type == "namespace_use_declaration":
        for part in text_of(node).removeprefix("use").rstrip(";").split(","):
            path = re.sub(r"^\s*(?:function|const)\s+|\s+as\s+\w+\s*$", "", part.strip())
            if "{" not in path and "}" not in path:
                yield Import(path.strip().lstrip("\\"), (), line_of(node))


def _c_sharp(node: SyntaxNode) -> Iterator[Import]:
    """Read `using A.B;`."""
    if node.type == "using_directive":
        words = text_of(node).removeprefix("global ").removeprefix("using").rstrip(";")
        path = words.rpartition("=")[2].strip().removeprefix("static ").strip()
        yield Import(path, (), line_of(node))


def _c(node: SyntaxNode) -> Iterator[Import]:
    """Read `#include "a.h"`; what stands in angle brackets is the system's."""
    if node.type == "preproc_include":
        path = node.child_by_field_name("path")
        if path is not None and path.type == "string_literal":
            yield Import(_unquoted(path), (), line_of(node))


_LOOKS: dict[str, Callable[[SyntaxNode], Iterator[Import]]] = {
    "python": _python,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "rust": _rust,
    "java": _java,
    "ruby": _ruby,
    "php": _php,
    "c_sharp": _c_sharp,
    "c": _c,
    "cpp": _c,
}
