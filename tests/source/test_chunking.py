"""Chunks: every non-blank line exactly once and in order, along the syntax, of a size that can be ranked and read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.core.code import Chunk, ParsedFile
from localdev.source.chunking import WHOLE_CHARACTERS
from localdev.source.languages import languages
from localdev.source.lines import PART_CHARACTERS
from localdev.source.parse import parse_file

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.txt"))
EXTENSIONS = sorted(row.extensions[0] for row in languages().values() if row.extensions)
# Pieces of many languages, whole and broken, and what editors, terminals and other systems leave in files.
SCRAPS = [
    "def f(x):\n    return x\n", "class A:\n", "class B {\n", "}\n", "function g() {\n", "fn h() -> u8 {\n",
    "/** doc */\n",
    "// note\n", "# note\n", "if (x) {\n", "end\n", "(((\n", ")\n", '"""', "'", "`", "<?php\n", "<div>\n", "x = 1\n",
    "const a = () => {\n", "#include <x>\n", "#if X\n", "@attr\n", "template <class T>\n", "é = '→𝄞'\n", "\f\n", "\x00",
    "\r", "\r\n", "\t", "\n\n\n", "\u2028", "\ufeff", "\x85", "key: value\n", "- item\n", "[section]\n", "## Title\n",
    "SELECT 1;\n", "{\n", "end;", "a" * 300 + "\n", "\ud800",
]  # fmt: skip


def assert_covers(parsed: ParsedFile, text: str) -> None:
    """Check that chunks are in order, hold their lines as they stand, and hold every non-blank line once."""
    rows = text.split("\n")
    last = 0
    for chunk in parsed.chunks:
        assert last < chunk.start_line <= chunk.end_line <= len(rows)
        assert all(not row.strip() for row in rows[last : chunk.start_line - 1])
        assert chunk.text == "\n".join(rows[chunk.start_line - 1 : chunk.end_line])
        assert chunk.text.strip()
        last = chunk.end_line
    assert all(not row.strip() for row in rows[last:])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_line_of_a_sample_is_in_one_chunk(sample: Path) -> None:
    """A sample, whole, halved and without its line end, is covered under its own and under foreign extensions."""
    text = sample.read_text("utf-8")
    for extension in (*languages()[sample.stem].extensions[:1], ".py", ".cpp", ".txt"):
        for part in (text, text[: len(text) // 2], text.rstrip("\n"), text.replace("\n", "\r\n")):
            assert_covers(parse_file(f"a{extension}", part), part)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_shuffled_lines_are_covered(extension: str) -> None:
    """Lines of all samples in random order are covered in every language."""
    lines = [line for sample in SAMPLES for line in sample.read_text("utf-8").split("\n")]
    chance = random.Random(extension)
    for size in (5, 60, 400):
        text = "\n".join(chance.choices(lines, k=size))
        assert_covers(parse_file(f"a{extension}", text), text)


@settings(max_examples=300, deadline=None)
@given(
    extension=st.sampled_from(EXTENSIONS), scraps=st.lists(st.sampled_from(SCRAPS) | st.text(max_size=20), max_size=40)
)
def test_garbage_is_covered(extension: str, scraps: list[str]) -> None:
    """Any text in any language is cut without an error, and no line is lost or doubled."""
    text = "".join(scraps)
    parsed = parse_file(f"src/a{extension}", text)
    assert_covers(parsed, text)
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    assert parsed.lines == lines
    assert all(1 <= one.start_line <= one.end_line <= max(lines, 1) for one in parsed.symbols)
    assert all(1 <= one.line <= lines for one in parsed.references)


def chunks_of(text: str, path: str = "a.py") -> list[Chunk]:
    """Parse and give the chunks."""
    parsed = parse_file(path, text)
    assert_covers(parsed, text)
    return list(parsed.chunks)


def function(name: str, statements: int, indent: str = "") -> str:
    """Write a Python function with a comment above it and one assignment a line (about 30 characters each)."""
    body = "".join(f"{indent}    value_{n} = compute({n}, {n})\n" for n in range(statements))
    return f"{indent}# Does {name}.\n{indent}def {name}(a):\n{body}\n\n"


def test_a_function_is_whole_with_its_documentation() -> None:
    """A function of sixty lines is one chunk that starts at the comment above it."""
    first, second = chunks_of(function("one", 60) + function("two", 60))
    assert (first.kind, first.symbol, first.signature, first.doc) == ("function", "one", "def one(a)", "Does one.")
    assert (first.start_line, first.end_line) == (1, 62)
    assert (second.symbol, second.start_line) == ("two", 65)


def test_a_long_function_is_cut_at_statements() -> None:
    """Each part has the symbol and signature; only the first has the documentation; no statement is torn."""
    statement = "    total = compute(\n        first,\n        second,\n    )\n"
    parts = chunks_of("# Sums.\ndef long(a):\n" + statement * 120)
    assert len(parts) > 2
    assert {(part.kind, part.symbol, part.signature) for part in parts} == {("function", "long", "def long(a)")}
    assert [part.doc for part in parts] == ["Sums."] + [""] * (len(parts) - 1)
    assert all(part.text.startswith("    total") for part in parts[1:])
    assert all(len(part.text) < 2 * PART_CHARACTERS for part in parts)


def test_a_long_function_gives_its_large_inner_functions_their_own_chunks() -> None:
    """A factory with big inner functions is cut at them; they are named by both."""
    text = (
        "def make():\n"
        + function("inner", 30, "    ")
        + "    x = 1\n"
        + function("other", 60, "    ")
        + "    return inner\n"
    )
    assert {"make.inner", "make.other"} <= {chunk.symbol for chunk in chunks_of(text)}


def test_the_end_of_a_long_function_stays_with_it() -> None:
    """A short rest after large inner functions is not given to the next function."""
    text = "def make():\n" + function("inner", 90, "    ") + "    return inner\n\n\n" + function("after", 40)
    chunks = chunks_of(text)
    assert chunks[-1].text.startswith("# Does after.")
    assert "return inner" in chunks[-2].text


def test_large_members_are_chunks_of_their_class() -> None:
    """A property with a long body is like a method; a long table in a class is part of the class."""
    work = "            Work(value, other, third);\n" * 40
    text = (
        f"class A {{\n    int Size {{\n        get {{\n{work}        }}\n    }}\n    void Run() {{\n{work}    }}\n}}\n"
    )
    found = [(chunk.kind, chunk.symbol) for chunk in chunks_of(text, "a.cs")]
    assert found == [("class", "A"), ("method", "A.Size"), ("method", "A.Run")]
    table = "TABLE = {\n" + "        'key': 'value',\n" * 60 + "    }\n"
    found = [(chunk.kind, chunk.symbol) for chunk in chunks_of(f"class A:\n    {table}\n" + function("f", 40, "    "))]
    assert found == [("class", "A"), ("class", "A.TABLE"), ("method", "A.f")]


def test_a_class_has_a_header_with_its_members() -> None:
    """A class too long for one chunk begins with a header that lists the signatures of all members."""
    text = (
        'class Box:\n    """Holds."""\n\n    size: int = 0\n\n'
        + function("put", 30, "    ")
        + function("get", 30, "    ")
    )
    header, put, get = chunks_of(text)
    assert (header.kind, header.symbol, header.doc) == ("class", "Box", "Holds.")
    assert header.members == ("size: int = 0", "def put(a)", "def get(a)")
    assert (header.start_line, header.end_line) == (1, 4)
    assert [(one.kind, one.symbol) for one in (put, get)] == [("method", "Box.put"), ("method", "Box.get")]


def test_a_short_class_is_one_chunk() -> None:
    """A class that fits is one chunk with its members."""
    (chunk,) = chunks_of("class A:\n    def f(self):\n        pass\n\n    def g(self):\n        pass\n")
    assert (chunk.kind, chunk.symbol, chunk.members) == ("class", "A", ("def f(self)", "def g(self)"))


def test_small_neighbours_share_chunks() -> None:
    """A hundred getters or constants are a few chunks, not a hundred."""
    getters = "".join(f"    def get_{n}(self):\n        return self.value_{n}\n\n" for n in range(100))
    chunks = chunks_of("class Row:\n" + getters)
    assert len(chunks) < 10
    assert all(len(chunk.members) > 1 for chunk in chunks[1:])
    assert len(chunks_of("".join(f"CONSTANT_{n} = {n}\n" for n in range(100)))) == 1


def test_a_small_definition_between_large_ones_stands_alone() -> None:
    """A short function is not glued to long neighbours: a hit on it shows it and nothing else."""
    chunks = chunks_of(function("one", 40) + "def tiny():\n    return 1\n\n\n" + function("two", 40))
    assert [chunk.symbol for chunk in chunks] == ["one", "tiny", "two"]


def test_imports_and_constants_are_a_preamble() -> None:
    """What stands before the first definition is a module chunk with the file's documentation."""
    text = (
        '"""About shops."""\n\n' + "".join(f"import library_number_{n}\n" for n in range(20)) + "\n" + function("f", 30)
    )
    preamble, rest = chunks_of(text)
    assert (preamble.kind, preamble.symbol, preamble.doc) == ("module", "", "About shops.")
    assert rest.symbol == "f"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.js", "class A {\n  run() {\n    go();\n  }\n}\n"),
        ("a.rb", "module M\n  class A\n    def f\n      1\n    end\n  end\nend\n"),
        (
            "a.cpp",
            "namespace a {\nnamespace b {\nint f() {\n  return 1;\n}\n}  // namespace b\n}  // namespace a\n#endif\n",
        ),
    ],
)
def test_closing_lines_are_no_chunks(path: str, text: str) -> None:
    """Brackets and ends go with what they close, even when the definitions are large."""
    chunks = chunks_of(text.replace("\n", " /* " + "x" * 90 + " */\n") if path == "a.cpp" else text, path)
    assert all(any(c.isalpha() for c in chunk.text.replace("end", "")) for chunk in chunks)
    assert len(chunks_of(text, path)) == 1


def test_namespaces_do_not_hide_what_is_inside() -> None:
    """A file that is one namespace is cut like a file."""
    body = "".join(f"  int function_{n}(int a) {{\n" + "    work(a);\n" * 40 + "  }\n\n" for n in range(4))
    chunks = chunks_of("namespace shop {\n" + body + "}\n", "a.cpp")
    assert [chunk.symbol for chunk in chunks] == [f"function_{n}" for n in range(4)]


def test_text_is_cut_at_paragraphs() -> None:
    """A text without syntax is cut at blank lines, and is no language that lacks a grammar."""
    paragraph = "word " * 60 + "\n" + "word " * 60 + "\n"
    parsed = parse_file("LICENSE", "\n".join([paragraph] * 10))
    assert_covers(parsed, "\n".join([paragraph] * 10))
    assert not parsed.line_chunked
    assert {chunk.kind for chunk in parsed.chunks} == {"lines"}
    assert all(chunk.text.count("\n") % 3 == 1 for chunk in parsed.chunks)


def test_code_without_a_grammar_is_counted() -> None:
    """A language we know but cannot parse is cut by lines, and said so."""
    text = "x <- function(a) a\n" * 400
    parsed = parse_file("a.R", text)
    assert_covers(parsed, text)
    assert (parsed.language, parsed.line_chunked, parsed.symbols) == ("r", True, ())
    assert all(len(chunk.text) <= WHOLE_CHARACTERS for chunk in parsed.chunks)


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n", "\f\n"])
def test_nothing_gives_no_chunks(text: str) -> None:
    """A file of blank lines has no chunks in any language."""
    for extension in EXTENSIONS:
        assert parse_file(f"a{extension}", text).chunks == ()
