"""Changing whole symbols: good proposals are spliced to the byte, bad ones are refused, in the main languages."""

from __future__ import annotations

from typing import Any

import pytest

from localdev.assistant.gen.attempts import Unfit
from localdev.assistant.gen.checks import failed
from localdev.assistant.gen.edit import EditJob, edit_job
from localdev.assistant.gen.names_known import names_exist
from localdev.core.errors import LocaldevError, NotFound, UsageError
from tests.gen_files import MemoryFiles

PYTHON = '''"""A shop."""
import os


# What it costs.
def total(items):
    return sum(items)


class Cart:
    """A cart."""

    def add(self, item):
        """Add."""
        self.items.append(item)
        return """
kept as it is
"""

    def size(self):
        return len(self.items)


if __name__ == "__main__":
    total([1])
'''
SCRIPT = """import { tax } from './tax';

/** What it costs. */
export function total(items: number[]): number {
  return items.reduce((a, b) => a + b, 0);
}

export const half = (x: number): number => {
  return x / 2;
};
"""
GO = """package shop

import (
\t"fmt"
)

// Total says what it costs.
func Total(items []int) int {
\treturn len(items)
}

func (c *Cart) Add(item int) {
\tfmt.Println(item)
}
"""
RUST = """use std::fmt;

pub struct Cart {
    items: Vec<u32>,
}

impl Cart {
    /// What it costs.
    #[inline]
    pub fn total(&self) -> u32 {
        self.items.iter().sum()
    }

    fn size(&self) -> usize {
        self.items.len()
    }
}
"""
JAVA = """package shop;

import java.util.List;

public class Cart {
    /** What it costs. */
    @Deprecated
    public int total(List<Integer> items) {
        return items.size();
    }

    public int half(int x) {
        return x / 2;
    }
}
"""
TEXTS = {"shop.py": PYTHON, "shop.ts": SCRIPT, "shop.go": GO, "src/shop.rs": RUST, "Cart.java": JAVA}


def change(code: str, *imports: str, symbol: int = 1, action: str = "replace") -> dict[str, Any]:
    """Give one change of a model's answer."""
    return {"symbol": symbol, "action": action, "code": code, "imports": list(imports)}


def opened(path: str, *symbols: str, text: str | None = None) -> EditJob:
    """Open a job on some symbols of a sample file, or on all of them."""
    files = MemoryFiles({path: TEXTS[path] if text is None else text})
    job = edit_job(files, [f"{path}::{each}" for each in symbols] or [path], "change it", 20_000)
    job.also = lambda written: names_exist(written, files)
    return job


def made(job: EditJob, *changes: dict[str, Any]) -> str:
    """Give the text that an answer leads to; its checks must pass."""
    (edit,) = job.build({"changes": list(changes)})
    assert failed(job.check((edit,))) == ""
    assert edit.new is not None
    return edit.new


def refused(job: EditJob, *changes: dict[str, Any]) -> str:
    """Say why an answer is refused."""
    try:
        edits = job.build({"changes": list(changes)})
    except Unfit as problem:
        return str(problem)
    why = failed(job.check(edits))
    assert why
    return why


GOOD = [
    ("shop.py", "total", "def total(items, tax=0):\n    return tax + sum(items)", "return sum(items)", ()),
    ("shop.ts", "half", "export const half = (x: number): number => x * 0.5", "return x / 2", ()),
    ("shop.go", "Total", "func Total(items []int) int {\n    return strings.Count()\n}", "len(items)", ("strings",)),
    ("src/shop.rs", "size", "fn size(&self) -> usize {\n    1\n}", "self.items.len()", ("use std::io;",)),
    ("Cart.java", "Cart.half", "public int half(int x) {\n    return x >> 1;\n}", "return x / 2;", ("java.io.File",)),
]  # fmt: skip


@pytest.mark.parametrize(("path", "symbol", "code", "gone", "imports"), GOOD, ids=[each[0] for each in GOOD])
def test_a_good_replacement_goes_in_and_the_rest_stays(
    path: str, symbol: str, code: str, gone: str, imports: tuple[str, ...]
) -> None:
    """The new text stands in the file's own indentation, and every line that is not the symbol's is there still."""
    new = made(opened(path, symbol), change(code, *imports))
    old = TEXTS[path]
    assert gone in old and gone not in new
    last = code.split("\n")[-1]
    inner = "\t" if path.endswith(".go") else "    " if path.endswith((".rs", ".java")) else ""
    assert f"{inner if last != '}' or inner != chr(9) else ''}{last}" in new
    lines = new.split("\n")
    removed = [row for row in old.split("\n") if row not in lines]
    assert len(removed) <= 3
    assert all(any(each.strip('"') in row for row in lines) for each in imports)


