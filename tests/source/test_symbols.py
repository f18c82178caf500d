"""Rules of definitions and references that no single sample shows: documentation, nesting, macros, names."""

from __future__ import annotations

import pytest

from localdev.core.code import Symbol
from localdev.source.docs import clean_comment, clean_docstring, is_licence
from localdev.source.parse import parse_file
from localdev.source.parse_macros import without_macros


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("// One.\n// Two.", "One.\nTwo."),
        ("/// One.\n///\n///   code", "One.\n\n  code"),
        ("//! About.", "About."),
        ("/**\n * One.\n *\n * @param a  it\n */", "One.\n\n@param a  it"),
        ("/** One. */", "One."),
        ("/* One.\n   Two. */", "One.\nTwo."),
        ("# One.\n# ----------\n# Two.", "One.\n\nTwo."),
        ("-- One.\n-- | Two.", "One.\nTwo."),
        ("# frozen_string_literal: true\n# One.", "One."),
        ("// eslint-disable-next-line\n// One.", "One."),
        ('/// <summary>\n/// Makes a <see cref="Box"/>.\n/// </summary>', "Makes a Box."),
        ("/****\n ***/", ""),
        ("", ""),
    ],
)
def test_comment_marks_go(comment: str, words: str) -> None:
    """Marks, rulers, lines for tools and common indentation go; the words and their own indentation stay."""
    assert clean_comment(comment) == words


@pytest.mark.parametrize(
    ("literal", "words"),
    [
        ('"""One.\n\n    Two.\n      three\n    """', "One.\n\nTwo.\n  three"),
        ("'''One.'''", "One."),
        ('r"""A \\d."""', "A \\d."),
        ('"One."', "One."),
        ('""""""', ""),
    ],
)
def test_docstring_quotes_go(literal: str, words: str) -> None:
    """Quotes, prefixes and indentation of a docstring go."""
    assert clean_docstring(literal) == words


def test_a_licence_is_no_documentation() -> None:
    """A licence at the top of a file documents neither the file nor the first definition."""
    assert is_licence("Copyright 2024 The Authors")
    parsed = parse_file("a.go", "// Copyright 2024 The Authors.\n// All rights reserved.\npackage a\n")
    assert parsed.chunks[0].doc == ""
    (symbol,) = parse_file("a.py", "# SPDX-License-Identifier: MIT\ndef f(): pass\n").symbols
    assert symbol.doc == ""


def only(path: str, text: str, qualified: str) -> Symbol:
    """Give the one definition of that qualified name."""
    (found,) = (one for one in parse_file(path, text).symbols if one.qualified == qualified)
    return found


@pytest.mark.parametrize(
    ("text", "doc"),
    [
        ("# One.\n# Two.\ndef f(): pass\n", "One.\nTwo."),
        ("# Elsewhere.\n\ndef f(): pass\n", ""),
        ("x = 1  # trailing\ndef f(): pass\n", ""),
        ("def g():\n    pass\n    # inside g\ndef f(): pass\n", ""),
        ("# Above.\n@a\n# Between.\n@b(\n    1\n)\ndef f(): pass\n", "Above."),
        ("#!/usr/bin/env python3\n# Runs.\ndef f(): pass\n", "Runs."),
        ('# Comment.\ndef f():\n    """Docstring."""\n', "Docstring."),
        ("def f():\n    x = 1\n    'no docstring'\n", ""),
    ],
)
def test_what_documents_a_python_function(text: str, doc: str) -> None:
    """Comments directly above, at the same indentation, over decorators; a docstring wins."""
    assert only("a.py", text, "f").doc == doc


def test_a_blank_line_after_a_documentation_block() -> None:
    """`/** */` documents across one blank line; another comment does not."""
    assert only("a.js", "/** Runs. */\n\nfunction f() {}\n", "f").doc == "Runs."
    assert only("a.js", "// Runs.\n\nfunction f() {}\n", "f").doc == ""


def test_decorators_belong_to_their_own_definition() -> None:
    """A decorated class whose last method ends with it: each starts at its own first decorator."""
    text = "@one\nclass A:\n    @two\n    @three\n    def f(self):\n        pass\n"
    spans = [(one.qualified, one.start_line, one.end_line) for one in parse_file("a.py", text).symbols]
    assert spans == [("A", 1, 6), ("A.f", 3, 6)]


