"""What every proposal is held against."""

from __future__ import annotations

import pytest

from localdev.assistant.gen.checks import only_added, parses, rows_of, same_symbols, same_tree, untouched
from localdev.core.patch import FileEdit
from tests.gen_files import only

OLD = "import os\n\n\ndef one(a):\n    return a\n\n\ndef two(b):\n    # why\n    return f'{b} b'\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "ok"),
    [
        ("a.py", OLD, OLD.replace("return a", "return a + 1"), True),
        ("a.py", OLD, OLD.replace("return a", "return a +"), False),
        ("a.py", OLD, OLD.replace("return a", "return a\n  x = 1"), False),
        ("a.py", "def f(:\n", "def f(:\n    pass\n", True),  # it was broken before
        ("a.js", "f(1);\n", "f(1;\n", False),
        ("a.go", "package a\n", "package a\n\nfunc f() {\n", False),
        ("a.rs", "fn f() {}\n", "fn f() { let }\n", False),
        ("A.java", "class A {}\n", "class A { int m( { } }\n", False),
    ],
)
def test_new_syntax_errors_are_found(path: str, old: str, new: str, ok: bool) -> None:
    """Only errors that were not there before count."""
    assert parses(FileEdit(path, old, new)).ok is ok


def test_what_lies_outside_the_span_may_not_change() -> None:
    """Every byte before and behind the symbol is compared, line ends included."""
    _, target = only("a.py", OLD, "one")
    rows = [rows_of(target)]
    assert untouched(FileEdit("a.py", OLD, OLD.replace("return a\n", "return [\n        a]\n")), rows).ok
    for bad in (
        OLD.replace("import os", "import sys"),
        OLD.replace("# why", "# because"),
        OLD.replace("import os\n", "import os\r\n"),
        OLD + "\n",
        OLD.rstrip("\n"),
        "",
    ):
        refused = untouched(FileEdit("a.py", OLD, bad), rows)
        assert not refused.ok, bad
        assert "line" in refused.detail


def test_several_spans_leave_what_is_between_them() -> None:
    """What stands between two symbols is held to stay as well."""
    rows = [(3, 4), (7, 9)]
    assert untouched(FileEdit("a.py", OLD, OLD.replace("a)", "c)").replace("b)", "d)")), rows).ok
    assert not untouched(FileEdit("a.py", OLD, OLD.replace("\n\n\ndef two", "\nX = 1\n\ndef two")), rows).ok


def test_other_symbols_may_neither_come_nor_go() -> None:
    """A proposal for one symbol defines that one alone."""
    assert same_symbols(FileEdit("a.py", OLD, OLD.replace("return a", "def inner(): ...\n    return a")), ["one"]).ok
    assert "three" in same_symbols(FileEdit("a.py", OLD, OLD + "\n\ndef three(): ...\n"), ["one"]).detail
    assert "two" in same_symbols(FileEdit("a.py", OLD, OLD.split("def two")[0]), ["one"]).detail


@pytest.mark.parametrize(
    ("path", "old", "new", "ok"),
    [
        ("a.py", OLD, OLD.replace("    return a\n", '    """Doc."""\n    return a\n'), True),
        ("a.py", OLD, OLD.replace("# why", "# because"), True),
        ("a.py", OLD, OLD.replace("    return a\n", '    x = """Doc."""\n    return a\n'), False),
        ("a.py", OLD, OLD.replace("    return a\n", '    f"""Doc."""\n    return a\n'), False),
        ("a.py", OLD, OLD.replace("    return a\n", '    return a\n    """Doc."""\n'), False),
        ("a.py", OLD, OLD.replace(" b'", " c'"), False),
        ("a.py", OLD, OLD.replace("return a", "return (a)"), False),
        ("a.js", "f(`a ${b}`);\n", "/** Doc. */\nf(`a ${b}`);\n", True),
        ("a.js", "f(`a ${b}`);\n", "f(`c ${b}`);\n", False),
        ("a.js", "f();\n", "/** Doc. */ g(); /* */\nf();\n", False),
        ("a.rs", "fn f() {}\n", "/// Doc.\nfn f() {}\n", True),
        ("A.java", "class A { }\n", "/** Doc. */\nclass A { }\n", True),
        ("A.java", "class A { }\n", "/** Doc. */\n@Old class A { }\n", False),
        ("a.go", "package a\n", "// Doc\npackage a\n", True),
        ("a.c", "char *a = \"b\";\n", "char *a = \"c\";\n", False),
    ],
)  # fmt: skip
def test_documentation_alone_leaves_the_tree_equal(path: str, old: str, new: str, ok: bool) -> None:
    """Comments and docstrings may change; anything else may not."""
    assert same_tree(FileEdit(path, old, new)).ok is ok


def test_a_file_of_tests_only_gains_lines() -> None:
    """Lines that go, move or change are found, and so is another body for an old name."""
    old = "def test_a():\n    x = 1\n    assert x\n\n\ndef test_b():\n    assert 2\n"
    assert only_added(FileEdit("t.py", None, old)).ok
    assert only_added(FileEdit("t.py", old, old + "\n\ndef test_c():\n    assert 3\n")).ok
    for bad in (
        old.replace("assert 2", "assert 1"),
        old.replace("    x = 1\n", ""),
        old.replace("    x = 1\n", "    x = 1\n    return\n"),
        old.split("\n\n\n")[1] + "\n\n" + old.split("\n\n\n")[0] + "\n",
    ):
        assert not only_added(FileEdit("t.py", old, bad)).ok, bad
