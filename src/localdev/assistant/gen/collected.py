"""Which tests a runner would collect from a file, told by syntax and the frameworks' naming rules alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from localdev.assistant.gen.checks import COMMENTS
from localdev.core.patch import Check, FileEdit
from localdev.source.syntax.definitions import definitions
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, read_syntax, text_of, walk

Found = tuple[str, SyntaxNode]
_IMPORTING = ("import", "use_declaration", "using_directive", "namespace_use", "package", "future_import", "php_tag")
_CONTAINERS = frozenset({"class", "module", "namespace"})


def collected(edit: FileEdit, called: str) -> Check:
    """Check that a file has new tests that the runner finds, each of which uses the name `called`."""
    name = "collected"
    new = read_syntax(edit.path, edit.new or "")
    added = _added(edit, new)
    if new is None or not added:
        return Check(name, False, f"the runner would find no new test in {edit.path}")
    silent = [title for title, node in added if not _uses(node, called)]
    if silent:
        return Check(name, False, f"{silent[0]} does not call {called}")
    names = ", ".join(title for title, _ in added)
    return Check(name, True, f"{len(added)} new test{'s' if len(added) > 1 else ''}: {names}")


def only_tests_added(edit: FileEdit) -> Check:
    """Check that what a file gains are tests, what holds them, and imports: nothing else at its top or beside them."""
    name = "only tests"
    new = read_syntax(edit.path, edit.new or "")
    if new is None:
        return Check(name, False, f"{edit.path} cannot be read as code")
    old = read_syntax(edit.path, edit.old) if edit.old else None
    tests = found_tests(new)
    spans = [(node.start_byte, node.end_byte) for _, node in tests]
    before = Counter(each.symbol.qualified for each in definitions(old)) if old else Counter[str]()
    for each in definitions(new):
        if before[each.symbol.qualified] > 0:
            before[each.symbol.qualified] -= 1
            continue
        inside = any(start <= each.node.start_byte < end for start, end in spans)
        holds = each.symbol.kind in _CONTAINERS and any(
            each.node.start_byte <= start < each.node.end_byte for start, _ in spans
        )
        if not inside and not holds and "require(" not in text_of(each.outer):
            return Check(name, False, f"{each.symbol.qualified} is defined too, which is no test")
    known = Counter(text_of(node) for node in old.root.named_children) if old else Counter[str]()
    for node in new.root.named_children:
        if known[text_of(node)] > 0:
            known[text_of(node)] -= 1
        elif not _belongs(node, spans):
            return Check(name, False, f"{edit.path}:{node.start_point[0] + 1}: this is neither a test nor an import")
    return Check(name, True, "only tests and their imports are added")


def _belongs(node: SyntaxNode, spans: list[tuple[int, int]]) -> bool:
    """Say whether what stands at the top of a test file is an import, a mark, or has a test in it."""
    text = text_of(node)
    if node.type in COMMENTS or node.type.startswith(_IMPORTING) or node.type in ("attribute_item", "decorator"):
        return True
    if re.match(r"(?:const|let|var) [^=]+ = require\(|require(?:_relative)? ?['\"(]|['\"]use strict", text):
        return True
    return any(start < node.end_byte and node.start_byte < end for start, end in spans)


def _added(edit: FileEdit, new: SyntaxTree | None) -> list[Found]:
    """Give the tests of the new text that the old one has not."""
    old = read_syntax(edit.path, edit.old) if edit.old else None
    before = Counter(name for name, _ in found_tests(old)) if old else Counter[str]()
    added = []
    for name, node in found_tests(new) if new else ():
        if before[name] > 0:
            before[name] -= 1
        else:
            added.append((name, node))
    return added


def _uses(node: SyntaxNode, name: str) -> bool:
    """Say whether a name stands in the code of a node, not only in its comments and strings."""
    found = (each for each in walk(node) if not each.children and each.type not in COMMENTS)
    wanted = (name, f"${name}")
    return any(text_of(each) in wanted and "string" not in each.type and "fragment" not in each.type for each in found)


def found_tests(tree: SyntaxTree) -> list[Found]:
    """Give the tests of a file in order: (name, node)."""
    look = _LOOKS.get(tree.language)
    return list(look(tree)) if look else []


def _python(tree: SyntaxTree) -> Iterator[Found]:
    """Yield functions `test_*` at the top, in classes `Test*`, and in classes made for unittest."""
    classes = {each.symbol.qualified: each for each in definitions(tree) if each.symbol.kind == "class"}
    for each in definitions(tree):
        name, parent = each.symbol.name, each.symbol.parent
        if each.symbol.kind not in ("function", "method") or not name.startswith("test"):
            continue
        holder = classes.get(parent)
        bases = text_of(holder.node.child_by_field_name("superclasses")) if holder else ""
        if not parent or (holder and (holder.symbol.name.startswith("Test") or "TestCase" in bases)):
            yield each.symbol.qualified, each.node


def _script(tree: SyntaxTree) -> Iterator[Found]:
    """Yield calls of `test` and `it` with a title and a function, skipped ones too."""
    for node in walk(tree.root):
        if node.type != "call_expression":
            continue
        called = text_of(node.child_by_field_name("function"))
        arguments = node.child_by_field_name("arguments")
        given = list(arguments.named_children) if arguments is not None else []
        if re.fullmatch(r"(?:test|it)(?:\.(?:skip|only|concurrent|todo|fails))?", called) and len(given) > 1:
            yield text_of(given[0]).strip("'\"`"), node


def _go(tree: SyntaxTree) -> Iterator[Found]:
    """Yield functions `TestXxx(t *testing.T)` of a file `*_test.go`."""
    if not tree.path.endswith("_test.go"):
        return
    for node in tree.root.named_children:
        if node.type == "function_declaration" and re.fullmatch(
            r"\(\s*\w+ \*testing\.T,?\s*\)", text_of(node.child_by_field_name("parameters"))
        ):
            name = text_of(node.child_by_field_name("name"))
            if re.fullmatch(r"Test(?![a-z]).*", name):
                yield name, node


def _rust(tree: SyntaxTree) -> Iterator[Found]:
    """Yield functions with an attribute `test`."""
    for node in walk(tree.root):
        marked = False
        for child in node.named_children:
            if child.type == "attribute_item":
                marked = marked or re.search(r"\[(?:\w+::)*(?:test|rstest|test_case)\b", text_of(child)) is not None
            elif child.type == "function_item":
                if marked:
                    yield text_of(child.child_by_field_name("name")), child
                marked = False
            elif child.type not in COMMENTS:
                marked = False


def _java(tree: SyntaxTree) -> Iterator[Found]:
    """Yield methods with an annotation `Test`."""
    for node in walk(tree.root):
        if node.type == "method_declaration" and re.search(
            r"@(?:ParameterizedTest|Test)\b", text_of(node).split("{", 1)[0]
        ):
            yield text_of(node.child_by_field_name("name")), node


def _c_sharp(tree: SyntaxTree) -> Iterator[Found]:
    """Yield methods with one of the frameworks' attributes."""
    for node in walk(tree.root):
        if node.type == "method_declaration" and re.search(
            r"\[[^\]]*\b(?:Fact|Theory|Test|TestCase|TestMethod)\b", text_of(node).split("{", 1)[0]
        ):
            yield text_of(node.child_by_field_name("name")), node


def _ruby(tree: SyntaxTree) -> Iterator[Found]:
    """Yield methods `test_*` and blocks of `it`."""
    for node in walk(tree.root):
        if node.type == "method" and text_of(node.child_by_field_name("name")).startswith("test_"):
            yield text_of(node.child_by_field_name("name")), node
        elif node.type == "call" and text_of(node.child_by_field_name("method")) in ("it", "specify"):
            yield text_of(node.child_by_field_name("arguments")).strip("'\"() "), node


def _php(tree: SyntaxTree) -> Iterator[Found]:
    """Yield methods `test*` of classes made for PHPUnit."""
    if re.search(r"\bextends\s+\\?[\w\\]*TestCase\b", tree.text) is None:
        return
    for node in walk(tree.root):
        if node.type == "method_declaration":
            name = text_of(node.child_by_field_name("name"))
            if name.startswith("test") or "#[Test]" in text_of(node):
                yield name, node


_LOOKS: dict[str, Callable[[SyntaxTree], Iterator[Found]]] = {
    "python": _python,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "rust": _rust,
    "java": _java,
    "c_sharp": _c_sharp,
    "ruby": _ruby,
    "php": _php,
}