def test_local_variables_are_no_symbols() -> None:
    """Variables and declarations inside functions are not listed; module variables are."""
    text = "int a = 1;\nint f(void) {\n  int b = 2;\n#ifdef X\n  int c = 3;\n#endif\n  Box d(b);\n  return b;\n}\n"
    assert [one.name for one in parse_file("a.cpp", text).symbols] == ["a", "f"]


def test_plain_names_count_when_they_are_known_or_capital() -> None:
    """Of the names used as values, local ones are left out."""
    text = "from a import handler\ndef f(x):\n    y = 1\n    return run(x, y, handler, f, Box)\n"
    names = [one.name for one in parse_file("a.py", text).references if one.kind == "name"]
    assert names == ["handler", "f", "Box"]


def test_signatures_are_one_line_of_bounded_length() -> None:
    """A signature over many lines is folded, its comments and annotations go, and a huge one is cut."""
    text = '@Inject\n@Named("x")\npublic void run(\n    int a, // first\n    /* second */ int b\n) {}\n'
    assert only("A.java", "class A {\n" + text + "}\n", "A.run").signature == "public void run(int a, int b)"
    table = only("a.py", "TABLE = {\n" + "    'key': 'value',\n" * 500 + "}\n", "TABLE")
    assert len(table.signature) <= 200
    assert "\n" not in table.signature


def test_long_names_of_deep_nesting_stay_short() -> None:
    """Ten thousand classes in each other do not give names of ten thousand parts."""
    parsed = parse_file("a.js", "class A {\n" * 3000 + "}" * 3000)
    assert all(len(one.qualified) < 50 for one in parsed.symbols)


def test_macros_do_not_hide_a_class() -> None:
    """Export macros, namespace macros and attributes keep neither a class nor what follows from being read."""
    text = (
        "LIB_BEGIN_NAMESPACE\nLIB_BEGIN\nclass LIB_API(x) Box {\n public:\n  LIB_API ~Box();\n};\nLIB_END\nint f();\n"
    )
    found = [(one.kind, one.qualified, one.start_line) for one in parse_file("a.hpp", text).symbols]
    assert found == [("class", "Box", 3), ("method", "Box.~Box", 5), ("function", "f", 8)]


def test_a_macro_around_the_type_does_not_hide_a_function() -> None:
    """`API_PUBLIC(int *) name(...)` is a function, shown as it is written."""
    text = "API_PUBLIC(void) first(int a);\nAPI_PUBLIC(char *) second(void)\n{\n}\nint STDAPI_CALL third(void);\n"
    assert [(one.kind, one.signature) for one in parse_file("a.c", text).symbols] == [
        ("function", "API_PUBLIC(void) first(int a)"),
        ("function", "API_PUBLIC(char *) second(void)"),
        ("function", "int STDAPI_CALL third(void)"),
    ]


def test_members_of_a_type_literal_are_nested() -> None:
    """What an object type declares belongs to the type's name; anonymous types inside others declare nothing."""
    text = "type Box<T> = {\n  size: number\n  open(by: T): void\n}\ntype Has<S> = S extends { run(): void } ? 1 : 2\n"
    found = [(one.kind, one.qualified) for one in parse_file("a.ts", text).symbols]
    assert found == [("type", "Box"), ("property", "Box.size"), ("method", "Box.open"), ("type", "Has")]


@pytest.mark.parametrize(
    "text",
    [
        b"enum a {\n  FIRST_ONE,\n  LAST_ONE\n};\n",
        b"#define CLASS class LIB_API Box\n",
        b"int a = FIRST |\n  LAST_ONE\n;\n",
        b"SIZE_T n;\n",
        b"RUN_TEST(a)\n{\n}\n",
    ],
)
def test_what_only_looks_like_such_a_macro_stays(text: bytes) -> None:
    """Enumerators, directives, operands, types and test macros are left alone."""
    assert without_macros(text) == text


def test_blanked_text_keeps_its_length() -> None:
    """Offsets in the blanked text are offsets in the original."""
    text = b"NS_BEGIN(x)\nclass LIB_API Box {};\nif CONSTEXPR_IF (a) {}\n"
    assert len(without_macros(text)) == len(text)
    assert without_macros(text).split() == [b"class", b"Box", b"{};", b"if", b"(a)", b"{}"]
