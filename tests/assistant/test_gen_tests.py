"""Tests of a symbol in the project's framework and layout: where they go, how they look, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import failed
from localdev.assistant.gen.target import find_target
from localdev.assistant.gen.test import JobOfTests, job_of_tests
from localdev.core.errors import UsageError
from tests.gen_files import MemoryFiles

PY = (
    "from shop.money import Money\n\n\ndef price(a: int, b: str = 'x') -> bool:\n"
    "    if a < 0:\n        raise ValueError(a)\n    return True\n"
)
PKG = {"src/shop/__init__.py": "", "src/shop/money.py": "class Money:\n    def add(self, other): return other\n"}
POM = "<project><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId></project>"
JAVA = (
    "package p.q;\n\npublic class Cart {\n    public int size(String of, long max) { return 1; }\n"
    "    private void no() {}\n}\n"
)
GO = 'package cart\n\nimport "time"\n\nfunc Wait(d time.Duration, names ...string) (int, error) { return 0, nil }\n'
RUST = "pub struct Cart;\n\nimpl Cart {\n    pub fn size(&self, max: usize) -> usize { max }\n}\n"
TS = "export function total(items: number[], by?: string): number {\n  return 1;\n}\n"


def job(texts: dict[str, str], target: str) -> JobOfTests:
    """Prepare tests of a symbol in a tree."""
    files = MemoryFiles(texts)
    return job_of_tests(files, find_target(files, target))


def made(texts: dict[str, str], target: str) -> tuple[str, str]:
    """Give path and text of the file with blank tests, which passed every check."""
    proposal = job(texts, target).floor()
    assert proposal.accepted, failed(proposal.checks)
    return proposal.edits[0].path, proposal.edits[0].new or ""


def test_python_with_pytest_beside_the_other_tests() -> None:
    """One blank test for each behaviour that the signature shows, in the project's folder and framework."""
    texts = {**PKG, "src/shop/price.py": PY, "tests/shop/test_money.py": "import pytest\n\n\ndef test_a():\n    pass\n"}
    path, text = made(texts, "src/shop/price.py::price")
    assert path == "tests/shop/test_price.py"
    assert text == (
        "import pytest\n\nfrom shop.price import price\n\n\n"
        '@pytest.mark.skip(reason="to be filled in: the values and what is expected")\n'
        "def test_price_true() -> None:\n    result = price(a=...)\n    assert result is True\n\n\n"
        '@pytest.mark.skip(reason="to be filled in: the values and what is expected")\n'
        "def test_price_false() -> None:\n    result = price(a=...)\n    assert result is False\n\n\n"
        '@pytest.mark.skip(reason="to be filled in: the values and what is expected")\n'
        "def test_price_raises_value_error() -> None:\n"
        "    with pytest.raises(ValueError):\n        price(a=...)\n"
    )


def test_python_is_added_to_the_file_of_the_module() -> None:
    """Imports go to the others, tests behind the last one but before what runs the file; CRLF stays."""
    old = (
        '"""Tests."""\n\nimport unittest\nfrom shop import money\n\n\nclass A(unittest.TestCase):\n'
        "    def test_a(self):\n        self.assertTrue(money)\n\n\nif __name__ == '__main__':\n    unittest.main()\n"
    )
    texts = {**PKG, "tests/test_money.py": old.replace("\n", "\r\n")}
    path, text = made(texts, "src/shop/money.py::Money.add")
    assert path == "tests/test_money.py"
    assert "from shop import money\r\nfrom shop.money import Money\r\n" in text
    assert "class MoneyAddTest(unittest.TestCase):\r\n" in text
    assert text.index("MoneyAddTest") < text.index("__main__")
    assert text.replace("\r\n", "").count("\n") == 0


