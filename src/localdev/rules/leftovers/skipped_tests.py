"""Tests that are switched off for everybody, with no reason one could check."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localdev.rules.around import is_conditional, nodes_of, note_at
from localdev.rules.changed import ChangedFile
from localdev.rules.code import SCRIPT, C, in_code
from localdev.rules.leftovers.reasons import is_tracked, is_vague
from localdev.rules.rule import Example, Found, Rule
from localdev.source.syntax.calls import Call, calls
from localdev.source.syntax.node import SyntaxNode
from localdev.source.syntax.tree import SyntaxTree, line_of, text_of

# Names of calls that switch off the test they stand in, or are given.
_CALLS = {
    "python": re.compile(r"(?:pytest|unittest)\.skip|self\.skipTest|pytest\.xfail"),
    **dict.fromkeys(
        SCRIPT,
        re.compile(
            r"(?:it|test|describe|context|suite|specify|Deno\.test)(?:\.(?:concurrent|sequential|describe))*\.(?:skip|ignore|fixme)(?:\.each)?"
            r"|x(?:it|describe|context|test|specify)(?:\.each)?|(?:this|ctx)\.skip|t\.skip"
        ),
    ),
    "go": re.compile(
        r"(?:t|b|s\.T\(\)|s\.T|suite\.T|tb)\.(?:Skip|SkipNow|Skipf)|(?:ginkgo\.)?(?:PIt|PDescribe|PContext|XIt|XDescribe|XContext|Skip)"
    ),
    "ruby": re.compile(r"skip|pending|x(?:it|describe|context|specify|example|feature|scenario)|(?:RSpec\.)xdescribe"),
    "php": re.compile(r"\$?(?:this|self|static)\.markTest(?:Skipped|Incomplete)|(?:it|test)\.skip|.*\)\.skip"),
    **dict.fromkeys(C, re.compile(r"GTEST_SKIP|GTEST_SKIP_|TEST_IGNORE|TEST_IGNORE_MESSAGE|QSKIP")),
    "c_sharp": re.compile(r"Assert\.(?:Ignore|Inconclusive)"),
    "java": re.compile(r"(?:Assumptions?|Assume)\.abort"),
}
_GIVEN = re.compile(
    r"x\w+(?:\.each)?|(?:it|test|describe|context|suite|specify|Deno\.test)\..*|(?:ginkgo\.)?[PX][A-Z]\w+|RSpec\.\w+"
)
# Decorators, annotations and attributes, and what stands between their brackets.
_MARKS = {
    "python": re.compile(
        r"@(?:pytest\.mark\.skip|unittest\.skip|skip|mark\.skip|pytest\.mark\.xfail)(?![\w.])(?P<rest>.*)", re.DOTALL
    ),
    "java": re.compile(r"@(?:org\.junit\.)?(?:Ignore|Disabled)(?!\w)(?P<rest>.*)", re.DOTALL),
    "rust": re.compile(r"#\[ignore(?!\w)(?P<rest>.*)\]", re.DOTALL),
    "c_sharp": re.compile(
        r"(?:\w+\(.*\bSkip\s*=\s*(?P<skip>.*)\)|(?:Ignore|Skip)(?:Attribute)?(?!\w)(?P<rest>.*))", re.DOTALL
    ),
    "php": re.compile(r"(?:Skip|Ignore)(?P<rest>.*)"),
}
_MARK_NODES = frozenset(("decorator", "marker_annotation", "annotation", "attribute_item", "attribute"))
_STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`")
_SIGNS = (
    "skip", "ignore", "disabled", "xit", "xdescribe", "xcontext", "xtest", "xspecify", "xfail", "pending",
    "marktest", "fixme",
    "pit(", "pdescribe", "pcontext", "inconclusive", "abort",
)  # fmt: skip


def _look(file: ChangedFile, tree: SyntaxTree) -> Iterator[Found]:
    """Find calls and marks that switch tests off without a condition."""
    names, marks = _CALLS.get(tree.language), _MARKS.get(tree.language)
    for call in calls(tree) if names is not None else ():
        if names is not None and names.fullmatch(call.name) and _is_switched_off(tree, call):
            yield from _judged(file, call.node, _reason(tree.language, call))
    for node in nodes_of(tree, (*_MARK_NODES, "function_definition")):
        if marks is not None and node.type in _MARK_NODES:
            match = marks.fullmatch(text_of(node))
            if match is not None:
                groups = match.groupdict()
                text = groups.get("skip") or groups.get("rest") or ""
                yield from _judged(file, node, " ".join("".join(each) for each in _STRING.findall(text)))
        elif tree.language in C and node.type == "function_definition":
            title = text_of(node).partition("{")[0]
            if re.match(r"TEST(?:_[FP])?\s*\(\s*(?:DISABLED_\w+\s*,|\w+\s*,\s*DISABLED_)", title):
                yield from _judged(file, node, "")


def _is_switched_off(tree: SyntaxTree, call: Call) -> bool:
    """Say whether a call switches a test off always, and is no method of that name elsewhere."""
    if (
        call.name == "skip"
        and "minitest" not in tree.text.lower()
        and "_test" not in tree.path
        and "spec" not in tree.path
    ):
        return False
    if _GIVEN.fullmatch(call.name):
        first = call.arguments[0].text if call.arguments else ""
        return len(call.arguments) > 1 or tree.language == "ruby" or first[:1] in "'\"`"
    return not is_conditional(call.node)


def _reason(language: str, call: Call) -> str:
    """Give the reason that a call states; what is given a test has only the test's title."""
    if _GIVEN.fullmatch(call.name):
        return ""
    if language in C and call.node.parent is not None:
        return " ".join("".join(each) for each in _STRING.findall(text_of(call.node.parent)))
    return " ".join(each.text for each in call.arguments)


def _judged(file: ChangedFile, node: SyntaxNode, reason: str) -> Iterator[Found]:
    """Yield a finding unless the reason or a comment beside it says where to look."""
    note = note_at(file, node)
    if is_tracked(reason) or is_tracked(note):
        return
    if is_vague(reason) and is_vague(note):
        message = "this test is switched off without a reason one could check"
        yield Found(
            file.path, line_of(node), message, suggestion="run it, or name the condition or the ticket it waits for"
        )


RULE = Rule(
    id="skipped-test",
    family="leftover",
    severity="medium",
    title="A test is switched off, and nobody can say until when",
    explanation=(
        "A test that is skipped without a condition, a ticket or a reason is never switched on "
        "again. Skip on a condition "
        "(`skipif`, a platform, a missing tool), or name what it waits for."
    ),
    bad=Example(
        "test_cart.py", "import pytest\n\n@pytest.mark.skip\ndef test_total():\n    assert total([1, 2]) == 3\n"
    ),
    good=Example(
        "test_cart.py",
        "import pytest\n\n@pytest.mark.skip(reason='waits for #412')\ndef test_total():\n    assert "
        "total([1, 2]) == 3\n",
    ),
    check=in_code(_look, _SIGNS, aside="same"),
)
