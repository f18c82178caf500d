"""New symbols in a file, new or not: placed where they belong, with their imports; what is no symbol is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import failed
from localdev.assistant.gen.code import CodeJob, code_job
from localdev.assistant.gen.names_known import names_exist
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.patch import Check
from tests.gen_files import MemoryFiles

PYTHON = '''"""A shop."""

import os


def total(items):
    return len(items) + len(os.sep)


# Run it.
if __name__ == "__main__":
    total([])
'''
JAVA = "package shop;\n\npublic class Cart {\n\tint size;\n\n\tvoid add() {\n\t}\n}\n"
SCRIPT = 'const fs = require("fs");\n\nfunction total() {}\n\nmodule.exports = { total };\n'
RUST = "use std::fmt;\n\nfn total() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n"
GO = 'package shop\n\nimport "fmt"\n\nfunc Total() {\n\tfmt.Println()\n}\n'
RUBY = "class Cart\n  def add\n  end\nend\n\nif __FILE__ == $0\n  Cart.new\nend\n"


def opened(path: str, text: str | None, *, after: str = "", beside: dict[str, str] | None = None) -> CodeJob:
    """Open a job on a file; None: it is new."""
    files = MemoryFiles({**(beside or {}), **({path: text} if text is not None else {})})
    job = code_job(files, path, after=after, instruction="add it", most_characters=9000)
    job.also = lambda written: names_exist(written, files)
    return job


def answer(codes: Sequence[str], imports: Sequence[str] = ()) -> dict[str, object]:
    """Give a model's answer."""
    return {"imports": list(imports), "symbols": [{"name": "", "code": code} for code in codes]}


def made(job: CodeJob, *codes: str, imports: Sequence[str] = ()) -> str:
    """Give the text that an answer leads to; its checks must pass."""
    (edit,) = job.build(answer(codes, imports))
    assert failed(job.check((edit,))) == ""
    assert edit.old == job.text and edit.new is not None
    return edit.new


def refused(job: CodeJob, *codes: str, imports: Sequence[str] = ()) -> str:
    """Say why an answer is refused."""
    try:
        edits = job.build(answer(codes, imports))
    except Unfit as problem:
        return str(problem)
    why = failed(job.check(edits))
    assert why
    return why


def test_symbols_go_before_the_main_guard_and_imports_among_the_imports() -> None:
    """All that was there is there still, in its order."""
    new = made(
        opened("shop.py", PYTHON),
        "def show(x):\n    return json.dumps(x)",
        "LIMIT = 5",
        imports=["import json", "import os"],
    )
    assert "import os\nimport json\n\n\ndef total" in new
    assert "len(os.sep)\n\n\ndef show(x):\n    return json.dumps(x)\n\n\nLIMIT = 5\n\n\n# Run it.\nif __name__" in new
    assert new.replace("import json\n", "").replace(
        "def show(x):\n    return json.dumps(x)\n\n\nLIMIT = 5\n\n\n", ""
    ) == (PYTHON)


@pytest.mark.parametrize(
    ("path", "text", "code", "imports", "shown"),
    [
        (
            "a.js",
            SCRIPT,
            "const half = (x) => x / 2;",
            ['const os = require("os");'],
            "{}\n\nconst half = (x) => x / 2;\n\nmodule",
        ),
        ("a.rs", RUST, "struct P;\n\nimpl P {\n    fn n() {}\n}", [], "P {\n    fn n() {}\n}\n\n#[cfg(test)]\nmod"),
        (
            "a.go",
            GO,
            "func Half(x int) int {\n    return x / 2\n}",
            ["strings"],
            "}\n\nfunc Half(x int) int {\n\treturn x / 2\n}\n",
        ),
        (
            "Cart.java",
            JAVA,
            "int half(int x) {\n    return x / 2;\n}",
            [],
            "\t}\n\n\tint half(int x) {\n\t\treturn x / 2;\n\t}\n}\n",
        ),
        ("Cart.java", JAVA, "class Other {\n}", [], "}\n\nclass Other {\n}\n"),
        (
            "a.rb",
            RUBY,
            "def half(x)\n  x / 2\nend",
            ["require 'set'"],
            "end\n\ndef half(x)\n  x / 2\nend\n\nif __FILE__",
        ),
        (
            "a.h",
            "// Licence\n#ifndef A_H\n#define A_H\nint a(void);\n#endif\n",
            "int b(void);",
            [],
            "int a(void);\n\nint b(void);\n\n#endif\n",
        ),
        ("a.c", "#ifdef A_H\nint a(void);\n#endif\n", "int b(void);", [], "#endif\n\nint b(void);\n"),
    ],
)
def test_each_language_has_its_place(path: str, text: str, code: str, imports: list[str], shown: str) -> None:
    """Before exports, tests and what runs the program; bare functions of Java go into the class."""
    assert shown in made(opened(path, text), code, imports=imports)


