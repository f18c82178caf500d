"""Tests that are focused, so that the others no longer run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import nodes_of
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, in_code
from localdev.rules.rule import Example, Found, Rule
from localdev.source.syntax.calls import calls
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of
from localdev.source.syntax.values import Argument

_SCRIPT = re.compile(
    r"(?:it|test|describe|context|suite|specify|feature|scenario|bench|fixture|tape|Deno\.test|QUnit\.(?:test|module)|step)"
    r"(?:\.(?:concurrent|sequential|serial|parallel|describe|each|failing))*\.only(?:\.(?:each|for))?"
    r"|f(?:it|describe|context|test)(?:\.(?:each|only))*"
)
_GO = re.compile(r"(?:ginkgo\.)?(?:FIt|FDescribe|FContext|FWhen|FSpecify|FEntry|FDescribeTable|FMeasure)")
_RUBY = re.compile(r"(?:RSpec\.)?(?:fit|fdescribe|fcontext|fspecify|fexample|ffeature|fscenario)")
_RUBY_GROUPS = re.compile(r"(?:RSpec\.)?(?:it|describe|context|specify|example|feature|scenario|test)")
_PYTHON = re.compile(r"@(?:pytest\.mark\.)?(?:only|focus)\b")


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find what a language's test frameworks call focused."""
    message = "this focus keeps all other tests from running"
    if tree.language == "python":
        for node in nodes_of(tree, ("decorator",)):
            if _PYTHON.match(text_of(node)):
                yield Found(file.path, line_of(node), message, suggestion="remove the focus")
        return
    for call in calls(tree):
        name = call.name
        if tree.language in SCRIPT:
            focused = _SCRIPT.fullmatch(name) is not None and _is_test_call(call.arguments and call.arguments[0].text)
            focused = focused or (name.endswith(".only") and name.startswith(("it(", "test(")))
        elif tree.language == "go":
            focused = _GO.fullmatch(name) is not None
        elif tree.language == "ruby":
            focused = _RUBY.fullmatch(name) is not None and bool(call.arguments)
            focused = focused or (_RUBY_GROUPS.fullmatch(name) is not None and _has_focus(call.arguments))
        else:
            focused = name.endswith(".only") and re.match(r"(?:it|test|describe)\b", name) is not None
        if focused:
            yield Found(file.path, call.line, message, suggestion="remove the focus")


def _is_test_call(first: object) -> bool:
    """Say whether a first argument can be a test's title, a table of cases, or its body."""
    text = str(first or "")
    return text[:1] in "'\"`[(" or text.startswith(("function", "async", "`")) or re.match(r"[\w.]+$", text) is not None


def _has_focus(arguments: tuple[Argument, ...]) -> bool:
    """Say whether RSpec's metadata ask for focus."""
    texts = [f"{each.keyword}: {each.text}" for each in arguments]
    return any(
        re.match(r":\s*:focus\Z|focus: (?:focus:\s*)?true|: focus:\s*true|: :focus\s*=>\s*true", text) for text in texts
    )


RULE = Rule(
    id="focused-test",
    family="leftover",
    severity="high",
    title="A focused test keeps the others from running",
    explanation=(
        "`it.only`, `fdescribe`, `focus: true` and their kin are for working on one test. Left in, "
        "the runner skips all others "
        "and says that all is well."
    ),
    bad=Example("cart.test.js", "describe.only('cart', () => {\n  it('adds', () => expect(add(1, 2)).toBe(3))\n})\n"),
    good=Example("cart.test.js", "describe('cart', () => {\n  it('adds', () => expect(add(1, 2)).toBe(3))\n})\n"),
    check=in_code(
        _look,
        (
            ".only",
            "->only",
            "fit",
            "fdescribe",
            "fcontext",
            "ftest",
            "fwhen",
            "fspecify",
            "fentry",
            "focus",
            "ffeature",
            "fscenario",
            "fexample",
        ),
        languages=("python", *SCRIPT, "go", "ruby", "php"),
        aside="same",
    ),
    languages=("python", *SCRIPT, "go", "ruby", "php"),
)
