"""Narrowing by path patterns, languages and kinds."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from localdev.core.search import SearchFilter
from localdev.core.sqlite import open_reader
from localdev.index import layout
from localdev.index.database import DATABASE
from localdev.index.views import Views
from tests.index.sample import Opener, write_files


@pytest.mark.parametrize(
    ("where", "paths"),
    [
        (SearchFilter(), {"src/shop/cart.py", "src/shop/checkout.py", "tests/test_cart.py", "README.md"}),
        (SearchFilter(paths=("src",)), {"src/shop/cart.py", "src/shop/checkout.py"}),
        (SearchFilter(languages=("Markdown",)), {"README.md"}),
        (SearchFilter(kinds=("method",)), {"src/shop/cart.py"}),
        (SearchFilter(paths=("tests",), languages=("python",)), {"tests/test_cart.py"}),
        (SearchFilter(paths=("nowhere",)), set()),
    ],
)
def test_both_lists_obey(opened: Opener, where: SearchFilter, paths: set[str]) -> None:
    """Lexical and dense search give only chunks that pass; kinds of definitions inside a chunk count."""
    repository = opened()
    repository.refresh()
    for found in (
        repository.lexical(["cart", "shop", "card"], [1, 1, 1, 1, 1], 50, where=where),
        repository.dense("shop cart card paying", 50, where=where),
    ):
        assert {item.chunk.path for item in repository.chunks([hit.chunk_id for hit in found]).values()} == paths


def test_a_filter_is_looked_up_once(opened: Opener, root: Path, tmp_path: Path) -> None:
    """All lists of a search share what passes it, until another one is asked for or the index changes."""
    cart, docs = SearchFilter(paths=("src",)), SearchFilter(paths=("*.md",))
    repository = opened()
    repository.refresh()
    generation = layout.current(tmp_path / "index" / "shop")
    assert generation is not None
    with contextlib.closing(open_reader(generation / DATABASE)) as database:
        views = Views(generation, 64)
        views.follow(database)
        assert views.allowed(None) is views.allowed(SearchFilter()) is None
        first = views.allowed(cart)
        assert first is not None and len(first)
        views.follow(database)
        assert views.allowed(SearchFilter(paths=("src",))) is first
        other = views.allowed(docs)
        assert other is not None and not set(other.tolist()) & set(first.tolist())
        before = views.allowed(cart)
        write_files(root, {"src/more.py": "def more():\n    return 1\n"})
        repository.refresh()
        views.follow(database)
        after = views.allowed(cart)
        assert before is not None and after is not None and len(after) == len(before) + 1
