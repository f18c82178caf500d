"""The outline of a repository."""

from __future__ import annotations

import pytest

from localdev.core.code import Symbol
from localdev.retrieval.outline import OutlineEntry, estimate_tokens, outline
from tests.retrieval.memory import MemoryRepository


def symbol(path: str, qualified: str, kind: str = "function", line: int = 1) -> Symbol:
    """Make a definition with a plain signature."""
    parent, _, name = qualified.rpartition(".")
    return Symbol(path, name, qualified, kind, line, line + 3, f"{kind} {name}()", parent=parent)


def names(symbols: list[Symbol], uses: dict[str, int] | None = None, budget: int = 2000) -> list[str]:
    """Outline some definitions and give their names."""
    return [one.name for one in outline(MemoryRepository([], symbols, uses or {}), budget_tokens=budget)]


@pytest.mark.parametrize(
    ("better", "worse", "uses"),
    [
        (symbol("z.py", "used"), symbol("a.py", "unused"), {"used": 5}),
        (symbol("z.py", "Thing", "class"), symbol("a.py", "thing", "variable"), {}),
        (symbol("z.py", "public"), symbol("a.py", "_private"), {}),
        (symbol("src/z.py", "code"), symbol("a/tests/a.py", "check"), {}),
        (symbol("p/z.py", "new"), symbol("p/v1/z.py", "old"), {"old": 3}),
    ],
    ids=["used", "kind", "public", "product", "old copy"],
)
def test_the_more_telling_definition_comes_first(better: Symbol, worse: Symbol, uses: dict[str, int]) -> None:
    """Use, kind, publicity and role decide."""
    assert names([worse, better], uses) == [better.qualified, worse.qualified]


def test_a_class_stands_before_its_members() -> None:
    """Even a method that everyone uses comes after the class that holds it."""
    symbols = [symbol("a.py", "Store", "class"), symbol("a.py", "Store.get", "method", 2), symbol("b.py", "other")]
    assert names(symbols, {"get": 50})[:2] == ["Store", "Store.get"]


def test_every_file_is_seen_before_one_is_emptied() -> None:
    """With room for a few lines they come from several files."""
    symbols = [symbol(f"{path}.py", f"{path}{n}", line=n) for path in "abc" for n in range(1, 20)]
    entries = outline(MemoryRepository([], symbols), budget_tokens=60)
    assert {entry.path for entry in entries} == {"a.py", "b.py", "c.py"}


def test_the_budget_holds_with_the_caller_s_tokenizer() -> None:
    """A path costs once per file and a definition its line; ranks count from 1."""
    symbols = [symbol("a.py", "one"), symbol("a.py", "two", line=9)]
    entries = outline(MemoryRepository([], symbols), budget_tokens=7, count=lambda text: len(text.split()))
    assert entries == [
        OutlineEntry("a.py", 1, "function", "one", "function one()", 1),
        OutlineEntry("a.py", 9, "function", "two", "function two()", 2),
    ]
    assert len(outline(MemoryRepository([], symbols), budget_tokens=6, count=lambda text: len(text.split()))) == 1
    assert outline(MemoryRepository([], symbols), budget_tokens=0) == []


def test_a_prefix_narrows_and_a_long_signature_is_cut() -> None:
    """Only definitions under the path are outlined; a signature keeps to one line."""
    long = Symbol("lib/a.py", "f", "f", "function", 1, 2, "def f(" + "argument, " * 60 + ")")
    entries = outline(MemoryRepository([], [long, symbol("app/b.py", "g")]), prefix="lib/")
    assert [entry.name for entry in entries] == ["f"]
    assert len(entries[0].signature) <= 160
    assert entries[0].signature.endswith("…")


def test_estimate_tokens() -> None:
    """Four characters are one token, rounded up."""
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
