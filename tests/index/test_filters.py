"""Narrowing by path patterns, languages and kinds."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from localdev.core.search import SearchFilter
from localdev.index import layout
from localdev.index.database import DATABASE, open_reader
from localdev.index.filters import path_matcher
from localdev.index.views import Views
from tests.index.sample import Opener, write_files


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.py", "a.py", True),
        ("*.py", "deep/down/a.py", True),
        ("*.py", "a.pyi", False),
        ("*.py", "x.py/readme", True),
        ("tests", "tests/test_a.py", True),
        ("tests", "src/tests/test_a.py", True),
        ("tests", "src/mytests/a.py", False),
        ("tests/", "tests", False),
        ("src/app", "src/app/main.py", True),
        ("src/app", "src/apple/main.py", False),
        ("src/app", "lib/src/app/main.py", False),
        ("./src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/deep/er/a.py", True),
        ("src/**", "src/deep/er/a.py", True),
        ("/src", "src/a.py", True),
        ("/src", "lib/src/a.py", False),
        ("file[0-9].c", "file7.c", True),
        ("file[!0-9].c", "file7.c", False),
        ("file[^0-9].c", "filex.c", True),
        ("file[^0-9].c", "file7.c", False),
        ("file[9-0].c", "file5.c", False),
        ("file[^].c", "file^.c", True),
        ("file[!].c", "file!.c", True),
        ("file[a&&b].c", "file&.c", True),
        ("file[-x].c", "file-.c", True),
        ("file[x-].c", "file-.c", True),
        ("file?.c", "filex.c", True),
        ("file?.c", "file.c", False),
        ("a+b(c).py", "a+b(c).py", True),
        ("[", "[", True),
        ("src\\app", "src/app/main.py", True),
        ("", "anything", True),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    """A pattern fits a path as people who know .gitignore expect."""
    assert path_matcher([pattern])(path) is fits


def test_any_pattern_suffices() -> None:
    """A path needs to fit one of several patterns; no pattern fits nothing."""
    assert path_matcher(["*.c", "docs"])("docs/a.md")
    assert not path_matcher([])("docs/a.md")


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