BAD = [
    ("shop.py", "total", "def total(items):\n    return sum(items", "parses"),
    ("shop.py", "total", "def sums(items):\n    return sum(items)", "defines sums"),
    ("shop.py", "total", "def total(items):\n    return 1\n\n\ndef more():\n    pass", "defines more"),
    ("shop.py", "total", "def total(items):\n    return 1\nprint(1)", "is no symbol"),
    ("shop.py", "total", "import json\ndef total(items):\n    return 1", "belongs into `imports`"),
    ("shop.py", "total", "def total(items):\n    return json.dumps(items)", "json is neither defined nor imported"),
    ("shop.py", "total", "def total(items):\n    # ... rest of the function\n    return 1", "stands for lines"),
    ("shop.py", "total", "def total(items):\n    return '''", "parses"),
    ("shop.py", "total", "   ", "is empty"),
    ("shop.py", "Cart.size", "def size(self):\n    return 1\nclass Other:\n    pass", "defines"),
    ("shop.ts", "total", "export function total(items: number[]): number {\n  return 1;", "parses"),
    ("shop.ts", "half", "export const half = 1;\nconsole.log(half);", "half"),
    ("shop.ts", "total", "export function sums(): number {\n  return 1;\n}", "defines sums"),
    ("shop.go", "Total", "func Total(items []int) int {\n\treturn 1\n}\n\nfunc init() {}", "defines init"),
    ("shop.go", "Total", "func Total(items []int) int { return 1 /*", "parses"),
    ("shop.go", "Total", "func (c *Cart) Total(items []int) int { return 1 }", "defines Cart.Total"),
    ("src/shop.rs", "size", "fn size(&self) -> usize { 1 }\n}\nimpl Drop for X {\n    fn drop(&mut self) {}", "impl"),
    ("src/shop.rs", "size", "fn size(&self) -> usize {\n    1", "parses"),
    ("Cart.java", "half", "public int half(int x) {\n    return x;\n}\n}\n\nclass Other {", "Other is defined"),
    ("Cart.java", "half", "public int third(int x) {\n    return x / 3;\n}", "defines Cart.third"),
    ("Cart.java", "half", "public int half(int x) {\n    return x / 2;\n", "parses"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "symbol", "code", "why"), BAD)
def test_a_bad_replacement_is_refused(path: str, symbol: str, code: str, why: str) -> None:
    """Broken syntax, another name, more than the symbol, what reaches out of it: each is told."""
    assert why in refused(opened(path, symbol), change(code))


@pytest.mark.parametrize(
    ("path", "symbol", "code", "statement", "why"),
    [
        ("shop.py", "total", "def total(items):\n    return jsonn.x", "import jsonn", "jsonn is neither"),
        ("shop.py", "total", "def total(x):\n    return x", "from json import nosuch", "json has no nosuch"),
        ("shop.py", "total", "def total(items):\n    return 1", "os.system('x')", "is no import statement"),
        ("shop.py", "total", "def total(items):\n    return 1", "import json; print(1)", "is no import statement"),
        ("shop.ts", "half", "export const half = 1;", "import x from './nowhere'", "no file ./nowhere"),
        ("shop.ts", "half", "export const half = 1;", "import x from 'leftpadd'", "leftpadd is neither"),
        ("shop.go", "Total", "func Total(items []int) int { return 1 }", "net/httpx", "no package net/httpx"),
        ("src/shop.rs", "size", "fn size(&self) -> usize { 1 }", "use tokioo::io;", "tokioo is no crate"),
        ("Cart.java", "half", "int half(int x) { return x; }", "import com.nowhere.X;", "com.nowhere.X is neither"),
    ],
)
def test_imports_must_be_imports_of_what_is_there(path: str, symbol: str, code: str, statement: str, why: str) -> None:
    """What is imported is looked for, and nothing but an import passes as one."""
    assert why in refused(opened(path, symbol), change(code, statement))


@pytest.mark.parametrize("code", ["def total(x):\n    return 1\x07", "def total(x):\n    return '\u202e'", "\ud800"])
def test_characters_that_hide_are_refused(code: str) -> None:
    """Control characters, those that turn text around, and halves of characters are in no code."""
    assert "which no code needs" in refused(opened("shop.py", "total"), change(code))


def test_methods_are_indented_and_texts_inside_them_are_not() -> None:
    """A method given from the margin goes to its place with its docstring; the lines of a text stay as they are."""
    code = 'def add(self, item):\n    """Add.\n\n    More.\n    """\n    return """\nkept as it is\n"""'
    new = made(opened("shop.py", "Cart.add"), change(code))
    assert '    def add(self, item):\n        """Add.\n\n        More.\n        """\n' in new
    assert '        return """\nkept as it is\n"""\n' in new


