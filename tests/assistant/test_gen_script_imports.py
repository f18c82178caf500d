"""Imports of test files in JavaScript and TypeScript: each name once, and no import that binds a name twice."""

from __future__ import annotations

import pytest

from localdev.assistant.gen.bound_twice import bound_once
from localdev.assistant.gen.checks import failed
from localdev.assistant.gen.import_block import missing_imports
from localdev.assistant.gen.target import find_target
from localdev.assistant.gen.test import JobOfTests, job_of_tests
from localdev.core.patch import FileEdit
from localdev.source.syntax.tree import read_syntax
from tests.gen_files import MemoryFiles

CART = (
    "export class Cart {\n  constructor(private owner: string, limit?: number) {}\n\n"
    "  add(item: { name: string }): this {\n    return this;\n  }\n}\n\nexport function total(a: number): number {\n"
    "  return a;\n}\n"
)
BODY = '\n\ndescribe("cart", () => {\n  it("is", () => {\n    expect(1).toBe(1);\n  });\n});\n'


def job(old: str, target: str = "src/cart.ts::Cart.add", package: str = "vitest") -> JobOfTests:
    """Prepare tests of a symbol whose file of tests is there already."""
    folder, ending = ("src", "ts") if target.startswith("src") else ("lib", "js")
    texts = {
        "package.json": f'{{"devDependencies": {{"{package}": "1"}}}}',
        "src/cart.ts": CART,
        "lib/cart.js": "exports.total = function (a) { return a; };\n",
        f"{folder}/cart.test.{ending}": old,
    }
    files = MemoryFiles(texts)
    return job_of_tests(files, find_target(files, target))


def made(old: str, target: str = "src/cart.ts::Cart.add", package: str = "vitest") -> str:
    """Give the file with blank tests, which passed every check."""
    proposal = job(old, target, package).floor()
    assert proposal.accepted, failed(proposal.checks)
    return proposal.edits[0].new or ""


def test_a_test_is_written_with_what_the_file_imports() -> None:
    """Not a second `expect`, and `it` where the file calls its tests so."""
    head = 'import { describe, expect, it } from "vitest";\nimport { Cart } from "./cart";'
    new = made(head + BODY)
    assert new.startswith(head + BODY)
    assert '\nit.skip("Cart.add", () => {\n' in new
    assert new.count("import ") == 2


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('import { describe, it } from "vitest";\nimport { Cart } from "./cart.js";',
         'import { describe, expect, it } from "vitest";\nimport { Cart } from "./cart.js";\n'),
        ('import {it, describe, expect} from "vitest";\nimport { total } from "./cart";',
         'import {it, describe, expect} from "vitest";\nimport { Cart, total } from "./cart";\n'),
        ('import {\n  describe,\n  it,\n} from "vitest";',
         'import {\n  expect,\n  describe,\n  it,\n} from "vitest";\n'),
        ('import type { Cart as Kind } from "./cart";\nimport { it, expect } from "vitest";',
         'from "vitest";\nimport { Cart } from "./cart";\n'),
        ('import * as all from "vitest";', 'import * as all from "vitest";\nimport { expect, it } from "vitest";\n'),
    ],
)  # fmt: skip
def test_names_join_the_import_of_their_source(head: str, expected: str) -> None:
    """A list on one line, one of several lines, and none that could take them."""
    assert expected in made(head + BODY)


def test_required_names_join_too() -> None:
    """Under `require` alike: a name under another spelling of the same module is there."""
    head = "const { it } = require('node:test');\nconst assert = require('node:assert/strict');"
    new = made(f"{head}\nconst {{ sum }} = require('./cart');\n\nit('is', () => {{}});\n", "lib/cart.js::total", "x")
    assert f"{head}\nconst {{ sum, total }} = require('./cart');\n" in new
    assert "\nit('total', { skip:" in new
    assert new.count("require(") == 3


def test_placeholders_fit_any_type() -> None:
    """Under strict settings `undefined` is no value of most types; a constructor has its own parameters."""
    new = made('import { expect, test } from "vitest";\n')
    assert "const cart = new Cart(undefined as never, undefined as never);" in new
    assert "cart.add(undefined as never)" in new
    assert "total(undefined)" in made("test('x', () => {});\n", "lib/cart.js::total", "jest")


def test_a_model_cannot_bind_a_name_twice() -> None:
    """Its imports join those of the same source; one from elsewhere under a name that is taken is refused."""
    old = 'import { describe, expect, it } from "vitest";\nimport { Cart } from "./cart";' + BODY
    opened = job(old)

    def checked(line: str) -> tuple[str, str]:
        answer = {"imports": [line], "tests": [{"title": "adds", "body": "expect(new Cart('').add).toBeDefined();"}]}
        edits = opened.build(answer)
        return failed(opened.check(edits)), edits[0].new or ""

    problem, new = checked('import { expect, vi } from "vitest";')
    assert (problem, new.split("\n")[0]) == ("", 'import { describe, expect, it, vi } from "vitest";')
    assert (
        checked('import { expect } from "node:test";')[0]
        == "imported once: src/cart.test.ts:3: expect is imported already"
    )


TWICE = [
    ("a.ts", 'import { a } from "x";\nimport { a } from "y";\n', "a.ts:2: a"),
    ("a.ts", 'import type { A } from "x";\nimport { b as A } from "y";\n', "a.ts:2: A"),
    ("a.js", "const { a } = require('x');\nconst a = require('y');\n", "a.js:2: a"),
    ("a.js", "import a, { b } from 'x';\nimport { c as d } from 'y';\n", ""),
    ("a.go", 'package a\n\nimport (\n\t"text/template"\n\t"html/template"\n)\n', "template"),
    ("a.go", 'package a\n\nimport (\n\t"text/template"\n\thtml "html/template"\n\t_ "a/b"\n\t_ "a/c"\n)\n', ""),
    ("A.java", "import a.List;\nimport b.List;\n", "A.java:2: List"),
    ("A.java", "import a.List;\nimport a.List;\nimport static a.B.of;\nimport static a.C.of;\nimport c.*;\n", ""),
    ("a.rs", "use std::fmt;\nuse core::fmt;\n", "a.rs:2: fmt"),
    ("a.rs", "use std::fmt;\n\nmod tests {\n    use super::*;\n    use std::fmt;\n}\n", ""),
    ("a.rs", "#[cfg(unix)]\nuse a::x;\n#[cfg(windows)]\nuse b::x;\n", ""),
    ("a.py", "from a import b\nfrom c import b\n", ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "said"), TWICE)
def test_a_name_is_imported_once(path: str, text: str, said: str) -> None:
    """Where the language forbids it, and where it only looks so."""
    check = bound_once(FileEdit(path, None, text))
    assert check.ok == (not said)
    assert said in check.detail
    assert bound_once(FileEdit(path, text, text + "\n")).ok  # it was so before


def test_code_asks_only_for_names_that_are_not_there() -> None:
    """A further import of a source brings what is new alone."""
    tree = read_syntax("a.ts", 'import fs, { join } from "x";\n')
    assert tree is not None
    assert missing_imports(tree, ['import { join, dirname as d } from "x";', 'import fs, { sep } from "x"']) == [
        'import { dirname as d } from "x";',
        'import { sep } from "x";',
    ]
