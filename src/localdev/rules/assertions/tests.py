"""The tests of a file with their assertions, read from its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from localdev.rules.assertions.forms import FORMS, skeleton, strength
from localdev.rules.words import words
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, end_line_of, line_of, text_of

_FUNCTIONS = words(
    """
    function_definition function_declaration method_definition method_declaration function_item method
    singleton_method local_function_statement
    """
)
_CLASSES = frozenset(
    ["class_definition", "class_declaration", "class", "mod_item", "module", "class_specifier", "impl_item"]
)
_CALLS = words(
    """
    call call_expression macro_invocation method_invocation invocation_expression function_call_expression
    member_call_expression scoped_call_expression assert_statement static_assert_declaration
    """
)
# What may be an assertion without a call: `expect(x).to.be.true`, `x.should == 1`.
_BARE = frozenset({"member_expression", "binary"})
_NAMED_TEST = re.compile(
    r"^(?:f|x)?(?:it|test|specify|scenario|example|its)(?:\.\w+)*(?:\(.*\))?$|^(?:Deno|QUnit|t|tap|bench|suite)\.test$|^test\.(?:each|only|skip)"
)
_NAMED_GROUP = re.compile(r"^(?:f|x)?(?:describe|context|suite|feature|experiment)(?:\.\w+)*$|^RSpec\.describe$")
_MACRO = re.compile(r"^\w*(?:TEST_CASE|SCENARIO|TEST|SECTION|SUBCASE|TEST_METHOD|BOOST_AUTO_TEST_CASE|CASE|Test)\w*$")
_BODY = re.compile(r"block|body|lambda|closure|arrow_function|^function|statement$|compound|do_block|anonymous")
_FIRST_TEXT = re.compile(r"[\"'`](?P<text>.*?)[\"'`]", re.DOTALL)
_DEEPEST = 400


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion: its text with blanks folded, where it is, and how much it says (`forms.strength`)."""

    text: str
    line: int
    end_line: int
    strength: float


@dataclass(slots=True)
class Test:
    """A test (or what tests share) with its assertions in order; `name` is unlike that of any other of the file."""

    name: str
    line: int
    end_line: int
    marked: bool = False
    assertions: list[Assertion] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    """Walks a tree with the test it is in."""

    language: str
    tests: dict[str, Test] = field(default_factory=dict)

    def read(self, node: SyntaxNode, test: Test | None, prefix: str, *, inside: bool = False, depth: int = 0) -> None:
        """Read a node; `inside` says that it is a part of an assertion."""
        if depth > _DEEPEST:
            return
        if node.type in _CLASSES:
            prefix = f"{prefix}{text_of(node.child_by_field_name('name'))}."
        started = self._start(node, prefix)
        if started is not None:
            test, prefix = started, f"{started.name}."
        elif node.type in _CALLS and (group := _group(node)):
            prefix = f"{prefix}{group}."
        if not inside and test is not None and (found := self._assertion(node)) is not None:
            test.assertions.append(found)
            inside = True
        if _BODY.search(node.type) and not (inside and node.type == "assert_statement"):
            inside = False
        pending = ""
        for child in node.children:
            body = pending if child.type == "compound_statement" else ""
            if body:
                self.read(child, self._new(body, child, prefix, marked=True), prefix, depth=depth + 1)
            else:
                self.read(child, test, prefix, inside=inside, depth=depth + 1)
            pending = _macro(child) if child.is_named else pending

    def _start(self, node: SyntaxNode, prefix: str) -> Test | None:
        """Begin a test where a node is one, or a function."""
        if node.type in _FUNCTIONS:
            name = text_of(node.child_by_field_name("name")) or text_of(node.child_by_field_name("declarator"))
            return self._new(" ".join(name.split()), node, prefix, marked=_is_marked(node, name))
        if node.type in _CALLS and (title := _title(node, _NAMED_TEST)):
            return self._new(title, node, prefix, marked=True)
        return None

    def _new(self, name: str, node: SyntaxNode, prefix: str, *, marked: bool) -> Test:
        """Keep a new test under a name that no other has."""
        full, number = f"{prefix}{name}", 1
        while full in self.tests:
            number += 1
            full = f"{prefix}{name} #{number}"
        self.tests[full] = Test(full, line_of(node), end_line_of(node), marked)
        return self.tests[full]

    def _assertion(self, node: SyntaxNode) -> Assertion | None:
        """Give a node as an assertion, if it is one."""
        if node.type not in _CALLS and not (node.type in _BARE and _is_statement(node)):
            return None
        text = " ".join(text_of(node).split())
        if self.language not in ("python", "ruby"):
            text = text.replace(" (", "(")  # some write a blank between a name and its arguments
        if not FORMS[self.language].search(skeleton(text)):
            return None
        condition = _condition(node) if self.language == "go" else ""
        said = f"if {condition} {{ {text} }}" if condition else text
        return Assertion(said, line_of(node), end_line_of(node), strength(text, condition))


