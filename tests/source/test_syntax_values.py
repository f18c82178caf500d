"""Assignments, what reaches a name, what is fixed, and texts put together out of pieces."""

from __future__ import annotations

import pytest

from localdev.source.syntax.assignments import assignments
from localdev.source.syntax.built import build
from localdev.source.syntax.calls import calls
from localdev.source.syntax.scopes import is_fixed, parameters_of, value_of
from localdev.source.syntax.tree import SyntaxTree, read_syntax
from localdev.source.syntax.values import Argument, members_of, string_of


def read(path: str, text: str) -> SyntaxTree:
    """Parse a text that has a grammar."""
    tree = read_syntax(path, text)
    assert tree is not None
    return tree


def argument(path: str, text: str) -> tuple[SyntaxTree, Argument]:
    """Give the first argument of the last call of `q`."""
    tree = read(path, text)
    return tree, [call for call in calls(tree) if call.last in ("q", "Q")][-1].arguments[0]


ASSIGNMENTS = [
    (
        "a.py",
        "a = 1\nb += 2\nc.d: int = 3\ne, f = 4, 5\n",
        "a=1 | b=2 | c.d=3 | e=4 | f=5",
    ),
    (
        "a.py",
        "with g() as a: pass\nfor b in c: pass\nd['k'] = {'m': 1}\n",
        "a=g() | b=c | d.k={'m': 1} | m=1",
    ),
    (
        "a.js",
        "let a = 1; el.innerHTML = b; c['k'] += 2; const {d, e: f} = g;",
        "a=1 | el.innerHTML=b | c.k=2 | d=g | f=g",
    ),
    (
        "a.ts",
        "const o: T = {verify: false}; class A { b = 1 }",
        "o={verify: false} | verify=false | b=1",
    ),
    (
        "a.tsx",
        "const a = <b dangerouslySetInnerHTML={{__html: c}} />;",
        "a=<b dangerouslySetInnerHTML={{__html: c}} /> | dangerouslySetInnerHTML={__html: c} | __html=c",
    ),
    (
        "a.go",
        "package p\nconst K = 1\nfunc f() { a, b := 2, 3; t.F = T{V: true}; for i, v := range w {} }",
        "K=1 | a=2 | b=3 | t.F=T{V: true} | V=true | i=w | v=w",
    ),
    (
        "a.rs",
        "const K: u8 = 1; fn f() { let mut a = 2; a += 3; s.t = O { v: 4 }; if let Some(z) = y {} }",
        "K=1 | a=2 | a=3 | s.t=O { v: 4 } | v=4 | z=y",
    ),
    (
        "A.java",
        "class A { int k = 1; void f() { this.x = 2; s += 3; for (T z : w) {} } }",
        "k=1 | this.x=2 | s=3 | z=w",
    ),
    (
        "a.c",
        '#define K "k"\nchar *c = "x", d[2] = {0};\nvoid f() { p->q = 1; n += 2; }',
        'K="k" | c="x" | d={0} | p.q=1 | n=2',
    ),
    (
        "a.cpp",
        "void f() { auto a = b + c; for (auto &z : w) {} T t = {.x = 1}; }",
        "a=b + c | z=w | t={.x = 1} | x=1",
    ),
    (
        "a.cs",
        "class A { string P { get; set; } = s; void F() { var p = new T { U = true }; V += w; } }",
        "P=s | p=new T { U = true } | U=true | V=w",
    ),
    (
        "a.rb",
        "a = 1\nb ||= 2\n@c = 3\nd << 4\nself.e = {k: 5}\nf, g = 6, 7\n",
        "a=1 | b=2 | @c=3 | d=4 | self.e={k: 5} | k=5 | f=6 | g=7",
    ),
    (
        "a.php",
        "<?php const K = 1; $a = 2; $b .= 3; $this->p = ['k' => 4]; foreach ($w as $z) {}",
        "K=1 | $a=2 | $b=3 | $this.p=['k' => 4] | k=4 | $z=$w",
    ),
]


@pytest.mark.parametrize(("path", "text", "expected"), ASSIGNMENTS)
def test_assignments_are_alike_in_every_language(path: str, text: str, expected: str) -> None:
    """Declarations, assignments to properties and elements, members of objects, loops and unpacking."""
    found = [f"{each.target}={each.value.text}" for each in assignments(read(path, text))]
    assert " | ".join(found) == expected


FIXED = [
    ("a.py", "K = 'a'\ndef f():\n    s = K + 'b'\n    q(s)\n", True),
    ("a.py", "def f(x):\n    s = 'a'\n    if x:\n        s = x\n    q(s)\n", False),
    ("a.py", "def f(x=None):\n    if not x:\n        x = 'a'\n    q(x)\n", False),
    ("a.py", "def f(x):\n    s = x\n    s = 'a'\n    q(s)\n", True),
    ("a.py", "q(['a', -1, {'b': None}, 'a' if c else 'b'])\n", True),
    ("a.py", "def f(TABLE):\n    q(TABLE)\n", False),
    ("a.py", "from c import TABLE\nq(TABLE)\n", True),
    ("a.py", "class A:\n    t = 'a'\n    def f(self):\n        q(self.t)\n", True),
    ("a.js", "const K = 'a'; function f() { q(`${K} b`); }", True),
    ("a.js", "let s = 'a'; s += x; items.forEach(() => q(s));", False),
    ("a.go", 'package p\nconst K = "a"\nfunc f() { q([]string{"a", K}) }', True),
    ("a.rs", 'const K: &str = "a"; fn f() { let s = K; q(&s) }', True),
    ("A.java", 'class A { static final String T = "t"; void f() { q(new String[]{"a", T}); } }', True),
    ("a.c", 'void f() { char b[9] = "a"; q(b); }', False),
    ("a.c", '#define K "a"\nvoid f() { const char *b = K; q(b); }', True),
    ("a.cs", 'class A { const string K = "a"; void F() { q($"{K}"); } }', True),
    ("a.rb", "def f(a)\n  q(a)\nend\n", False),
    ("a.rb", 'K = "a"\ndef f\n  q("#{K} b")\nend\n', True),
    ("a.php", "<?php const K = 'a'; function f() { $s = K . 'b'; q($s); }", True),
    ("a.php", "<?php function f($s) { q($s); }", False),
]


