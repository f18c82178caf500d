"""Names and files that a change takes away under their users; and changes that leave nobody behind."""

from __future__ import annotations

import pytest

from localdev.rules.run import find
from localdev.rules.signature import symbol_removed
from tests.rules.changing import change_of, findings

RULES = (symbol_removed.RULE,)
PY, NEW_PY = "def greet(n):\n    return n\n", "def greeting(n):\n    return n\n"
GO, NEW_GO = (
    "package a\n\nfunc lastChar(s string) byte { return s[0] }\n",
    "package a\n\nfunc lastByte(s string) byte { return s[0] }\n",
)
TS, NEW_TS = "export function load() {}\n", "export function loadAll() {}\n"
C, NEW_C = "int count_rows(int a) { return a; }\n", "int count_all_rows(int a) { return a; }\n"
JAVA = "package x.y;\npublic class Price {}\n"
ROWS = [
    # (path, before, after, user's path, user, is it left behind?)
    ("shopkit/users.py", PY, NEW_PY, "app.py", "from shopkit.users import greet\n", True),
    ("src/shopkit/users.py", PY, NEW_PY, "tests/test_a.py", "from shopkit.users import (\n    greet,\n)\n", True),
    ("shopkit/users.py", PY, NEW_PY, "shopkit/app.py", "from .users import greet as g\n", True),
    ("shopkit/users.py", PY, NEW_PY, "shopkit/app.py", "from . import users\nusers.greet(1)\n", True),
    ("shopkit/users.py", PY, NEW_PY, "app.py", "import shopkit.users as u\nu.greet(1)\n", True),
    ("shopkit/users.py", PY, NEW_PY, "app.py", "from other.users import greet\n", False),
    ("shopkit/users.py", PY, NEW_PY, "app.py", "users.greet(1)\n", False),
    (
        "shopkit/users.py",
        PY,
        NEW_PY,
        "app.py",
        "try:\n    from shopkit.users import greet\nexcept ImportError:\n    greet = None\n",
        False,
    ),
    ("shopkit/users.py", PY, NEW_PY, "app.py", "def greet(): pass\ngreet()\n", False),
    ("shopkit/users.py", PY, NEW_PY, "app.py", "# from shopkit.users import greet\n", False),
    ("shopkit/users.py", PY, NEW_PY, "app.py", "from shopkit.users import greeting\n", False),
    ("shopkit/users.py", PY, NEW_PY + "greet = greeting\n", "app.py", "from shopkit.users import greet\n", False),
    ("shopkit/users.py", PY, "from shopkit.more import greet\n", "app.py", "from shopkit.users import greet\n", False),
    ("shopkit/users.py", PY, "from shopkit.more import *\n", "app.py", "from shopkit.users import greet\n", False),
    (
        "shopkit/users.py",
        PY,
        NEW_PY + "def __getattr__(n):\n    return 1\n",
        "app.py",
        "from shopkit.users import greet\n",
        False,
    ),
    ("vendor/users.py", PY, NEW_PY, "app.py", "from vendor.users import greet\n", False),
    ("a/one.go", GO, NEW_GO, "a/two.go", 'package a\n\nfunc f() byte { return lastChar("a") }\n', True),
    ("a/one.go", GO, 'package a\n\nvar p = "/*"\n' + GO[10:], "a/two.go", 'package a\n\nvar x = lastChar("")\n', False),
    ("a/one.go", GO, NEW_GO, "b/two.go", 'package b\n\nfunc f() byte { return lastChar("a") }\n', False),
    ("a/one.go", GO, NEW_GO, "a/two.go", 'package a\n\nfunc f() byte { lastChar := g; return lastChar("a") }\n', False),
    (
        "a/one.go",
        GO,
        NEW_GO,
        "a/two.go",
        'package a\n\nfunc lastChar(s string) byte { return 1 }\nvar x = lastChar("")\n',
        False,
    ),
    ("a/one.go", GO, NEW_GO, "a/two.go", 'package a\n\nfunc f() byte { return x.lastChar("a") }\n', False),
    (
        "a/one.go",
        GO.replace("last", "Last"),
        NEW_GO,
        "b/two.go",
        'package b\n\nimport "example.org/m/a"\n\nvar x = a.LastChar("")\n',
        True,
    ),
    (
        "a/one.go",
        GO.replace("last", "Last"),
        NEW_GO,
        "b/two.go",
        'package b\n\nimport "example.org/z"\n\nvar x = z.LastChar("")\n',
        False,
    ),
    ("src/y.ts", TS, NEW_TS, "src/u.ts", 'import { load } from "./y";\n', True),
    ("src/y.ts", TS, NEW_TS, "src/b/u.tsx", 'import { type A, load as l } from "../y.js";\n', True),
    (
        "src/y.js",
        "exports.load = function () {};\nfunction load() {}\n",
        "exports.all = 1;\n",
        "src/u.js",
        'const { load } = require("./y");\n',
        True,
    ),
    ("src/y.ts", TS, NEW_TS, "src/u.ts", 'import { load } from "./z";\n', False),
    ("src/y.ts", TS, NEW_TS + "export { loadAll as load };\n", "src/u.ts", 'import { load } from "./y";\n', False),
    ("src/y.ts", TS, 'export * from "./z";\n', "src/u.ts", 'import { load } from "./y";\n', False),
    ("src/y.ts", TS, NEW_TS, "src/u.ts", 'import { load } from "y";\n', False),
    ("a.c", C, NEW_C, "b.c", "int f(void) { return count_rows(1); }\n", True),
    ("a.c", C, NEW_C, "b.c", "int count_rows(int);\nint f(void) { return count_rows(1); }\n", False),
    ("a.c", C, NEW_C, "b.c", "#define count_rows count_all_rows\nint f(void) { return count_rows(1); }\n", False),
    ("a.cpp", C, NEW_C, "b.cpp", "int f(T t) { return t.count_rows(1); }\n", False),
    (
        "s/x/y/Price.java",
        JAVA,
        JAVA.replace("Price", "Cost"),
        "s/z/U.java",
        "package z;\nimport x.y.Price;\nclass U {}\n",
        True,
    ),
    (
        "s/x/y/Price.java",
        JAVA,
        JAVA.replace("Price", "Cost"),
        "s/z/U.java",
        "package z;\nimport a.y.Price;\nclass U {}\n",
        False,
    ),
    ("src/m.rs", "pub fn load() {}\n", "pub fn load_all() {}\n", "src/u.rs", "use crate::m::load;\n", True),
    (
        "src/m.rs",
        "pub fn load() {}\n",
        "pub fn load_all() {}\npub use crate::n::load;\n",
        "src/u.rs",
        "use crate::m::load;\n",
        False,
    ),
    (
        "A.cs",
        "class PriceList {}\n",
        "class CostList {}\n",
        "B.cs",
        "class B { object F() { return new PriceList(); } }\n",
        True,
    ),
    ("a.rb", "class PriceList\nend\n", "class CostList\nend\n", "b.rb", "PriceList.new(1)\n", True),
    (
        "a.rb",
        "class PriceList\nend\n",
        "class CostList\nend\nPriceList = CostList\n",
        "b.rb",
        "PriceList.new(1)\n",
        False,
    ),
    (
        "A.php",
        "<?php\nclass PriceList {}\n",
        "<?php\nclass CostList {}\n",
        "B.php",
        "<?php\n$a = new PriceList();\n",
        True,
    ),
]


