"""Syntax errors that a change brings, in each language; and what a grammar cannot know."""

from __future__ import annotations

import pytest

from localdev.rules import syntax_error
from tests.rules.changing import findings

RULES = (syntax_error.RULE,)

BROKEN = [
    # (path, before, after, line that is told)
    ("a.py", "def f(x):\n    return x\n", "def f(x:\n    return x\n", 1),
    ("a.py", "if a:\n    b()\n", "if a:\nb()\n", 2),
    ("a.py", "x = 1\n", "x = 1\nprint 'x'\n", 2),
    ("a.py", "x = 1\n", "x = 1\nreturn x\n", 2),
    ("a.js", "function f() {\n  return 1;\n}\n", "function f() {\n  if (a) {\n  return 1;\n}\n", 2),
    ("a.js", "const a = { b: 1 };\n", "const a = { b: };\n", 1),
    ("a.jsx", "const a = <p>{x}</p>;\n", "const a = <p>{x</p>;\n", 1),
    ("a.ts", "const f = (x: number) => x;\n", "const f = (x: number => x;\n", 1),
    ("a.tsx", "const a = <p>{x}</p>;\n", "const a = <p>{x</p>;\n", 1),
    ("a.go", "package a\n\nfunc f() int { return 1 }\n", "package a\n\nfunc f() int { return (1 }\n", 3),
    ("a.rs", "fn f() -> i32 { 1 }\n", "fn f() -> i32 { 1 }}\n", 1),
    ("a.rs", "fn f() { let a = 1; g(a); }\n", "fn f() { let a = ; g(a); }\n", 1),
    ("A.java", "class A { int f() { return 1; } }\n", "class A { int f() { return 1 } }\n", 1),
    ("a.c", "int f(void) { return 1; }\n", "int f(void) { return 1; \n", 1),
    ("a.c", "int f(void) { return g(1); }\n", "int f(void) { return g(1; }\n", 1),
    ("a.cpp", "int A::f() { return 1; }\n", "int A::f() { return 1; }}\n", 1),
    ("a.cs", "class A { int F() { return 1; } }\n", "class A { int F() { return 1; }\n", 1),
    ("a.rb", "def f\n  1\nend\n", "def f\n  if a\n  1\nend\n", 2),
    ("a.php", "<?php\nfunction f() { return 1; }\n", "<?php\nfunction f() { return 1 }\n", 2),
    ("a.json", '{"a": 1}\n', '{"a": 1\n "b": 2}\n', 2),
    ("a.toml", "a = 1\n", "a = 1\nb = \n", 2),
    ("a.toml", "[a]\nx = 1\n", "[a]\nx = 1\n[a]\ny = 1\n", 3),
]


@pytest.mark.parametrize(("path", "before", "after", "line"), BROKEN)
def test_what_broke_is_told(path: str, before: str, after: str, line: int) -> None:
    """One finding at medium or above, on the line that broke it; none the other way round."""
    found = findings({path: before}, {path: after}, RULES)
    assert [each.severity in ("medium", "high") for each in found] == [True]
    assert found[0].line == line
    assert findings({path: after}, {path: before}, RULES) == []


NEW = [
    ("new.py", "def f(:\n    pass\n", True),
    ("new.js", "function f() {\n", True),
    ("new.json", '{"a": }\n', True),
    ("new.py", "def f[T](x: T) -> T:\n    return x\n\n\ntype A = int\n", False),
    ("new.py", 'x = f"{a[\'b\']} {"c"}"\n', False),
    ("new.c", "#define X {\nint f(void) X return 1; }\n", False),
    ("tsconfig.json", '{\n  // a comment\n  "a": [1, 2,],\n}\n', False),
    ("data.json", '{"a": 1}\n{"a": 2}\n', False),
    ("data.json", '{"a": 1,}\n', True),
    ("data.json", '{"a": ",}", "b": [1, 2]}\n', False),
    ("data.json", '{\n  // a comment\n  "a": 1,\n}\n', False),
    ("data.json5", '{"a": 1,}\n', False),
    ("data.jsonc", '{"a": 1,}\n', False),
    (".vscode/extensions.json", '{"a": 1,}\n', False),
    ("app/tsconfig.build.json", '{"a": 1,}\n', False),
    ("new.toml", "a = \n", True),
    ("new.toml", "a = 1\n", False),
    ("values.json", '{"a": {{ x }} }\n', False),
    ("notes.txt", "((((\n", False),
    ("empty.json", "", False),
]


@pytest.mark.parametrize(("path", "text", "told"), NEW)
def test_new_files(path: str, text: str, told: bool) -> None:
    """A new file that cannot be read is told; syntax newer than the interpreter, comments and macros are not."""
    found = findings({}, {path: text}, RULES)
    assert [each.severity in ("medium", "high") for each in found if each.severity != "low"] == [True] * told


def test_errors_that_were_there_are_left_alone() -> None:
    """A change elsewhere in a file that could not be read before brings no error."""
    broken = "function f( {\n}\nfunction g() {\n  return 1;\n}\n"
    assert findings({"a.js": broken}, {"a.js": broken.replace("1", "2")}, RULES) == []
    assert findings({"a.py": "print 'x'\n"}, {"a.py": "print 'x'\nprint 'y'\n"}, RULES) == []


def test_conditions_and_macros_of_c() -> None:
    """Brackets in branches of `#if` close once; what a macro hides is nobody's error."""
    before = "int f(void) {\n#ifdef A\n  if (a) {\n#else\n  if (b) {\n#endif\n  }\n  return 1;\n}\n"
    assert findings({"a.c": before}, {"a.c": before.replace("1", "2")}, RULES) == []
    after = '#ifdef __cplusplus\nextern "C" {\n#endif\n' + before + "#ifdef __cplusplus\n}\n#endif\n"
    assert findings({"a.c": before}, {"a.c": after}, RULES) == []
    assert findings({"a.h": "int f(void);\n"}, {"a.h": "int f(void) MY_ATTR(x, y);\n"}, RULES) == []
    assert len(findings({"a.c": before}, {"a.c": before.replace("  }\n  return", "  return")}, RULES)) == 1


def test_broken_on_purpose() -> None:
    """A test's own broken data is worth a remark at most."""
    assert [each.severity for each in findings({}, {"tests/data/invalid.json": "{"}, RULES)] == ["low"]
    assert [each.severity for each in findings({}, {"tests/data/bad_syntax.py": "def f(:\n"}, RULES)] == ["low"]
    assert findings({}, {"vendor/a.js": "function f() {\n"}, RULES) == []