def tests_in(tree: SyntaxTree) -> dict[str, Test]:
    """Give the tests and functions of a file by name."""
    if "tests" not in tree.kept:
        reader = _Reader(tree.language)
        if tree.language in FORMS:
            reader.read(tree.root, None, "")
        tree.kept["tests"] = reader.tests
    tests: dict[str, Test] = tree.kept["tests"]
    return tests


def _is_marked(node: SyntaxNode, name: str) -> bool:
    """Say whether a function is a test by its name or by what stands above it."""
    if re.match(r"(?i)test|it_|should", name) or re.match(r"\w*TEST\w*\(", name):
        return True
    return any("test" in mark.lower() or "Fact" in mark or "Theory" in mark for mark in _above(node))


def _above(node: SyntaxNode) -> Iterator[str]:
    """Give the attributes and annotations of a function."""
    yield from (text_of(child) for child in node.children if "modifier" in child.type or "attribute" in child.type)
    if node.parent is None:
        return
    before = ""
    for child in node.parent.children:
        if child.id == node.id:
            yield before
            return
        before = f"{before} {text_of(child)}" if "attribute" in child.type or "decorator" in child.type else ""


def _title(node: SyntaxNode, form: re.Pattern[str]) -> str:
    """Give the text that a call such as `it("...", ...)` or `test "..." do` begins with, if its name fits."""
    head = text_of(node)[:400]
    name = re.match(r"[\w.]+(?:\.each\([^\n]*\))?", head)
    if name is None or not form.match(name[0]):
        return ""
    text = _FIRST_TEXT.search(head[name.end() :])
    words = text["text"] if text else head[name.end() :].partition("\n")[0]
    body = any(_BODY.search(child.type) for child in _parts(node))
    return f"{name[0]} {' '.join(words.split())}" if body else ""


def _parts(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Give the direct parts of a call and those of its arguments."""
    for child in node.children:
        yield child
        if "argument" in child.type:
            yield from child.children


def _group(node: SyntaxNode) -> str:
    """Give the text of a `describe` and its like."""
    head = text_of(node)[:60]
    return _title(node, _NAMED_GROUP) if _NAMED_GROUP.match(re.split(r"[\s(]", head, maxsplit=1)[0]) else ""


def _macro(node: SyntaxNode) -> str:
    """Give the name of a test that a macro of C or C++ begins: `TEST_CASE("x")` before its block."""
    if node.type not in ("expression_statement", "call_expression", "macro_type_specifier", "ERROR"):
        return ""
    text = " ".join(text_of(node).split())
    return text if _MACRO.match(text.partition("(")[0]) and len(text) < 300 else ""


def _is_statement(node: SyntaxNode) -> bool:
    """Say whether an expression stands alone."""
    parent = node.parent
    return parent is not None and (
        parent.type.endswith("statement") or parent.type in ("body_statement", "then", "do_block", "block_body")
    )


def _condition(node: SyntaxNode) -> str:
    """Give the condition under which a Go test fails: that of the nearest `if` around the call."""
    if not re.match(r"\w+\.(?:Errorf?|Fatalf?|Fail|FailNow)\(", text_of(node)):
        return ""
    here = node.parent
    for _ in range(4):
        if here is None or here.type in ("function_declaration", "func_literal"):
            return ""
        if here.type == "if_statement":
            begin, condition = (
                text_of(here.child_by_field_name("initializer")),
                text_of(here.child_by_field_name("condition")),
            )
            return " ".join(f"{begin}; {condition}".strip("; ").split())
        here = here.parent
    return ""
