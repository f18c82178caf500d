"""Documentation in a file's own form: the right place, line ends and indentation, and nothing else touched."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import failed
from localdev.assistant.gen.doc import DocJob, doc_job
from localdev.assistant.gen.doc_file import document_file
from localdev.assistant.gen.doc_text import DocText
from localdev.assistant.gen.rules_kept import RuleSet
from localdev.core.errors import NotFound, UsageError
from localdev.core.events import Event
from localdev.core.patch import Check, Proposal
from localdev.rules.leftovers.todos import RULE as TODO
from localdev.source.docs import clean_comment
from tests.gen_files import MemoryFiles, only

GOOGLE = (
    'def a(x):\n    """Take.\n\n    Args:\n        x: What.\n\n    Returns:\n        It.\n    """\n    return x\n\n\n'
)
NUMPY = GOOGLE.replace("Args:\n        x: What.", "Parameters\n    ----------\n    x : int").replace(
    "Returns:\n", "Returns\n    -------\n"
)
REST = 'def a(x):\n    """Take.\n\n    :param x: What.\n    :returns: It.\n    """\n    return x\n\n\n'
PLAIN = "".join(f'def a{n}():\n    """Do {n}."""\n\n\n' for n in range(3))
CODE = "def scale(size, by=2):\n    if not by:\n        raise ValueError(by)\n    return size * by\n"


def made(path: str, text: str, name: str) -> str:
    """Give the text with the documentation that the signature alone gives; it passed every check."""
    files, target = only(path, text, name)
    proposal = doc_job(files, target).floor()
    assert proposal.accepted, failed(proposal.checks)
    return proposal.edits[0].new or ""


PYTHON_FORMS = [
    (GOOGLE, "    Args:\n        size: TODO(docs)\n        by: `2` by default.\n\n    Returns:\n"
     "        `size * by`.\n"),
    (GOOGLE, "    Raises:\n        ValueError: When `not by`.\n    \"\"\"\n    if not by"),
    (NUMPY, "    Parameters\n    ----------\n    size\n        TODO(docs)\n    by\n        `2` by default.\n"),
    (REST, "    :param size: TODO(docs)\n    :param by: `2` by default.\n    :returns: `size * by`.\n"),
    (PLAIN, 'def scale(size, by=2):\n    """TODO(docs): say what it does."""\n    if not by'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), PYTHON_FORMS)
def test_python_is_documented_as_its_file_is(before: str, expected: str) -> None:
    """The form is learned from the other docstrings of the file."""
    assert expected in made("a.py", before + CODE, "scale")


def test_the_form_is_learned_from_the_repository_where_the_file_does_not_tell() -> None:
    """A file without documentation follows the others."""
    files = MemoryFiles({"app/a.py": CODE, "app/b.py": NUMPY})
    target = only("app/a.py", CODE, "scale")[1]
    assert "----------" in (doc_job(files, target).floor().edits[0].new or "")


PLACES = [
    ("a default that ends docstrings", "a.py", "def run(mark=\'\"\"\"\'):\n    pass\n", "run", "mark: TODO(docs)"),
    ("a default that ends comments", "a.js", "function run(kind = \'*/*\') {}\n", "run", "[kind] TODO(docs)\n"),
    ("one line", "a.py", "class A:\n    def f(self): return 1\n", "A.f",
     'f(self):\n        """TODO(docs): say what it does.\n\n        Returns:\n            `1`.\n'),
    ("a comment after the colon", "a.py", "def run():  # why\n    # first\n    pass\n", "run",
     'def run():  # why\n    """TODO(docs): say what it does."""\n    # first\n    pass'),
    ("decorated", "a.py", "@x\n@y(1)\nclass Big(Base):\n    a = 1\n", "Big",
     '@x\n@y(1)\nclass Big(Base):\n    """TODO(docs): say what it is for."""\n\n    a = 1'),
    ("no newline at the end", "a.py", "def run():\n    pass", "run",
     'def run():\n    """TODO(docs): say what it does."""\n    pass'),
    ("tabs", "a.py", "def run():\n\tpass\n", "run", 'def run():\n\t"""TODO(docs): say what it does."""\n\tpass\n'),
    ("CRLF", "a.py", "def run():\r\n    pass\r\n", "run",
     'def run():\r\n    """TODO(docs): say what it does."""\r\n    pass\r\n'),
    ("CRLF and a block", "a.js", "let a;\r\n\r\nexport function run(a) {\r\n}\r\n", "run",
     "let a;\r\n\r\n/**\r\n * TODO(docs): say what it does.\r\n *\r\n * @param {*} a TODO(docs)\r\n */\r\n"
     "export function run(a) {\r\n"),
    ("a byte order mark", "a.js", "\ufefffunction run() {}\n", "run",
     "\ufeff/** TODO(docs): say what it does. */\nfunction run() {}\n"),
    ("letters beyond ASCII", "a.py", "A = 'äöü €'\n\n\ndef run():\n    return 'ß'\n", "run",
     'does.\n\n    Returns:\n        `\'ß\'`.\n'),
    ("bytes that are no UTF-8", "a.js", "// \udce9\nfunction run() {}\n", "run",
     "// \udce9\n/** TODO(docs): say what it does. */\nfunction"),
    ("TypeScript", "a.ts", "export const add = (a: number, b = 1): number => a + b;\n", "add",
     "/**\n * TODO(docs): say what it does.\n *\n * @param a - of type `number`\n"
     " * @param b - `1` by default\n * @returns `a + b`, of type `number`\n"),
    ("a decorated method", "a.ts", "class A {\n  @dec()\n  run(): void {}\n}\n", "A.run",
     "class A {\n  /** TODO(docs): say what it does. */\n  @dec()\n  run()"),
    ("Go", "a.go", "package a\n\nfunc ParseAll(a string) error { return nil }\n", "ParseAll",
     "\n\n// ParseAll TODO(docs): say what it does.\nfunc ParseAll("),
    ("a Go directive", "a.go", "package a\n\n//go:noinline\nfunc Run() {}\n", "Run",
     "package a\n\n// Run TODO(docs): say what it does.\n//go:noinline\nfunc Run() {}"),
    ("a comment for a tool", "a.ts", "// eslint-disable-next-line no-x\nfunction run() {}\n", "run",
     "/** TODO(docs): say what it does. */\n// eslint-disable-next-line no-x\nfunction run"),
    ("one of a group", "a.go", "package a\n\ntype (\n\tA int\n\tB string\n)\n", "B",
     "\tA int\n\t// B TODO(docs): say what it is for.\n\tB string"),
    ("Rust with attributes", "a.rs", "#[inline]\npub fn run() {}\n", "run",
     "/// TODO(docs): say what it does.\n#[inline]\npub fn run() {}\n"),
    ("Java", "A.java", "class A {\n    @Override\n    public int getSize(int max) throws Odd { return 1; }\n}\n",
     "A.getSize",
     "    /**\n     * TODO(docs): say what it does.\n     *\n     * @param max of type `int`\n"
     "     * @return `1`, of type `int`\n"
     "     * @throws Odd TODO(docs)\n     */\n    @Override\n"),
    ("C++ templates", "a.cpp", "template <class T>\nT get(T a) { return a; }\n", "get",
     " */\ntemplate <class T>\nT get"),
    ("C with slashes", "a.c", "/// One.\nint a;\n/// Two.\nint b(void);\n/// Three.\nint c(void);\n"
     "/// Four.\nint e(void);\nint d(int x) { return x; }\n", "d",
     "/// TODO(docs): say what it does.\n///\n/// @param x of type `int`\n"),
    ("C#", "a.cs", "class A\n{\n    [Old]\n    public int Get(int a) { return a; }\n}\n", "A.Get",
     "    /// <summary>\n    /// TODO(docs): say what it does.\n    /// </summary>\n"
     "    /// <param name=\"a\">Of type `int`.</param>\n    /// <r"),
    ("Ruby", "a.rb", "# frozen_string_literal: true\ndef add(a)\n  a\nend\n", "add",
     "# frozen_string_literal: true\n# TODO(docs): say what it does.\n#\n# @param a [Object] TODO(docs)\n"
     "# @return [Object] TODO(docs)\ndef add"),
    ("PHP", "a.php", "<?php\nclass A {\n    public function get(?int $a): int { return 1; }\n}\n", "A.get",
     "     * @param ?int $a TODO(docs)\n     * @return int `1`\n     */\n    public function"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "name", "expected"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES]
)
def test_documentation_stands_in_the_right_place(path: str, text: str, name: str, expected: str) -> None:
    """Where the language wants it, indented and ended as its file is."""
    assert expected in made(path, text, name)