LEGACY = "'use strict';\nmodule.exports = { total };\nfunction total(a) { return a; }\n"
SCRIPT = [
    ({"package.json": '{"devDependencies": {"vitest": "1"}}', "src/a.ts": TS, "src/b.test.ts": "test('x', f);\n"},
     "src/a.ts", "src/a.test.ts",
     "import { expect, test } from 'vitest';\nimport { total } from './a';\n\ntest.skip('total',"),
    ({"package.json": '{"devDependencies": {"jest": "1"}}', "src/a.ts": TS, "src/__tests__/b.ts": "it('x', f);\n"},
     "src/a.ts", "src/__tests__/a.ts",
     "import { total } from '../a';\n\ntest.skip('total', () => {\n  // to be filled in"),
    ({"package.json": '{"type": "module", "devDependencies": {"ava": "1"}}', "a.js": "export function total(a) {}\n"},
     "a.js", "a.test.js",
     "import test from 'ava';\nimport { total } from './a.js';\n\ntest.skip('total', t => {\n"),
    ({"package.json": '{"type": "module"}', "lib/a.js": "export function total(a) {}\n"},
     "lib/a.js", "lib/a.test.js",
     "import test from 'node:test';\nimport assert from 'assert';\nimport { total } from './a.js';\n\ntest('total', {"),
    ({"package.json": '{"devDependencies": {"mocha": "1"}}', "lib/a.js": LEGACY,
      "test/b.js": "const b = require('../lib/b');\nit('x', function () {});\n"},
     "lib/a.js", "test/a.js",
     "'use strict';\n\nconst assert = require('assert');\nconst { total } = require('../lib/a');\n\nit.skip('total'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "source", "path", "expected"), SCRIPT, ids=["vitest", "jest", "ava", "node", "mocha"]
)
def test_scripts_follow_their_project(texts: dict[str, str], source: str, path: str, expected: str) -> None:
    """Framework, folder, kind of import and ending are those of the project."""
    found, text = made(texts, f"{source}::total")
    assert found == path
    assert expected in text


def test_go_has_variables_of_the_right_types() -> None:
    """A Go test compiles: each parameter is a variable of its type, whose package is imported."""
    path, text = made({"go.mod": "module m\n", "cart/cart.go": GO}, "cart/cart.go::Wait")
    assert path == "cart/cart_test.go"
    assert 'package cart\n\nimport (\n\t"testing"\n\t"time"\n)\n' in text
    assert "\tt.Skip(" in text
    assert "\tvar d time.Duration\n\tvar names []string\n\tgot1, got2 := Wait(d, names...)\n" in text
    old = 'package cart_test\n\nimport "testing"\n\nfunc TestA(t *testing.T) {}\n'
    path, _ = made({"go.mod": "module m\n", "cart/cart.go": GO, "cart/cart_test.go": old}, "cart/cart.go::Wait")
    assert path == "cart/cart_internal_test.go"  # what is not exported is only seen from inside
    same = old.replace("cart_test", "cart")
    path, text = made({"go.mod": "module m\n", "cart/cart.go": GO, "cart/cart_test.go": same}, "cart/cart.go::Wait")
    assert path == "cart/cart_test.go"
    assert text.startswith('package cart\n\nimport "testing"\nimport "time"\n\nfunc TestA')


NAMED = [
    ({"a.py": "class A:\n    class B:\n        def f(self): return 1\n"}, "a.py::A.B.f", "from a import A\n"),
    ({"a.py": "class A:\n    class B:\n        def f(self): return 1\n"}, "a.py::A.B.f", "    b = A.B(...)\n"),
    ({"a.py": "class Lambda:\n    def f(self): return 1\n"}, "a.py::Lambda.f", "    subject = Lambda(...)\n"),
    ({"a.js": "export class New {\n  f() {}\n}\n"}, "a.js::New.f", "const subject = new New();"),
    ({"my-cart.js": "export default class {\n  f() {}\n}\n"}, "my-cart.js::default.f", "= new myCart();"),
    ({"my-cart.js": "export default function (a) {}\n"}, "my-cart.js::default", "import myCart from './my-cart.js';"),
    ({"a.ts": "export const enum Big { A }\n"}, "a.ts::Big", "{ Big }"),
    ({"a.ts": "export function f() {}\n", "a.js": "old();\n"}, "a.ts::f", "{ f }"),
    ({"a.go": "package a\n\nfunc F[K comparable, V ~string | int](k K, v []V) {}\n"}, "a.go::F",
     "\tvar k int\n\tvar v []string\n\tF[int, string](k, v)\n"),
    ({"a.go": "package a\n\nfunc (s *Set[E]) Add(e E) {}\n", "b.go": "package a\n\ntype Set[T any] struct{}\n"},
     "a.go::Set.Add", "\tvar e int\n\tvar set Set[int]\n\tset.Add(e)\n"),
    ({"a.go": "package a\n\nfunc (s Type) Add() {}\n"}, "a.go::Type.Add", "\tvar subject Type\n"),
    ({"pom.xml": POM, "If.java": "class If {\n  int f() { return 1; }\n}\n"}, "If.java::If.f", "If subject = null;"),
    ({"pom.xml": POM, "A.java": "record Point(int x) {}\n"}, "A.java::Point", "Object result = new Point(0);"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "target", "expected"), NAMED)
def test_names_are_those_a_test_can_write(texts: dict[str, str], target: str, expected: str) -> None:
    """Inner classes, keywords, things without a name and type arguments: the blank tests pass every check."""
    assert expected in made({"go.mod": "module m\n", **texts}, target)[1]


def test_types_that_only_a_person_can_choose_are_said() -> None:
    """A constraint of the package's own shows no type that fits."""
    with pytest.raises(UsageError, match="what fits Own"):
        made({"a.go": "package a\n\nfunc F[T Own](x T) {}\n"}, "a.go::F")


def test_rust_has_its_tests_in_the_file() -> None:
    """A module is made, or added to; what has no value yet is `todo!()`, which fits any type."""
    texts = {"Cargo.toml": "[package]\nname = 'm'\n", "src/lib.rs": RUST}
    path, text = made(texts, "src/lib.rs::Cart.size")
    assert path == "src/lib.rs"
    assert text.startswith(RUST)
    assert "#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    #[ignore = " in text
    assert "let subject: Cart = todo!();\n        let result = subject.size(todo!());\n" in text
    old = RUST + "\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn works() {}\n}\n"
    _, text = made({**texts, "src/lib.rs": old}, "src/lib.rs::Cart.size")
    assert text.count("mod tests") == 1
    assert text.index("fn works") < text.index("fn cart_size")
    assert text.endswith("    }\n}\n")


def test_java_mirrors_the_class() -> None:
    """JUnit is told apart by the build, and the test class stands where Maven looks for it."""
    texts = {"pom.xml": POM, "src/main/java/p/q/Cart.java": JAVA}
    path, text = made(texts, "src/main/java/p/q/Cart.java::Cart.size")
    assert path == "src/test/java/p/q/CartTest.java"
    assert text.startswith("package p.q;\n\nimport static org.junit.jupiter.api.Assertions.fail;\n")
    assert "    @Test\n    @Disabled(" in text
    assert "Object result = cart.size(null, 0L);" in text
    old = POM.replace("org.junit.jupiter", "junit").replace("junit-jupiter", "junit")
    _, text = made({**texts, "pom.xml": old}, "src/main/java/p/q/Cart.java::Cart.size")
    assert "import org.junit.Ignore;\nimport org.junit.Test;\n\npublic class CartTest {" in text
    with pytest.raises(UsageError, match="no test framework"):
        job({**texts, "pom.xml": "<project/>"}, "src/main/java/p/q/Cart.java::Cart.size")
    with pytest.raises(UsageError, match="nothing that a test could call"):
        job(texts, "src/main/java/p/q/Cart.java::Cart.no")


def test_java_keeps_sorted_imports_sorted() -> None:
    """A further import stands where its block has its place; an unsorted block has it at its end."""
    old = (
        "package p.q;\n\nimport static org.junit.jupiter.api.Assertions.assertTrue;\n\nimport java.util.List;\n\n"
        "import org.junit.jupiter.api.BeforeEach;\nimport org.junit.jupiter.api.Test;\n\nclass CartTest {\n}\n"
    )
    texts = {"pom.xml": POM, "src/main/java/p/q/Cart.java": JAVA, "src/test/java/p/q/CartTest.java": old}
    _, text = made(texts, "src/main/java/p/q/Cart.java::Cart.size")
    assert "api.BeforeEach;\nimport org.junit.jupiter.api.Disabled;\nimport org.junit.jupiter.api.Test;\n\nc" in text
    assert "api.Assertions.assertTrue;\nimport static org.junit.jupiter.api.Assertions.fail;\n\nimport java" in text
    swapped = old.replace("BeforeEach", "Zest")
    _, text = made({**texts, "src/test/java/p/q/CartTest.java": swapped}, "src/main/java/p/q/Cart.java::Cart.size")
    assert "api.Zest;\nimport org.junit.jupiter.api.Test;\nimport org.junit.jupiter.api.Disabled;\n\nc" in text


SET_UP = [
    ({"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n"}, "import pytest\n"),
    ({"pytest.ini": "[pytest]\n"}, "import pytest\n"),
    ({"tests/conftest.py": ""}, "import pytest\n"),
    ({"setup.cfg": "[tool:pytest]\n"}, "import pytest\n"),
    ({"tox.ini": "[testenv]\n\n[pytest]\n"}, "import pytest\n"),
    ({"tests/test_b.py": "def test_b():\n    assert True\n"}, "import pytest\n"),
    ({"tox.ini": "[testenv]\n"}, "import unittest\n"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), SET_UP)
def test_a_framework_that_is_set_up_is_there(texts: dict[str, str], expected: str) -> None:
    """A project that is set up for pytest, or written for it, need not declare it as a dependency."""
    _, text = made({"a.py": "def f(x):\n    return x\n", **texts}, "a.py::f")
    assert expected in text


@pytest.mark.parametrize(
    "texts",
    [
        {"package.json": "{}", "vitest.config.ts": "export default {};\n"},
        {"package.json": "{}", "vite.config.ts": "import { defineConfig } from 'vitest/config';\n"},
        {"package.json": '{"scripts": {"test": "vitest run"}}'},
        {"package.json": "{}", "src/b.test.ts": "import { test } from 'vitest';\n"},
    ],
)
def test_a_framework_of_scripts_that_is_set_up_is_there(texts: dict[str, str]) -> None:
    """A file of settings, a script or other tests show the framework too."""
    _, text = made({"src/a.ts": TS, **texts}, "src/a.ts::total")
    assert "import { expect, test } from 'vitest';" in text


def test_a_refused_import_says_what_to_do() -> None:
    """A model that leans on what nobody declares: the check names the place to declare it."""
    opened = job({"tests/test_a.py": "import pytest\n", "a.py": "def f(x):\n    return x\n"}, "a.py::f")
    problem = failed(opened.check(opened.build(answered("assert f(1)", "import httpx"))))
    assert "declare it first, in pyproject.toml or requirements.txt" in problem


def test_java_tells_overloads_apart() -> None:
    """A bare null would mean any of them: each value has its type, and type parameters what they are at least."""
    code = (
        "package p;\n\nimport java.util.List;\n\npublic class Box<T extends Number> {\n"
        "    public void put(T item) {}\n    public void put(List<T> items, byte b) {}\n"
        "    public static class Lid {}\n    public void put(Lid lid) {}\n}\n"
    )
    texts = {"pom.xml": POM, "src/main/java/p/Box.java": code}
    expected = {6: "put((Number) null)", 7: "put((List) null, (byte) 0)", 9: "put((Box.Lid) null)"}
    for line, call in expected.items():
        _, text = made(texts, f"src/main/java/p/Box.java::Box.put@{line}")
        assert f"box.{call};" in text
        assert ("import java.util.List;" in text) == (line == 7)


OTHER = [
    ({"lib/cart.rb": "class Cart\n  def size(a)\n    a\n  end\nend\n"}, "lib/cart.rb::Cart.size", "test/cart_test.rb",
     "class CartTest < Minitest::Test\n  def test_size\n    skip 'to be"),
    ({"lib/cart.rb": "class Cart\n  def size(a)\n    a\n  end\nend\n", ".rspec": ""}, "lib/cart.rb::Cart.size",
     "spec/cart_spec.rb", "RSpec.describe 'size' do\n  it 'size' do\n    skip"),
    ({"src/Cart.php": "<?php\nnamespace A;\nclass Cart { public function size($a) { return 1; } }\n"},
     "src/Cart.php::Cart.size", "tests/CartTest.php", "use A\\Cart;\n\nclass CartTest extends TestCase\n{\n"),
    ({"src/Cart.cs": "namespace A { public class Cart { public int Size(int a) { return a; } } }\n"},
     "src/Cart.cs::Cart.Size", "tests/CartTests.cs", "using Xunit;\nusing A;\n"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "target", "path", "expected"), OTHER, ids=["minitest", "rspec", "phpunit", "xunit"])
def test_other_languages_have_a_frame(texts: dict[str, str], target: str, path: str, expected: str) -> None:
    """Ruby, PHP and C# get a file with blank tests."""
    found, text = made(texts, target)
    assert found == path
    assert expected in text


@pytest.mark.parametrize(
    ("texts", "target", "said"),
    [
        ({"a.py": "def f():\n    def g(): pass\n"}, "a.py::f.g", "inside a function"),
        ({"a.js": "function f() {}\n"}, "a.js::f", "does not export f"),
        ({"a.js": "export class A {\n  #f() {}\n}\n"}, "a.js::A.#f", "is private"),
        (
            {"a.js": "export function f() {}\n", "package.json": '{"dependencies": {"tape": "1"}}'},
            "a.js::f",
            "tape is not",
        ),
        ({"a.go": "package a\n\ntype T int\n"}, "a.go::T", "no function"),
        ({"a.js": "export class A {\n  [f]() {}\n}\n"}, "a.js::A.[f]", "no name that a test could call"),
        ({"a.c": "int f(void) { return 1; }\n"}, "a.c::f", "not known"),
    ],
)
def test_what_no_test_can_reach_is_refused(texts: dict[str, str], target: str, said: str) -> None:
    """There is no use in a test that cannot call what it is for."""
    with pytest.raises(UsageError, match=said):
        job(texts, target)


def answered(body: str, *imports: str, title: str = "adds") -> dict[str, Any]:
    """Give a model's answer with one test."""
    return {"imports": list(imports), "tests": [{"title": title, "body": body}]}


BY_LANGUAGE = {
    "python": ({**PKG, "src/shop/price.py": PY, "tests/test_a.py": "import pytest\n"}, "src/shop/price.py::price"),
    "javascript": ({"package.json": '{"type": "module"}', "a.js": "export function total(a) {}\n"}, "a.js::total"),
    "go": ({"go.mod": "module m\n", "cart/cart.go": GO}, "cart/cart.go::Wait"),
    "rust": ({"Cargo.toml": "", "src/lib.rs": RUST}, "src/lib.rs::Cart.size"),
    "java": ({"pom.xml": POM, "src/main/java/p/q/Cart.java": JAVA}, "src/main/java/p/q/Cart.java::Cart.size"),
}
GOOD = [
    ("python", answered("assert price(1)", "import os", "from shop.money import Money")),
    ("python", answered("```\nassert price(1)\n```".strip("`\n"))),
    ("javascript", answered("assert.equal(total(1), undefined);", "import fs from 'node:fs';")),
    ("go", answered('got, _ := Wait(1, "a")\nif got != 0 {\n\tt.Fatal(got)\n}', '"strings"')),
    ("rust", answered("assert_eq!(Cart.size(3), 3);", "use std::fmt;")),
    ("java", answered("assertEquals(1, new Cart().size(null, 0L));", "import java.util.List;")),
]
BAD = [
    ("python", answered("assert price(1"), "parses"),
    ("python", answered("assert True"), "collected"),
    ("python", answered("# price\nassert 'price'"), "collected"),
    ("python", answered("assert price(1)", "import nowhere_to_be_found"), "imports exist"),
    ("python", answered("assert price(1)", "from shop.money import Coin"), "imports exist"),
    ("python", answered("assert price(1)", "from shop.nothing import price"), "imports exist"),
    ("python", answered("from os.path import nothing_there\nassert price(1)"), "imports exist"),
    ("javascript", answered("total(1;"), "parses"),
    ("javascript", answered("total(1);\n});\nfunction other() {\n}\ntest('b', () => {\n  total(2);"), "only tests"),
    ("javascript", answered("total(1);", "import x from 'left-pad';"), "imports exist"),
    ("javascript", answered("total(1);", "import { y } from './a.js';"), "imports exist"),
    ("go", answered("Wait("), "parses"),
    ("go", answered('Wait(1, "a")\n}\n\nfunc Helper() {'), "only tests"),
    ("go", answered("Wait(1)", '"m/nothing"'), "imports exist"),
    ("go", answered("Wait(1)", '"github.com/a/b"'), "imports exist"),
    ("rust", answered("Cart.size(1;"), "parses"),
    ("rust", answered("Cart.size(1);\n}\n\nfn other() {"), "only tests"),
    ("rust", answered("Cart.size(1);", "use nowhere::Thing;"), "imports exist"),
    ("rust", answered("Cart.size(1);", "use crate::nothing::Here;"), "imports exist"),
    ("java", answered("new Cart().size(null, 0L"), "parses"),
    ("java", answered("new Cart().size(null, 0L);\n}\n\nvoid other() {"), "only tests"),
    ("java", answered("new Cart().size(null, 0L);", "import com.nowhere.Thing;"), "imports exist"),
    ("java", answered("new Cart().size(null, 0L);", "import p.q.Basket;"), "imports exist"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "answer"), GOOD)
def test_bodies_of_a_model_become_tests(language: str, answer: dict[str, Any]) -> None:
    """What fits is put into the frame and passes every check."""
    texts, target = BY_LANGUAGE[language]
    prepared = job(texts, target)
    assert failed(prepared.check(prepared.build(answer))) == ""


@pytest.mark.parametrize(("language", "answer", "check"), BAD)
def test_bodies_that_break_out_or_lean_on_nothing_are_refused(
    language: str, answer: dict[str, Any], check: str
) -> None:
    """Broken syntax, further definitions, imports that lead nowhere, and tests of something else."""
    texts, target = BY_LANGUAGE[language]
    prepared = job(texts, target)
    checks = prepared.check(prepared.build(answer))
    assert check in [each.name for each in checks if not each.ok], checks


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"imports": [], "tests": []}, "no test"),
        ({}, "no test"),
        (answered("  \n"), "no body"),
        (answered("x\n" * 4000), "characters"),
        (answered("assert price(1)", "import os; os.remove('a')"), "no import"),
        (answered("assert price(1)", "print('x')"), "no import"),
    ],
)
def test_answers_that_are_no_tests_are_unfit(answer: dict[str, Any], said: str) -> None:
    """The reason is said, so that the model can be asked once more."""
    with pytest.raises(Unfit, match=said):
        job(*BY_LANGUAGE["python"]).build(answer)


def test_an_import_does_not_take_the_place_of_another() -> None:
    """A name that the test file has from elsewhere is not imported again, nor silently left out."""
    old = "const fs = require('fs');\nconst { total } = require('./a');\n\ntest('x', () => {});\n"
    texts = {"package.json": "{}", "a.js": "exports.total = function (a) { return a; };\n", "a.test.js": old}
    opened = job(texts, "a.js::total")
    assert "imported once: a.test.js:4: fs is imported already" in failed(
        opened.check(opened.build(answered("total(1);", "const fs = require('path');")))
    )
    (edit,) = opened.build(answered("total(1);", "const fs = require('node:fs');"))
    assert (edit.new or "").count("const fs") == 1


def test_what_is_asked_shows_the_frame() -> None:
    """A model sees where its lines will stand."""
    asked = job(*BY_LANGUAGE["python"]).asked("", 4000)
    assert "def test_price_works() -> None:\n    BODY" in asked["frame"]
    assert "from shop.price import price" in asked["frame"]
