"""Signatures that change under their callers, in ten languages; and changes that harm nobody."""

from __future__ import annotations

import pytest

from localdev.rules.signature import changed_signature
from tests.rules.changing import findings

RULES = (changed_signature.RULE,)
GO = "package m\n\nfunc New(a int) *T { return nil }\n"
GO_TWO = "package m\n\nfunc New(a int) (*T, error) { return nil, nil }\n"
ROWS = [
    # (path, before, after, caller's path, caller, is it left behind?)
    (
        "a/m.py",
        "def load(a, b):\n  pass\n",
        "def load(a):\n  pass\n",
        "a/u.py",
        "from a.m import load\nload(1, 2)\n",
        True,
    ),
    (
        "a/m.py",
        "def load(a, b=1):\n  pass\n",
        "def load(a, size=1):\n  pass\n",
        "a/u.py",
        "from a import m\nm.load(1, b=2)\n",
        True,
    ),
    (
        "a/m.py",
        "def load(a, b):\n  pass\n",
        "def load(b, a):\n  pass\n",
        "a/u.py",
        "from a import m\nm.load(x, y)\n",
        True,
    ),
    (
        "a/m.py",
        "def load(a, b):\n  pass\n",
        "def load(a, b, c=None):\n  pass\n",
        "a/u.py",
        "from a import m\nm.load(x, y)\n",
        False,
    ),
    (
        "a/m.py",
        "class Cart:\n  def total_price(self, a):\n    pass\n",
        "class Cart:\n  def total_price(self, a, b):\n    pass\n",
        "a/u.py",
        "def f(c):\n  return c.total_price(1)\n",
        True,
    ),
    (
        "a/m.py",
        "class Cart:\n  def __init__(self, a):\n    pass\n",
        "class Cart:\n  def __init__(self, a, b):\n    pass\n",
        "a/u.py",
        "from a.m import Cart\nc = Cart(1)\n",
        True,
    ),
    (
        "a/m.py",
        "class Cart:\n  def get(self, a):\n    pass\n",
        "class Cart:\n  def get(self, a, b):\n    pass\n",
        "a/u.py",
        "x = {}\nx.get(1)\n",
        False,
    ),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/m"\nfunc New() { f(T{m.New(1)}) }\n', True),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/m"\nfunc New() { a := m.New(1); a.x() }\n', True),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/m"\nfunc New() { m.New(1).x() }\n', True),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/m"\nfunc New() { a, err := m.New(1) }\n', False),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/m"\nfunc New() { m.New(1) }\n', False),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/m"\nfunc New() { f(m.New(1)) }\n', False),
    ("m.go", GO, GO_TWO, "w/u.go", 'package w\nimport "x.org/z"\nfunc New() { z.New(1).x() }\n', False),
    (
        "src/m.js",
        "export function load(a) {}\n",
        "export function load(a, b) { return b.size; }\n",
        "src/u.js",
        'import { load } from "./m.js";\nload(1);\n',
        True,
    ),
    (
        "src/m.ts",
        "export function load(a: string): void {}\n",
        "export function load(a: string, b: number): void {}\n",
        "src/u.ts",
        'import { load } from "./m";\nload("x");\n',
        True,
    ),
    (
        "src/m.ts",
        "export function load(a: string): void {}\n",
        "export function load(a: string, b?: number): void {}\n",
        "src/u.ts",
        'import { load } from "./m";\nload("x");\n',
        False,
    ),
    (
        "lib/only.js",
        "module.exports = (obj, keys) => keys.map(k => obj[k])\n",
        "module.exports = (keys, obj) => keys.map(k => obj[k])\n",
        "lib/u.js",
        "const only = require('./only.js')\nonly(this, ['a'])\n",
        True,
    ),
    (
        "lib/only.js",
        "module.exports = (obj, keys) => keys.map(k => obj[k])\n",
        "module.exports = (keys, obj, { nulls = false } = {}) => keys.map(k => obj[k])\n",
        "lib/deep/u.js",
        "const pick = require('../only')\npick(this, ['a'])\n",
        True,
    ),
    (
        "lib/only.js",
        "module.exports = (obj, keys) => keys.map(k => obj[k])\n",
        "module.exports = (keys, obj) => keys.map(k => obj[k])\n",
        "lib/u.js",
        "const only = require('only')\nonly(this, ['a'])\n",
        False,
    ),
    (
        "lib/load/index.js",
        "module.exports = function (path) { return read(path) }\n",
        "module.exports = function (path, mode) { return read(path, mode.flags) }\n",
        "lib/u.js",
        "const load = require('./load')\nload('a')\n",
        True,
    ),
    (
        "lib/m.js",
        "exports.load = function (path) { return read(path) }\n",
        "exports.load = function (path, mode) { return read(path, mode.flags) }\n",
        "lib/u.js",
        "const m = require('./m')\nm.load('a')\n",
        True,
    ),
    (
        "src/m.ts",
        "export default (a: string) => a;\n",
        "export default (a: string, b: number) => a;\n",
        "src/u.ts",
        'import make from "./m";\nmake("x");\n',
        True,
    ),
    (
        "src/m.ts",
        "export default function (a: string) { return a; }\n",
        "export default function (a: string, b: number) { return a; }\n",
        "src/u.ts",
        'import make from "./m";\nmake("x");\n',
        True,
    ),
    (
        "lib/cart.js",
        "function Cart() {}\nCart.prototype.addRow = function (row) { push(row) }\n",
        "function Cart() {}\nCart.prototype.addRow = function (row, count) { push(row, count.size) }\n",
        "lib/u.js",
        "const Cart = require('./cart')\nfunction f(cart) { cart.addRow(1) }\n",
        True,
    ),
    (
        "a/m.py",
        "def load(path, size=1):\n  return path\n",
        "def load(loader=None, path=None, size=1):\n  return path\n",
        "a/u.py",
        "from a.m import load\nload('x')\n",
        True,
    ),
    (
        "a/m.py",
        "def load(path, deep=False, size=1):\n  return path\n",
        "def load(path, size=1):\n  return path\n",
        "a/u.py",
        "from a.m import load\nload('x', True)\n",
        True,
    ),
    (
        "a/m.py",
        "def load(path, deep=False, size=1):\n  return path\n",
        "def load(path, size=1):\n  return path\n",
        "a/u.py",
        "from a.m import load\nload('x', size=2)\n",
        False,
    ),
    (
        "a/m.py",
        "def load(path, size=1):\n  return path\n",
        "def load(file, size=1):\n  return file\n",
        "a/u.py",
        "from a.m import load\nload('x', 2)\n",
        False,
    ),
    (
        "lib/m.js",
        "exports.load = function (path, done) { read(path, done) }\n",
        "exports.load = function (path, options, done) {\n"
        "  if (typeof options === 'function') { done = options; options = null }\n  read(path, done)\n}\n",
        "lib/u.js",
        "const m = require('./m')\nm.load('a', cb)\n",
        False,
    ),
    (
        "lib/m.js",
        "exports.load = function (path, done) { read(path, done) }\n",
        "exports.load = function (path, options = {}, done = null) { read(path, options, done) }\n",
        "lib/u.js",
        "const m = require('./m')\nm.load('a', cb)\n",
        True,
    ),
    (
        "src/m.php",
        "<?php\nfunction load($path, $size = 1) { return $path; }\n",
        "<?php\nfunction load($size = 1, $path = null) { return $path; }\n",
        "src/u.php",
        "<?php\nload('a', 2);\n",
        True,
    ),
    (
        "p/m.go",
        "package p\nfunc Load(a, b string) error { return nil }\n",
        "package p\nfunc Load(b, a string) error { return nil }\n",
        "q/u.go",
        'package q\nimport "x/p"\nfunc f() { p.Load("x", "y") }\n',
        True,
    ),
    (
        "p/m.go",
        "package p\nfunc Load(a string) error { return nil }\n",
        ("package p\nfunc Load(a string, b int) error { return nil }\n"),
        "q/u.go",
        'package q\nimport "x/p"\nfunc f() { p.Load("x") }\n',
        True,
    ),
    (
        "p/m.go",
        ("package p\nfunc (s *Store) Load(a string) error { return nil }\n"),
        ("package p\nfunc (s *Store) Load(a string, b int) error { return nil }\n"),
        "p/u.go",
        'package p\nfunc f(store *Store) { store.Load("x") }\n',
        True,
    ),
    (
        "src/m.rs",
        "pub fn load(a: i32) -> i32 { a }\n",
        "pub fn load(a: i32, b: &str) -> i32 { a }\n",
        "src/u.rs",
        "use crate::m::load;\nfn f() { load(1); }\n",
        True,
    ),
    (
        "src/m.rs",
        ("impl Store { pub fn load_all(&self, a: i32) -> i32 { a } }\n"),
        ("impl Store { pub fn load_all(&self, a: i32, b: &str) -> i32 { a } }\n"),
        "src/u.rs",
        "fn f(s: Store) { s.load_all(1); }\n",
        True,
    ),
    (
        "src/M.java",
        "class M { static int load(int a) { return a; } }\n",
        "class M { static int load(int a, int b) { return a; } }\n",
        "src/U.java",
        "class U { void f() { M.load(1); } }\n",
        True,
    ),
    (
        "src/M.java",
        "class M { M(int a) { } }\n",
        "class M { M(int a, int b) { } }\n",
        "src/U.java",
        "class U { void f() { new M(1); } }\n",
        True,
    ),
    (
        "src/m.c",
        "int load_all(int a) { return a; }\n",
        "int load_all(int a, int b) { return a; }\n",
        "src/u.c",
        "int f(void) { return load_all(1); }\n",
        True,
    ),
    (
        "src/m.cpp",
        "int Store::loadAll(int a) { return a; }\n",
        "int Store::loadAll(int a, int b) { return a; }\n",
        "src/u.cpp",
        "int f(Store& s) { return s.loadAll(1); }\n",
        True,
    ),
    (
        "src/M.cs",
        ("class M { public static int LoadAll(int a) { return a; } }\n"),
        ("class M { public static int LoadAll(int a, int b) { return a; } }\n"),
        "src/U.cs",
        "class U { int F() { return M.LoadAll(1); } }\n",
        True,
    ),
    (
        "lib/m.rb",
        "class M\n  def load_all(a)\n  end\nend\n",
        "class M\n  def load_all(a, b:)\n  end\nend\n",
        "lib/u.rb",
        "def f(m)\n  m.load_all(1)\nend\n",
        True,
    ),
    (
        "lib/m.rb",
        "class M\n  def initialize(a)\n  end\nend\n",
        "class M\n  def initialize(a, b)\n  end\nend\n",
        "lib/u.rb",
        "def f\n  M.new(1)\nend\n",
        True,
    ),
    (
        "src/m.php",
        "<?php\nfunction load_all($a) {}\n",
        "<?php\nfunction load_all($a, $b) {}\n",
        "src/u.php",
        "<?php\nload_all(1);\n",
        True,
    ),
    (
        "src/M.php",
        "<?php\nclass M { public function loadAll($a) {} }\n",
        ("<?php\nclass M { public function loadAll(int $a, $b) {} }\n"),
        "src/u.php",
        "<?php\n$m->loadAll(1);\n",
        True,
    ),
    (
        "src/M.php",
        "<?php\nclass M { public function __construct($a) {} }\n",
        ("<?php\nclass M { public function __construct($a, $b) {} }\n"),
        "src/u.php",
        "<?php\nnew M(1);\n",
        True,
    ),
]