SHOWN = [
    ("a.py", "def f(a, *rest):\n    if a:\n        return True\n    return None\n", "f",
     "a: TODO(docs)\n        *rest: Further values.\n\n    Returns:\n        `True` or `None`.\n"),
    ("a.py", "def f(a: int):\n    found = a + 1\n    return found\n", "f",
     "a: Of type `int`.\n\n    Returns:\n        TODO(docs)\n"),
    ("a.py", "def f(a):\n    if a:\n        return a\n", "f", "Returns:\n        TODO(docs)\n"),
    ("a.py", "def f(a) -> Iterator[int]:\n    yield a\n", "f", "Yields:\n        Values one after the other, of type"),
    ("a.py", "class A:\n    def __init__(self):\n        pass\n", "A.__init__", '"""Create an `A`."""'),
    ("a.ts", "class A {\n  add(item: Item): this { return this; }\n}\n", "A.add",
     "   * @param item - of type `Item`\n   * @returns the object itself\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "name", "expected"), SHOWN)
def test_without_a_model_only_what_the_code_shows_is_said(path: str, text: str, name: str, expected: str) -> None:
    """Types, defaults and what is returned; a variable's name or an end without a value tells nothing."""
    assert expected in made(path, text, name)


@pytest.mark.parametrize(("path", "text", "name"), [row[1:4] for row in PLACES], ids=[row[0] for row in PLACES])
def test_marks_are_no_finding_of_a_review(path: str, text: str, name: str) -> None:
    """What is left to be filled in is said by the check, and is no forgotten note."""
    files, target = only(path, text, name)
    proposal = doc_job(files, target).floor()
    assert re.search(r"; \d places? (?:is|are) marked TODO\(docs\) for you to fill in$", proposal.checks[-1].detail)
    assert RuleSet([TODO], lambda found: found).brought(proposal.edits, files) == []


REPLACED = [
    ("a.py", "def f(a):\n    'old'\n    return a\n", "f", 'def f(a):\n    """Take it.'),
    ("a.js", "/**\n * Old.\n */\nfunction f() {}\n", "f", "/** Take it. */\nfunction f() {}\n"),
    ("a.js", "/** Other. */\n/* no doc */\nfunction f() {}\n", "f", "/** Other. */\n/* no doc */\n/** Take it. */\n"),
    ("a.go", "package a\n\n// f is\n// old.\n//\n//go:noinline\nfunc f() {}\n", "f",
     "package a\n\n// f take it.\n//go:noinline\nfunc f"),
    ("a.go", "package a\n\n// f is\n// old.\nfunc f() {}\n", "f", "package a\n\n// f take it.\nfunc f() {}\n"),
    ("a.rs", "/// Old\n/// one.\n#[inline]\n/// More.\nfn f() {}\n", "f", "/// Take it.\n#[inline]\nfn f() {}\n"),
    ("a.cs", "/// <summary>Old</summary>\r\nclass A {}\r\n", "A", "/// <summary>\r\n/// Take it.\r\n/// </s"),
    ("a.rb", "x = 1\n\n  # Old\n  # one.\n  def f; end\n", "f", "x = 1\n\n  # Take it.\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "name", "expected"), REPLACED)
def test_old_documentation_is_replaced(path: str, text: str, name: str, expected: str) -> None:
    """What documented the symbol before is gone, and what did not stays."""
    files, target = only(path, text, name)
    job = doc_job(files, target)
    edits = job.edits(DocText("take it"))
    assert failed(job.check(edits)) == ""
    assert expected in (edits[0].new or "")


def test_the_floor_never_takes_documentation_away() -> None:
    """Without a model there is nothing better to put in its place."""
    files, target = only("a.py", 'def f():\n    """Old."""\n', "f")
    with pytest.raises(NotFound, match="documented already"):
        doc_job(files, target).floor()


def test_a_symbol_without_a_place_is_refused() -> None:
    """Code before it on its line leaves no line for comments."""
    with pytest.raises(UsageError, match="behind other code"):
        doc_job(*only("a.js", "class A { m() {} }\n", "A.m"))
    with pytest.raises(UsageError, match="not known"):
        doc_job(*only("a.lua", "function f() end\n", "f"))


def test_a_model_words_only_what_the_signature_has() -> None:
    """The answer's form names the parameters, so none can be made up, and none is left out."""
    job = doc_job(*only("a.py", GOOGLE + CODE, "scale"))
    schema = job.schema()
    assert list(schema["properties"]) == ["summary", "details", "parameters", "returns", "raises"]
    assert list(schema["properties"]["parameters"]["properties"]) == ["size", "by"]
    edits = job.build(
        {
            "summary": "scale a size",
            "details": "Nothing is rounded.",
            "parameters": {"size": "in pixels", "by": "the factor"},
            "returns": "the new size",
            "raises": {"ValueError": "by is zero"},
        }
    )
    assert failed(job.check(edits)) == ""
    assert '"""Scale a size.\n\n    Nothing is rounded.\n\n    Args:\n        size: In pixels.\n' in (
        edits[0].new or ""
    )


@pytest.mark.parametrize(
    ("path", "text", "summary", "check"),
    [
        ("a.py", CODE, 'It """\n    import os\n    """ ends', "same code"),
        ("a.py", CODE, 'It """ is broken', "parses"),
        ("a.js", "function scale() {}\n", "All */ evil(); /* of it", "same code"),
        ("A.java", "class scale { }\n", "All */ class Evil {} /* of it", "same code"),
        ("a.php", "<?php\nfunction scale() {}\n", "All */ evil(); /* of it", "same code"),
    ],
)
def test_texts_that_break_out_of_the_comment_are_refused(path: str, text: str, summary: str, check: str) -> None:
    """Whatever a model writes, code never comes of it."""
    job = doc_job(*only(path, text, "scale"))
    details = summary if path == "a.py" else ""
    checks = job.check(job.build({"summary": summary if not details else "It", "details": details}))
    assert failed(checks) != ""
    assert check in [each.name for each in checks if not each.ok]


@pytest.mark.parametrize(
    "answer", [{}, {"summary": " . "}, {"summary": "x" * 500}, {"summary": "a\x07b"}, {"summary": 3}]
)
def test_empty_and_endless_texts_are_unfit(answer: dict[str, object]) -> None:
    """A summary is one sentence, of letters."""
    with pytest.raises(Unfit):
        doc_job(*only("a.py", CODE, "scale")).build(answer)


def test_text_with_backslashes_is_a_raw_docstring() -> None:
    """A backslash in a docstring is no escape."""
    job = doc_job(*only("a.py", CODE, "scale"))
    edits = job.build({"summary": "match \\d in it"})
    assert 'r"""Match \\d in it.' in (edits[0].new or "")
    assert failed(job.check(edits)) == ""
    assert clean_comment("x") == "x"


def whole_file(path: str, text: str, answers: dict[str, Proposal] | None = None) -> tuple[Proposal, list[str]]:
    """Document a file by its signatures (those in `answers` get that instead); gives also what was said."""

    def document(job: DocJob) -> Generator[Event, None, Proposal]:
        yield from ()
        return (answers or {}).get(job.target.symbol.name) or job.floor()

    running = document_file(MemoryFiles({path: text}), path, document)
    said: list[str] = []
    while True:
        try:
            event = next(running)
            said.append(getattr(event, "text", ""))
        except StopIteration as ended:
            return ended.value, said


def test_a_whole_file_is_documented() -> None:
    """All that is offered and silent, nested things and both sides of what is documented already."""
    text = (
        "def one(): pass\n\n\nclass Two:\n    def three(self): return 1\n\n    def _four(self): pass\n\n"
        '    def five(self):\n        """Kept."""\n\n\ndef _six(): pass\n\n\ndef seven():\n    def eight(): pass\n'
    )
    proposal, said = whole_file("a.py", text)
    assert proposal.accepted, failed(proposal.checks)
    assert said == []
    assert proposal.checks[-1].detail == "one, Two, Two.three, seven; 4 places are marked TODO(docs) for you to fill in"
    new = proposal.edits[0].new or ""
    assert new.count('"""') == 10
    assert '"""Kept."""' in new
    assert proposal.edits[0].old == text


def test_what_is_refused_in_a_file_is_left_out() -> None:
    """The others are still documented, and what was left out is said."""
    refused = Proposal((), (Check("parses", False, "it is broken"),), attempts=2)
    proposal, said = whole_file("a.js", "function one() {}\nfunction two() {}\n", {"one": refused})
    assert proposal.edits[0].new == "function one() {}\n/** TODO(docs): say what it does. */\nfunction two() {}\n"
    assert said == ["one is left out: parses: it is broken"]
    assert proposal.attempts == 2
    with pytest.raises(NotFound, match="is documented"):
        whole_file("a.js", "/** Runs. */\nfunction one() {}\nvar x;\n")
    with pytest.raises(NotFound, match="offers nothing"):
        whole_file("a.js", "var x;\n")