@pytest.mark.parametrize(("path", "text", "fixed"), FIXED)
def test_what_is_made_of_literals_alone_is_fixed(path: str, text: str, fixed: bool) -> None:
    """Through names, sums, lists and both ways of a condition; a parameter that may keep its value is not."""
    tree, value = argument(path, text)
    assert is_fixed(tree, value) is fixed


BUILT = [
    ("a.py", "def f(x):\n    s = 'a %s' % x\n    s += 'b'\n    q(s)\n", "a \0b"),
    ("a.py", "def f(x):\n    q('{} {}'.format('a', x))\n", "a \0"),
    ("a.py", "def f(n, x):\n    q('%d %s' % (n, x))\n", "0 \0"),
    ("a.js", "function f(x) { const p = ['a']; p.push(x); q(p.join(' ')); }", "a \0 "),
    ("a.ts", "const f = (x: string) => q('a'.concat(`b${x}`));", "ab\0"),
    (
        "a.go",
        'package p\nfunc f(x T) { var b strings.Builder; b.WriteString("a"); b.WriteString(x); q(b.String()) }',
        "a\0",
    ),
    ("a.go", 'package p\nfunc f(x string) { q(fmt.Sprintf("%s %d", x, n)) }', "\0 0"),
    ("a.rs", 'fn f(x: &str) { let s = format!("a {x} {}", 1); q(&s) }', "a \0 1"),
    (
        "A.java",
        'class A { void f(T x) { var b = new StringBuilder("a"); b.append(x).append("c"); q(b.toString()); } }',
        "a\0c",
    ),
    ("a.c", 'void f(char *x) { char b[9]; strcpy(b, "a"); strcat(b, x); q(b); }', "a\0"),
    ("a.cpp", 'void f(std::string x) { q(("a" + x).c_str()); }', "a\0"),
    ("a.cs", 'class A { void F(string x) { q(string.Format("a {0}", x)); } }', "a \0"),
    ("a.rb", "def f(x)\n  q(<<~S)\n    a #{x}\n  S\nend\n", "a \0"),
    ("a.php", '<?php function f($x) { $s = "a"; $s .= sprintf("b %s", (int) $x); q($s . $x); }', "ab 0\0"),
]


@pytest.mark.parametrize(("path", "text", "expected"), BUILT)
def test_texts_are_put_together_out_of_pieces(path: str, text: str, expected: str) -> None:
    """Sums, templates, formats, joins, builders and buffers; numbers cannot carry anything."""
    tree, value = argument(path, text)
    assert expected in build(tree, value).text


def test_a_name_is_followed_to_the_one_value_it_has() -> None:
    """With two values, or none in this file, the name stays."""
    tree, value = argument("a.py", "def f():\n    a = g(1)\n    b = a\n    q(b)\n")
    assert value_of(tree, value).text == "g(1)"
    tree, value = argument("a.py", "def f(c):\n    a = 1\n    if c:\n        a = 2\n    q(a)\n")
    assert value_of(tree, value).text == "a"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "def f(self, a, b: int = 1, *c, **d):\n    q(1)\n"),
        ("a.ts", "function f(a: T, {b, x: c}: U, ...d: V[]) { q(1); }"),
        ("a.go", "package p\nfunc (s *S) f(a, b string, c int, d ...T) { q(1) }"),
        ("a.rs", "fn f(&self, a: &str, mut b: T, (c, d): (U, V)) { q(1); }"),
        ("A.java", "class A { void f(@X String a, final T b, int c, U... d) { q(1); } }"),
        ("a.c", "void f(char *a, const T b, int c[], U **d) { q(1); }"),
        ("a.cs", "class A { void F([X] string a, int b = 1, ref T c, params U[] d) { q(1); } }"),
        ("a.rb", "def f(a, b = 1, *c, d: 2)\n  q(1)\nend\n"),
        ("a.php", "<?php function f($a, T $b = 1, &$c, ...$d) { q(1); }"),
    ],
)
def test_parameters_come_from_outside(path: str, text: str) -> None:
    """Their names, without types, defaults and the object itself."""
    tree, value = argument(path, text)
    assert {each.lstrip("$") for each in parameters_of(tree, value.node)} == {"a", "b", "c", "d"}


def test_members_and_texts_are_read() -> None:
    """An object's members by name, and what stands between quotes."""
    tree, value = argument("a.js", "q({shell: true, 'a-b': `x`});")
    members = members_of(tree, value.node)
    assert {name: each.text for name, each in members.items()} == {"shell": "true", "a-b": "`x`"}
    assert string_of(tree, members["a-b"].node) == "x"
    assert string_of(tree, members["shell"].node) is None


def test_deep_and_broken_text_is_no_trouble() -> None:
    """A sum of a thousand terms and text that makes no sense are read to some depth, quickly."""
    tree, value = argument("a.py", "def f(x):\n    q(" + " + ".join(["'a'"] * 2000) + " + x)\n")
    assert build(tree, value).text
    assert calls(read("a.js", "f(((((`${" * 300)) is not None
