"""Which changes of parameters others have to follow: rows of languages, before and after."""

from __future__ import annotations

import pytest

from localdev.assistant.commit.symbols import symbol_changes
from tests.rules.changing import change_of


@pytest.mark.parametrize(
    ("path", "before", "after", "wanted"),
    [
        ("a.py", "def f(a): pass\n", "def f(a, b): pass\n", True),
        ("a.py", "def f(a): pass\n", "def f(a, b=1): pass\n", False),
        ("a.py", "def f(a): pass\n", "def f(a, *, b: int = 1, **more): pass\n", False),
        ("a.py", "def f(a): pass\n", "def f(a, *, b: int): pass\n", True),
        ("a.py", "def f(a, b=1): pass\n", "def f(a, b): pass\n", True),
        ("a.py", "def f(a, b=1): pass\n", "def f(a): pass\n", True),
        ("a.py", "def f(a, b=1): pass\n", "def f(a, *rest): pass\n", False),
        ("a.py", "def f(a): pass\n", "def f(c): pass\n", False),
        ("a.py", "def _f(a): pass\n", "def _f(a, b): pass\n", False),
        ("a.py", "class A:\n    def f(self): pass\n", "class A:\n    def f(self, a: dict[str, int]): pass\n", True),
        ("a.py", "def f():\n    def g(a): pass\n", "def f():\n    def g(a, b): pass\n", False),
        ("a.go", "package a\n\nfunc F(a int) {}\n", "package a\n\nfunc F(a int, b int) {}\n", True),
        ("a.go", "package a\n\nfunc F(a int) {}\n", "package a\n\nfunc F(a int, b ...int) {}\n", False),
        ("a.go", "package a\n\nfunc f(a int) {}\n", "package a\n\nfunc f(a int, b int) {}\n", False),
        ("a.rs", "pub fn f(a: u8) {}\n", "pub fn f(a: u8, b: u8) {}\n", True),
        ("a.rs", "fn f(a: u8) {}\n", "fn f(a: u8, b: u8) {}\n", False),
        ("a.ts", "export function f(a: A) {}\n", "export function f(a: A, b: (c: C) => D) {}\n", True),
        ("a.ts", "export function f(a: A) {}\n", "export function f(a: A, b?: B) {}\n", False),
        ("a.ts", "function f(a: A) {}\n", "function f(a: A, b: B) {}\n", False),
        ("a.ts", "export class A {\n  f(a) {}\n}\n", "export class A {\n  f(a, b) {}\n}\n", True),
        ("a.ts", "export class A {\n  private f(a) {}\n}\n", "export class A {\n  private f(a, b) {}\n}\n", False),
        ("A.java", "class A {\n  public void f(int a) {}\n}\n", "class A {\n  public void f() {}\n}\n", True),
        ("A.java", "class A {\n  void f(int a) {}\n}\n", "class A {\n  void f() {}\n}\n", False),
        ("A.cs", "class A {\n  public void F() {}\n}\n", "class A {\n  public void F(int a = 1) {}\n}\n", False),
        ("a.rb", "def f(a)\nend\n", "def f(a, b: 1)\nend\n", False),
        ("a.rb", "def f(a)\nend\n", "def f(a, b:)\nend\n", True),
        ("a.php", "<?php\nfunction f($a) {}\n", "<?php\nfunction f($a, $b) {}\n", True),
        ("a.php", "<?php\nfunction f($a) {}\n", "<?php\nfunction f($a, $b = 1) {}\n", False),
        ("a.c", "int f(int a) {\n}\n", "int f(int a, int b) {\n}\n", True),
        ("a.c", "static int f(int a) {\n}\n", "static int f(int a, int b) {\n}\n", False),
        ("a.c", "int f() {\n}\n", "int f(void) {\n}\n", False),
    ],
)
def test_what_others_have_to_follow(path: str, before: str, after: str, wanted: bool) -> None:
    """More to give, or fewer taken, of what others may call; defaults, other names and private functions do no harm."""
    found = symbol_changes(change_of({path: before}, {path: after}).files)
    assert any(each.breaks for each in found) == wanted, found