@pytest.mark.parametrize(("path", "before", "after", "caller", "text", "left"), ROWS)
def test_callers_left_behind(path: str, before: str, after: str, caller: str, text: str, left: bool) -> None:
    """The finding stands at the definition and names the caller."""
    found = findings({path: before, caller: text}, {path: after, caller: text}, RULES)
    assert bool(found) == left
    if left:
        assert found[0].path == path
        assert f"{caller}:" in found[0].message


LOAD = "def load(a):\n    return a\n"
USE = "from app.m import load\n\n\ndef f():\n    return load(1)\n"


def after(new: str, use: str = USE, **more: str) -> list[str]:
    """Give what is told when a function changes, with its caller as it is afterwards and other files."""
    beside = {path.replace("__", "/") + ".py": text for path, text in more.items()}
    old, left = {"app/m.py": LOAD, "app/u.py": USE, **beside}, {"app/m.py": new, "app/u.py": use, **beside}
    return [each.message for each in findings(old, left, RULES)]


def test_callers_that_follow_are_fine() -> None:
    """A caller that the same change brings up to date is not told."""
    assert after("def load(a, b):\n    return a\n", USE.replace("load(1)", "load(1, 2)")) == []
    assert after("def load(a, b):\n    return a\n", USE.replace("load(1)", "load(1, b=2)")) == []
    assert after("def load(a, b):\n    return a\n", USE.replace("load(1)", "load(*both)")) == []


