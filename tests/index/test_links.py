"""Which definition a use means: never one of another language, never what the language has itself, else by evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.index.own_words import own_words
from localdev.index.repository import IndexedRepository
from tests.index.sample import Opener, write_files

STORE = """class ModelStore:
    def list(self):
        return [one for one in self.paths()]

    def paths(self):
        return list(self.folder)
"""

# What it shows: files, the file whose chunks are asked, and what they use outside that file or chunk.
USES: dict[str, tuple[dict[str, str], str, set[str]]] = {
    "a function of the language is no method": (
        {"store.py": STORE, "rules.py": "def rules(text):\n    return list(text)\n"},
        "rules.py",
        set(),
    ),
    "a method of the language's own types": (
        {"store.py": STORE.replace("list", "get"), "rules.py": "def rules(words):\n    return words.get(1)\n"},
        "rules.py",
        set(),
    ),
    "unless its class stands beside it": (
        {
            "store.py": STORE,
            "rules.py": "from store import ModelStore\n\ndef rules(a):\n    return ModelStore.list(a)\n",
        },
        "rules.py",
        {"ModelStore", "ModelStore.list"},
    ),
    "a key of a data file": (
        {"package.json": '{"scripts": {"bundle": "x"}}', "a.js": "export function go() {\n  return bundle(1)\n}\n"},
        "a.js",
        set(),
    ),
    "a heading": (
        {"doc.md": "# Slices\n\nText.\n", "a.cc": "int go() {\n  return Slices(1);\n}\n"},
        "a.cc",
        set(),
    ),
    "another language": (
        {"tool.rb": "def helper_of_all\n  1\nend\n", "a.py": "def go():\n    return helper_of_all()\n"},
        "a.py",
        set(),
    ),
    "a header of the same family": (
        {"slice.h": "class Slice {\n  int size;\n};\n", "a.cc": "int go() {\n  return Slice(1);\n}\n"},
        "a.cc",
        {"Slice"},
    ),
    "a module of the same family": (
        {
            "core.js": "export function bundle() {}\n",
            "a.ts": "import { bundle } from './core'\n\nfunction go() { bundle() }\n",
        },
        "a.ts",
        {"bundle"},
    ),
    "an import that is missing": (
        {"core.py": "def bundle():\n    pass\n", "a.py": "def go(bundle):\n    return bundle()\n"},
        "a.py",
        set(),
    ),
    "a function of an imported module": (
        {"core.py": "def bundle():\n    pass\n", "a.py": "import core\n\ndef go():\n    return core.bundle()\n"},
        "a.py",
        {"bundle"},
    ),
    "a method that only one class has": (
        {
            "core.py": "class Core:\n    def bundle(self):\n        pass\n",
            "a.py": "def go(it):\n    return it.bundle()\n",
        },
        "a.py",
        {"Core.bundle"},
    ),
    "a method that two classes have": (
        {
            "core.py": "class Core:\n    def bundle(self):\n        pass\n",
            "more.py": "class More:\n    def bundle(self):\n        pass\n",
            "a.py": "def go(it):\n    return it.bundle()\n",
        },
        "a.py",
        set(),
    ),
    "the class that is imported": (
        {
            "core.py": "class Core:\n    def bundle(self):\n        pass\n",
            "more.py": "class More:\n    def bundle(self):\n        pass\n",
            "a.py": "from more import More\n\ndef go(it: More):\n    return it.bundle()\n",
        },
        "a.py",
        {"More", "More.bundle"},
    ),
    "a method of the same object": (
        {
            "b.py": "class A:\n    def run(self):\n        pass\n",
            "a.py": "class B:\n    def go(self):\n        self.run()\n",
        },
        "a.py",
        set(),
    ),
    "a method of a base class": (
        {
            "b.py": "class A:\n    def prepare(self):\n        pass\n",
            "a.py": "from b import A\n\nclass B(A):\n    def go(self):\n        self.prepare()\n",
        },
        "a.py",
        {"A", "A.prepare"},
    ),
    "a variant that must be named with its enum": (
        {
            "mode.rs": "pub enum Mode {\n    Some(u8),\n    Off,\n}\n",
            "a.rs": "use crate::mode::Mode;\n\nfn go() {\n    Some(1)\n}\n\nfn far() {\n    Mode::Off\n}\n",
        },
        "a.rs",
        {"Mode", "Mode.Off"},
    ),
    "types of the language": (
        {
            "dir.go": 'package x\n\ntype Directive int\n\nfunc (d Directive) string() string { return "" }\n',
            "a.go": "package x\n\nfunc run(b []byte) string {\n\treturn string(b)\n}\n",
        },
        "a.go",
        set(),
    ),
    "files of one package": (
        {
            "one/help.go": "package one\n\nfunc assist() {}\n",
            "two/help.go": "package two\n\nfunc assist() {}\n",
            "one/a.go": "package one\n\nfunc run() {\n\tassist()\n}\n",
        },
        "one/a.go",
        {"assist"},
    ),
    "a class and not its constructor": (
        {
            "p/Box.java": "class Box {\n  Box(int a) {\n    x = a;\n  }\n}\n",
            "p/Use.java": "class Use {\n  Object go() {\n    return new Box(1);\n  }\n}\n",
        },
        "p/Use.java",
        {"Box"},
    ),
}


@pytest.mark.parametrize(("files", "asked", "expected"), USES.values(), ids=USES.keys())
def test_what_code_uses(root: Path, opened: Opener, files: dict[str, str], asked: str, expected: set[str]) -> None:
    """What a file uses of other files is what it surely means, and the other way round."""
    write_files(root, {f"case/{path}": text for path, text in files.items()})
    repository = opened()
    repository.refresh()
    place = f"case/{asked}"
    found = [symbol for chunk in repository.chunk_ids(place) for symbol in repository.callees(chunk, 50)]
    outside = [symbol for symbol in found if symbol.path != place]
    assert {symbol.qualified for symbol in outside} == expected
    for symbol in outside:
        assert any(path == place for path, _, _ in repository.callers(symbol.qualified, 50, path=symbol.path))
    names = {symbol.name for symbol in outside}
    for symbol, _ in repository.symbols("case"):
        if symbol.path != place and symbol.name not in names:
            assert not [one for one in repository.callers(symbol.name, 50, path=symbol.path) if one[0] == place]


def test_callers_of_one_of_two(root: Path, opened: Opener) -> None:
    """With a path only the uses of the definition in that file are given; text and data have none."""
    both = {f"{name}.py": f"class {name}:\n    def bundle(self):\n        pass\n" for name in ("One", "Two")}
    using = {f"use_{name}.py": f"from {name} import {name}\n\n{name}().bundle()\n" for name in ("One", "Two")}
    write_files(root, {**both, **using, "notes.md": "# bundle\n\nText.\n"})
    repository = opened()
    repository.refresh()
    assert repository.callers("bundle", 9, path="One.py") == [("use_One.py", 3, "")]
    assert repository.callers("Two.bundle", 9) == [("use_Two.py", 3, "")]
    assert [path for path, _, _ in repository.callers("bundle", 9)] == ["use_One.py", "use_Two.py"]
    assert repository.callers("bundle", 9, path="notes.md") == []


def test_counts_leave_out_what_says_nothing(root: Path, opened: Opener) -> None:
    """Keys of data and names of the language have no users, however often such a word is used."""
    write_files(
        root, {"store.py": STORE, "a.json": '{"paths": 1}', "b.py": "list(x)\ny.paths()\n", "c.py": "z.paths()\n"}
    )
    repository: IndexedRepository = opened()
    repository.refresh()
    counts = {(symbol.path, symbol.name): count for symbol, count in repository.symbols()}
    assert counts["store.py", "list"] == counts["a.json", "paths"] == 0
    assert counts["store.py", "paths"] > 0


@pytest.mark.parametrize(
    ("family", "word", "other"),
    [("python", "len", "Cart"), ("rust", "Some", "Gitignore"), ("go", "string", "Command"), ("", "", "get")],
)
def test_own_words(family: str, word: str, other: str) -> None:
    """Every language has its own words, and data has none."""
    assert (word in own_words(family)) is bool(word)
    assert other not in own_words(family)
