"""Which symbol a proposal is for, and what its syntax says of it."""

from __future__ import annotations

import pytest

from localdev.assistant.gen.signature import signature_of
from localdev.assistant.gen.target import find_target
from localdev.core.errors import LocaldevError, NotFound, UsageError
from tests.gen_files import MemoryFiles, only

CODE = """class Session:
    @property
    def name(self): return "x"

    def get(self, url): ...

    class Pool:
        def get(self): ...


def fetch(url): ...
"""


def test_a_nested_method_is_found_by_its_qualified_name() -> None:
    """The whole of it is the target, decorators included."""
    _, target = only("app/http.py", CODE, "Session.name")
    assert target.symbol.qualified == "Session.name"
    assert target.code == '    @property\n    def name(self): return "x"'
    assert only("app/http.py", CODE, "Pool.get")[1].symbol.qualified == "Session.Pool.get"
    assert only("app/http.py", CODE, "Session::Pool::get")[1].symbol.start_line == 8


@pytest.mark.parametrize(
    ("written", "kind", "said", "hint"),
    [
        ("app/http.py", UsageError, "names no symbol", "PATH::symbol"),
        ("::get", UsageError, "names no symbol", "PATH::symbol"),
        ("app/http.py::get", UsageError, "may be any of 2", "app/http.py::Session.get@5"),
        ("app/http.py::fetsh", NotFound, "defines no fetsh", "did you mean fetch?"),
        ("app/http.py::Sesion.get", NotFound, "defines no", "Session.get"),
        ("app/http.py::get@99", NotFound, "defines no get@99", "Session.get"),
        ("app/htp.py::fetch", NotFound, "no source file app/htp.py", "app/http.py"),
        ("app::fetch", UsageError, "app cannot be read as code", "name a file of source code"),
        ("http.py::fetch", NotFound, "no source file http.py", "did you mean app/http.py?"),
        ("notes.txt::fetch", UsageError, "not one whose syntax", "source code"),
    ],
)
def test_what_names_no_symbol_is_refused_with_the_nearest(
    written: str, kind: type[LocaldevError], said: str, hint: str
) -> None:
    """A missing or ambiguous name says what could be meant."""
    files = MemoryFiles({"app/http.py": CODE, "notes.txt": "words"})
    with pytest.raises(kind) as raised:
        find_target(files, written)
    assert said in str(raised.value)
    assert hint in raised.value.hint


def test_one_of_several_is_named_by_its_line() -> None:
    """Definitions of one name are told apart by the line they start on."""
    assert only("app/http.py", CODE, "get@8")[1].symbol.qualified == "Session.Pool.get"


ROWS = [
    ("a.py", "async def f(a, *args, b: int = 3, **kw) -> str:\n    if a < 0:\n        raise ValueError(a)", "f",
     "a args:rest b:keyword=3 kw:keywords -> str ValueError(a < 0)"),
    ("a.py", "class A:\n    @staticmethod\n    def f(self, x): return x", "A.f", "self x -> ?"),
    ("a.py", "def f():\n    def inner():\n        raise KeyError()\n    return inner", "f", "-> ?"),
    ("a.js", "exports.f = function (a, b = 1, ...c) { throw new TypeError('x') };", "f", "a b=1 c:rest TypeError()"),
    ("a.js", "const f = ({ a, b }) => a;", "f", "options -> ?"),
    ("a.ts", "export class A { m(a: number, b?: string): string { return b; } }", "A.m", "a b -> string"),
    ("a.go", "package a\nfunc (a *A) M(x, y int) (string, error) { return \"\", nil }", "M", "x y -> (string, error)"),
    ("a.rs", "impl A { pub fn m(&self, x: u8) -> Option<u8> { None } }", "A.m", "x -> Option<u8>"),
    ("A.java", "class A { int m(int a, String... b) throws IOException { return 1; } }", "A.m",
     "a b:rest -> int IOException()"),
    ("a.c", "char *f(int a, const char *b) { return 0; }", "f", "a b -> char *"),
    ("a.cpp", "template <class T> T f(const T& a) { return a; }", "f", "a -> T"),
    ("a.cs", "class A { public int M(int a, string b = \"\") { return 1; } }", "A.M", "a b -> int"),
    ("a.rb", "def m(a, b = 1, *c, d:, **e, &f)\n  raise ArgumentError, 'x' if a\nend", "m",
     "a b=1 c:rest d:keyword e:keywords f:block -> ? ArgumentError(a)"),
    ("a.php", "<?php\nfunction m(int $a, ?string $b = null): ?string { throw new \\Exception('x'); }", "m",
     "a b=null -> ?string Exception()"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "code", "name", "expected"), ROWS, ids=[f"{row[0]}-{row[2]}" for row in ROWS])
def test_signatures_are_read_from_the_syntax(path: str, code: str, name: str, expected: str) -> None:
    """Parameters with how they are given, the result and what is raised, in every language."""
    signature = signature_of(only(path, code, name)[1])
    said = [
        each.name + (f":{each.kind}" if each.kind != "plain" else "") + (f"={each.default}" if each.default else "")
        for each in signature.parameters
    ]
    said += [f"-> {signature.returns or '?'}"] if signature.gives else []
    said += [f"{each.name}({each.when})" for each in signature.raises]
    assert " ".join(said) == expected