def test_after_a_symbol_there_is_the_place() -> None:
    """Right behind it, on its level."""
    assert "\t}\n\n\tvoid more() {\n\t}\n}\n" in made(opened("Cart.java", JAVA, after="Cart.add"), "void more() {\n}")
    text = "def a():\n    return 1\n\n\ndef b():\n    return 2\n"
    assert made(opened("a.py", text, after="a"), "def c():\n    return 3") == (
        "def a():\n    return 1\n\n\ndef c():\n    return 3\n\n\ndef b():\n    return 2\n"
    )


@pytest.mark.parametrize(
    ("path", "beside", "code", "imports", "new"),
    [
        (
            "new.py",
            {},
            "def f():\n    return json.loads('1')",
            ["import json"],
            "import json\n\n\ndef f():\n    return json.loads('1')\n",
        ),
        (
            "pkg/b.go",
            {"pkg/a.go": "package pk\n"},
            "func B() {}",
            ["fmt"],
            'package pk\n\nimport "fmt"\n\nfunc B() {}\n',
        ),
        ("my-tool/b.go", {}, "func B() {}", [], "package mytool\n\nfunc B() {}\n"),
        ("src/main/java/a/b/New.java", {}, "class New {\n}", [], "package a.b;\n\nclass New {\n}\n"),
        ("new.php", {}, "function f() {\n    return 1;\n}", [], "<?php\n\nfunction f() {\n    return 1;\n}\n"),
        ("new.ts", {}, "export const a = 1;", [], "export const a = 1;\n"),
    ],
)
def test_a_new_file_begins_as_its_language_wants(
    path: str, beside: dict[str, str], code: str, imports: list[str], new: str
) -> None:
    """The package of its neighbours or of its folder; nothing was there before."""
    job = opened(path, None, beside=beside)
    assert made(job, code, imports=imports) == new


@pytest.mark.parametrize(
    ("path", "text", "code", "why"),
    [
        ("shop.py", PYTHON, "print(3)", "is no symbol"),
        ("shop.py", PYTHON, "def total():\n    pass", "total is defined in shop.py already"),
        ("shop.py", PYTHON, "def f(:\n    pass", "parses"),
        ("shop.py", PYTHON, "def f():\n    return '''", "parses"),
        ("shop.py", PYTHON, "def f():\n    return re.M", "re is neither defined nor imported"),
        ("shop.py", PYTHON, "import re\n\ndef f():\n    return 1", "belongs into `imports`"),
        ("shop.py", PYTHON, "def f():\n    return 1\n\nf()", "is no symbol"),
        ("shop.py", PYTHON, "# only words", "defines no symbol"),
        ("shop.py", PYTHON, "def f():\n    return '\x1b[31m'", "no code needs"),
        ("a.js", SCRIPT, "console.log(1);", "is no symbol"),
        ("a.js", SCRIPT, "function f() { /*", "parses"),
        ("a.go", GO, "func F() {\n}\n}", "parses"),
        ("a.rs", RUST, "fn f() {\n    1", "parses"),
        ("Cart.java", JAVA, "int f() {\n}\n}\nclass X {", "keeps inside"),
        ("Cart.java", JAVA, 'System.out.println("x");', "parses"),
        ("Cart.java", JAVA, "package shop;", "names a package"),
        ("Cart.java", JAVA, "package shop;\nint f() {\n}", "names a package"),
    ],
)
def test_what_is_no_whole_symbol_is_refused(path: str, text: str, code: str, why: str) -> None:
    """Statements, names that are taken, broken syntax, what ends somewhere else."""
    assert why in refused(opened(path, text), code)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("import nosuchmodule", "nosuchmodule is neither"),
        ("from json import nosuch", "json has no nosuch"),
        ("import json\nos.remove('x')", "is no import statement"),
        ("# import json", "is no import statement"),
    ],
)
def test_imports_are_looked_for(statement: str, why: str) -> None:
    """What leads nowhere, or is no import, stops the proposal."""
    assert why in refused(opened("shop.py", PYTHON), "def f():\n    return 1", imports=[statement])