@pytest.mark.parametrize(("path", "before", "after", "user", "text", "left"), ROWS)
def test_users_left_behind(path: str, before: str, after: str, user: str, text: str, *, left: bool) -> None:
    """A user that surely means what is gone is told, with its place; nobody else."""
    found = findings({path: before, user: text}, {path: after, user: text}, RULES)
    assert [each.severity for each in found] == (["high"] if left else [])
    assert not left or f"{user}:" in found[0].message


MOVED = [
    # (old path, new path, user's path, user, is it left behind?)
    ("a/signals.py", "a/signal.py", "a/u.py", "from .signals import greet\n", True),
    ("a/signals.py", "a/signal.py", "u.py", "import a.signals\n", True),
    ("a/signals.py", "a/signal.py", "u.py", "from a import signals\n", True),
    ("a/signals.py", "a/signal.py", "u.py", "from b import signals\n", False),
    ("a/signals.py", "a/signal.py", "u.py", "from a.signal import greet\n", False),
    ("a/signals.py", "a/signals/__init__.py", "u.py", "from a.signals import greet\n", False),
    ("a/x.ts", "a/y.ts", "a/u.ts", 'import { greet } from "./x";\n', True),
    ("a/x.ts", "a/x/index.ts", "a/u.ts", 'import { greet } from "./x";\n', False),
    ("a/x.ts", "a/y.ts", "a/u.ts", 'import { greet } from "./y";\n', False),
]


@pytest.mark.parametrize(("old", "new", "user", "text", "left"), MOVED)
def test_files_that_moved(old: str, new: str, user: str, text: str, *, left: bool) -> None:
    """A file under another name leaves those behind that import the old one."""
    body = PY if old.endswith(".py") else "export function greet() {}\n"
    change = change_of({old: body, user: text}, {new: body, user: text}, moved={old: new})
    assert [each.severity for each in find(change, RULES)] == (["high"] if left else [])
    gone = change_of({old: body, user: text}, {user: text})
    assert len(list(find(gone, RULES))) == (left or "signals import" in text or "./x" in text)