@pytest.mark.parametrize("path", list(TEXTS))
@pytest.mark.parametrize("form", ["as it is", "from the margin", "first line from the margin", "fenced"])
def test_what_is_given_back_unchanged_changes_nothing(path: str, form: str) -> None:
    """However a model indents it, a symbol's own text is the same text again."""
    import textwrap

    for number, unit in enumerate(opened(path).units, 1):
        raw = "\n".join(TEXTS[path].split("\n")[unit.rows[0] : unit.rows[1] + 1])
        code = {
            "as it is": raw,
            "from the margin": textwrap.dedent(raw),
            "first line from the margin": raw.lstrip(),
            "fenced": f"```\n{raw}\n```",
        }[form]
        assert "nothing would change" in refused(opened(path), change(code, symbol=number))


def test_texts_over_several_lines_say_nothing_of_the_indentation() -> None:
    """A file full of scripts in texts is indented as its code is."""
    script = "".join(f"    line{at}\n" for at in range(9))
    text = f"const a = `\n{script}`;\nfunction f() {{\n\tif (a) {{\n\t\treturn 1;\n\t}}\n}}\n"
    job = edit_job(MemoryFiles({"a.js": text}), ["a.js::f"], "x", 9999)
    new = made(job, change("function f() {\n  if (a) {\n    return 2;\n  }\n}"))
    assert new == text.replace("return 1", "return 2")


def test_comments_above_stay_unless_they_are_given_anew() -> None:
    """Models leave out what stands above a symbol; when they give it, theirs counts."""
    kept = made(opened("shop.py", "total"), change("def total(items):\n    return 1"))
    assert "# What it costs.\ndef total(items):\n    return 1\n" in kept
    anew = made(opened("shop.py", "total"), change("# Other.\ndef total(items):\n    return 1"))
    assert "\n\n# Other.\ndef total" in anew and "What it costs" not in anew
    rust = made(opened("src/shop.rs", "total"), change("pub fn total(&self) -> u32 {\n    2\n}"))
    assert "    /// What it costs.\n    #[inline]\n    pub fn total(&self) -> u32 {\n        2\n    }\n" in rust


def test_symbols_are_deleted_with_their_blank_lines() -> None:
    """What is around closes up; what is still used cannot go."""
    new = made(opened("shop.py", "Cart.size"), change("", action="delete"))
    assert new == PYTHON.replace("\n    def size(self):\n        return len(self.items)\n", "")
    assert "line 20 still uses it" in refused(opened("shop.py", "total"), change("", action="delete"))
    assert "Cart is taken out" in refused(opened("src/shop.rs", "Cart"), change("", action="delete"))


def test_symbols_are_added_behind_another() -> None:
    """At the top with two blank lines, in a class with one; a name that is taken is refused."""
    top = made(opened("shop.py", "total"), change("def tax(x):\n    return x", action="add_after"))
    assert "    return sum(items)\n\n\ndef tax(x):\n    return x\n\n\nclass Cart:" in top
    inner = made(opened("shop.py", "Cart.size"), change("def empty(self):\n    return False", action="add_after"))
    assert "len(self.items)\n\n    def empty(self):\n        return False\n\n\nif __name__" in inner
    taken = refused(opened("shop.py", "total"), change("def total():\n    pass", action="add_after"))
    assert "total is defined in shop.py already" in taken
    assert "is no symbol" in refused(opened("shop.py", "total"), change("run()", action="add_after"))


def test_constants_of_scripts_are_symbols_too() -> None:
    """They are replaced under their own name alone."""
    job = opened("a.js", text="const fs = require('fs');\n\n// How many.\nconst LIMIT = 5;\n\nlet a = 1, b = 2;\n")
    assert [unit.title for unit in job.units] == ["constant LIMIT, lines 3-4"]
    assert "// How many.\nconst LIMIT = 9;\n" in made(job, change("const LIMIT = 9;"))
    for code in (
        "const OTHER = 9;",
        "LIMIT = 9;",
        "const LIMIT = 9;\nrun();",
        "const LIMIT = 9;\nconst M = 1;",
        "run();",
    ):
        assert "LIMIT" in refused(job, change(code))


def test_several_files_are_changed_at_once() -> None:
    """Each file has its own edit, and its own imports."""
    files = MemoryFiles({"a.py": "def a():\n    return 1\n", "b.py": "def b():\n    return 2\n"})
    job = edit_job(files, ["a.py", "b.py"], "count", 9000)
    answer = [change("def a():\n    return re.M", "import re"), change("def b():\n    return 3", symbol=2)]
    edits = job.build({"changes": answer})
    assert [edit.new for edit in edits] == ["import re\n\ndef a():\n    return re.M\n", "def b():\n    return 3\n"]
    assert failed(job.check(edits)) == ""