def test_a_python_import_brings_only_what_is_missing() -> None:
    """Names that are imported already are not imported twice."""
    text = "from json import (\n    dumps,\n)\n\n\ndef a():\n    return dumps\n"
    new = made(
        opened("a.py", text), "def b():\n    return loads, dumps", imports=["from json import dumps, loads as loads"]
    )
    assert new.startswith("from json import (\n    dumps,\n)\nfrom json import loads\n\n\ndef a")


def test_an_import_of_the_future_stands_first() -> None:
    """Python wants it before all others."""
    new = made(
        opened("a.py", "import os\n\nX = os.sep\n"),
        "def b():\n    return 1",
        imports=["from __future__ import annotations"],
    )
    assert new.startswith("from __future__ import annotations\nimport os\n")


def test_names_that_are_nowhere_are_told_and_do_not_stop_it() -> None:
    """Beyond Python nobody can know them all, so they are only pointed at."""
    job = opened("a.go", GO, beside={"b.go": "package shop\n\nfunc Known() {}\n"})
    edits = job.build(answer(["func F() {\n\tKnown()\n\tUnknownThing()\n}"]))
    checks: list[Check] = list(job.check(edits))
    (named,) = [check for check in checks if check.name == "names exist"]
    assert named.ok and "UnknownThing" in named.detail and "Known," not in named.detail


def test_the_code_must_define_what_it_says() -> None:
    """A name that the code does not hold is a mistake in one of both."""
    job = opened("shop.py", PYTHON)
    with pytest.raises(Unfit, match="should define half"):
        job.build({"imports": [], "symbols": [{"name": "half", "code": "def third(x):\n    return x"}]})


@pytest.mark.parametrize("symbols", [[], [{"name": "", "code": ""}], [{"name": "", "code": "X = 1"}] * 13, None, ["x"]])
def test_an_answer_without_symbols_is_refused(symbols: object) -> None:
    """Nothing, an empty one, far too many, something else."""
    with pytest.raises(Unfit):
        opened("shop.py", PYTHON).build({"imports": [], "symbols": symbols})


def test_line_ends_and_foreign_bytes_stay() -> None:
    """A file with carriage returns gets lines with carriage returns; bytes that are no UTF-8 are as they were."""
    text = b"# caf\xe9\r\nimport os\r\n\r\nX = os.sep".decode("utf-8", "surrogateescape")
    new = made(opened("a.py", text), "def f():\n    return re.M", imports=["import re"])
    assert new.encode("utf-8", "surrogateescape") == (
        b"# caf\xe9\r\nimport os\r\nimport re\r\n\r\nX = os.sep\r\n\r\n\r\ndef f():\r\n    return re.M\r\n"
    )


@pytest.mark.parametrize(
    ("path", "after", "kind", "said"),
    [
        ("shop.py", "nosuch", NotFound, "defines no nosuch"),
        ("new.py", "total", NotFound, "no file new.py yet"),
        ("notes.txt", "", UsageError, "not one whose syntax"),
        ("folder", "", UsageError, "folder cannot be read as code"),
    ],
)
def test_places_that_cannot_be_are_said(path: str, after: str, kind: type[LocaldevError], said: str) -> None:
    """Unknown symbols, files that are none."""
    files = MemoryFiles({"shop.py": PYTHON, "notes.txt": "x\n", "folder/a.py": ""})
    with pytest.raises(kind, match=said):
        code_job(files, path, after=after, instruction="x", most_characters=9000)
