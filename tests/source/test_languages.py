"""The language of a file: by name, by extension, by its `#!` line, and headers by their text."""

from __future__ import annotations

import pytest

from localdev.source.languages import language_of, languages
from localdev.source.parse import parse_file
from localdev.source.parse_grammar import grammar


@pytest.mark.parametrize(
    ("path", "first_line", "language"),
    [
        ("a/b.py", "", "python"),
        ("a/b.pyi", "", "python"),
        ("SConstruct", "", "python"),
        ("web/App.JSX", "", "javascript"),
        ("web/app.d.ts", "", "typescript"),
        ("web/App.tsx", "", "tsx"),
        ("x.cjs", "", "javascript"),
        ("main.go", "", "go"),
        ("lib.rs", "", "rust"),
        ("A.java", "", "java"),
        ("a.h", "", "c"),
        ("a.hpp", "", "cpp"),
        ("A.cs", "", "c_sharp"),
        ("Rakefile", "", "ruby"),
        ("app.gemspec", "", "ruby"),
        ("index.phtml", "", "php"),
        ("bin/tool", "#!/usr/bin/env python3", "python"),
        ("bin/tool", "#!/usr/bin/python3.11 -u", "python"),
        ("bin/tool", "#!/usr/bin/env -S FOO=1 node --harmony", "javascript"),
        ("bin/tool", "#! /usr/local/bin/ruby", "ruby"),
        ("bin/tool", "#!/usr/bin/env whatever", "text"),
        ("build", "#!/bin/sh -e", "bash"),
        ("BUILD", "load(':a.bzl', 'a')", "starlark"),
        ("Rakefile", "#!/usr/bin/env rake", "ruby"),
        ("run.py", "#!/bin/sh", "python"),
        ("bin/tool", "print('no shebang')", "text"),
        ("LICENSE", "", "text"),
        ("notes.unknown", "", "text"),
        (".gitignore", "", "text"),
        ("CMakeLists.txt", "", "cmake"),
        ("a.tar.zig.txt", "", "text"),
        ("guide.rst", "", "restructuredtext"),
    ],
)
def test_language_of(path: str, first_line: str, language: str) -> None:
    """A name, an extension, a `#!` line count in this order, but a `#!` line first where there is no extension."""
    assert language_of(path, first_line) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("int add(int a, int b);\n", "c"),
        ("typedef struct a { int class; } a;\n", "c"),
        ("/* a class Foo: in words */\n#define X\n", "c"),
        ("/* Draw\n   using the pen. */\nint a;\n", "c"),
        ("using Names = int;\n", "cpp"),
        ("namespace a {\nint x;\n}\n", "cpp"),
        ("class Box {\n};\n", "cpp"),
        ("  template <typename T> T id(T);\n", "cpp"),
        ("inline std::string name();\n", "cpp"),
    ],
)
def test_a_header_is_cpp_when_it_looks_like_it(text: str, language: str) -> None:
    """A `.h` file is C unless a line begins like C++."""
    assert parse_file("lib/a.h", text).language == language


@pytest.mark.parametrize(("text", "language"), [("<?php\nrun();\n", "php"), ("CASE(add, 1)\n", "text")])
def test_an_included_file_is_php_when_it_looks_like_it(text: str, language: str) -> None:
    """Other languages call what they include `.inc`, too."""
    assert parse_file("lib/a.inc", text).language == language


def test_extensions_belong_to_one_language() -> None:
    """No two languages claim the same extension, file name or interpreter."""
    claimed: dict[str, str] = {}
    for language in languages().values():
        for mark in (*language.extensions, *language.filenames, *(f"#!{name}" for name in language.interpreters)):
            assert claimed.setdefault(mark, language.name) == language.name
            assert mark == mark.lower() or mark.startswith("#!")


@pytest.mark.parametrize("name", sorted(name for name, row in languages().items() if row.grammar))
def test_every_query_compiles(name: str) -> None:
    """The query of every language with a grammar fits that grammar."""
    loaded = grammar(name)
    assert loaded is not None
    assert loaded.query.pattern_count > 0