def test_parameters_that_need_not_be_given_are_fine() -> None:
    """Defaults, any number of arguments, and annotations change nothing for callers."""
    for new in ("a, b=1", "a, *rest", "a, **more", "a: int", "a, *, b=None"):
        assert after(f"def load({new}):\n    return a\n") == []


def test_keyword_only_and_removed_parameters() -> None:
    """What has to be given by name, and what cannot be given any more, is told."""
    assert len(after("def load(*, a):\n    return a\n")) == 1
    assert len(after("def load():\n    return 1\n")) == 1


def test_a_name_that_is_defined_twice_tells_nothing() -> None:
    """Who calls which of two cannot be known without imports; a file that has its own calls its own."""
    own = "def load(a):\n    return a\n\n\nload(3)\n"
    assert after("def load(a, b):\n    return a\n", "load(1)\n", app__other=own) == []
    told = after("def load(a, b):\n    return a\n", app__other=own)
    assert len(told) == 1
    assert "app/other" not in told[0]


def test_many_callers_are_counted() -> None:
    """Three are named, the rest is a number."""
    use = USE + "    load(2)\n    load(3)\n    load(4)\n    load(5)\n"
    old, left = {"app/m.py": LOAD, "app/u.py": use}, {"app/m.py": "def load(a, b):\n    return a\n", "app/u.py": use}
    (found,) = findings(old, left, RULES)
    assert found.message.endswith("5 callers do not fit: app/u.py:5, app/u.py:6, app/u.py:7 and 2 more")