TWO = "def f():\n    return 2"
DISKS = [
    ("a.py", b"def f():\r\n    return 1\r\n", TWO, b"def f():\r\n    return 2\r\n"),
    ("a.py", b"import os\r\ndef f():\r\n    return 1", TWO, b"import os\r\ndef f():\r\n    return 2"),
    ("a.py", b"\xef\xbb\xbfdef f():\n    return 1\n", TWO, b"\xef\xbb\xbfdef f():\n    return 2\n"),
    (
        "a.c",
        b"// caf\xe9\n\nint f(void) {\n\treturn 1;\n}\n",
        "int f(void) {\n    if (1) {\n        return 2;\n    }\n    return 1;\n}",
        b"// caf\xe9\n\nint f(void) {\n\tif (1) {\n\t\treturn 2;\n\t}\n\treturn 1;\n}\n",
    ),
    (
        "a.py",
        b"class A:\n\tdef f(self):\n\t\treturn 1\n",
        "class A:\n    def f(self):\n        return 2",
        b"class A:\n\tdef f(self):\n\t\treturn 2\n",
    ),
    (
        "a.js",
        b"function f() {\n  return 1;\n}",
        "function f() {\n\treturn 2;\n}\n",
        b"function f() {\n  return 2;\n}",
    ),
]


@pytest.mark.parametrize(("path", "text", "code", "new"), DISKS)
def test_line_ends_marks_and_tabs_are_the_files_own(path: str, text: bytes, code: str, new: bytes) -> None:
    """Carriage returns, a byte order mark, bytes of other encodings, tabs and a missing last line end stay."""
    job = opened(path, text=text.decode("utf-8", "surrogateescape"))
    assert made(job, change(code)).encode("utf-8", "surrogateescape") == new


def test_a_byte_order_mark_stays_first_when_an_import_comes_before_all() -> None:
    """The mark belongs to the file, not to its first symbol."""
    new = made(opened("a.py", text="\ufeffdef f():\n    return 1\n"), change("def f():\n    return re.M", "import re"))
    assert new == "\ufeffimport re\n\ndef f():\n    return re.M\n"


def test_an_answer_that_makes_no_sense_is_refused() -> None:
    """No change, a symbol that is not there, one twice, far too many."""
    job = opened("shop.py")
    code = "def total(items):\n    return 1"
    assert "it changes nothing" in refused(job)
    assert "no symbol 9" in refused(job, change(code, symbol=9))
    assert "changed twice" in refused(job, change(code), change(code))
    assert "too many" in refused(job, *[change(code)] * 13)


def test_symbols_that_do_not_fit_are_left_out_and_named() -> None:
    """Those that the request speaks of come first; when none fits, that is said."""
    text = "".join(f"def f{n}():\n    return '{'x' * 200}'\n\n\n" for n in range(20)) + "def wanted():\n    return 1\n"
    files = MemoryFiles({"a.py": text})
    job = edit_job(files, ["a.py"], "let wanted return 2", 800)
    assert "wanted" in [unit.name for unit in job.units]
    assert len(job.units) + len(job.left_out) == 21
    assert job.asked("x")["left_out"][0].startswith("f")
    with pytest.raises(UsageError, match="longer than what a model is given"):
        edit_job(files, ["a.py::f1"], "x", 100)


def test_a_large_class_is_shown_member_by_member() -> None:
    """Nobody has to repeat a class of a hundred lines to change one of its methods."""
    text = "class Big:\n" + "".join(f"    def m{n}(self):\n        return {n}\n\n" for n in range(20))
    job = opened("a.py", text=text)
    assert [unit.name for unit in job.units][:2] == ["Big.m0", "Big.m1"]
    assert "    def m1(self):\n        return 7\n" in made(job, change("def m1(self):\n    return 7", symbol=2))


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("shop.py::totl", NotFound, "defines no totl"),
        ("none.py", NotFound, "no source file none.py"),
        ("notes.txt", UsageError, "not one whose syntax"),
        ("empty.py", NotFound, "no symbol with lines of its own"),
    ],
)
def test_targets_that_are_not_there_are_said(target: str, kind: type[LocaldevError], said: str) -> None:
    """Wrong paths and symbols, files without code."""
    files = MemoryFiles({**TEXTS, "notes.txt": "hello\n", "empty.py": "# nothing\n"})
    with pytest.raises(kind, match=said):
        edit_job(files, [target], "x", 9000)
