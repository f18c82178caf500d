"""The whole walk of a search over a small repository in memory."""

from __future__ import annotations

import pytest

from localdev.core.search import SearchFilter
from localdev.retrieval.search import search
from tests.retrieval.memory import MemoryRepository, chunk, define

CHUNKS = [
    chunk(
        "app/walk.py",
        "def is_ignored(path):\n    return any(rule.match(path) for rule in rules)\n",
        symbol="is_ignored",
        signature="def is_ignored(path)",
        doc="Decide whether a file is ignored.",
    ),
    chunk(
        "app/http.py",
        "class RetryPolicy:\n    def wait(self):\n        sleep(self.delay)\n",
        symbol="RetryPolicy",
        signature="class RetryPolicy",
        doc="How often a request is tried again.",
    ),
    chunk(
        "app/http.py",
        "def fetch(url):\n    raise FetchError('cannot reach the server')\n",
        symbol="fetch",
        start=10,
        signature="def fetch(url)",
    ),
    chunk("app/store.go", "func Open(path string) *Store {}\n", symbol="Open", signature="func Open()", language="go"),
    chunk(
        "tests/test_walk.py",
        "def test_is_ignored():\n    assert is_ignored('a file that is ignored')\n",
        symbol="test_is_ignored",
        signature="def test_is_ignored()",
    ),
    chunk("docs/настройки.md", "Настройки кэша лежат в файле.\n", kind="section", language="markdown"),
]


@pytest.fixture
def repository() -> MemoryRepository:
    """Six chunks with their definitions."""
    return MemoryRepository(CHUNKS, define(CHUNKS), uses={"is_ignored": 3, "fetch": 1})


@pytest.mark.parametrize(
    ("query", "path", "line"),
    [
        ("how are ignored files decided?", "app/walk.py", 1),
        ("where is the retry logic?", "app/http.py", 1),
        ("FetchError: cannot reach the server", "app/http.py", 10),
        ("is_ignored", "app/walk.py", 1),
        ("RetryPolicy", "app/http.py", 1),
        ("retrypolicy", "app/http.py", 1),
        ("RetryPolcy", "app/http.py", 1),
        ("app/store.go", "app/store.go", 1),
        ("http.py:11", "app/http.py", 10),
        ('  File "/srv/app/http.py", line 11, in fetch', "app/http.py", 10),
        ("tests for ignored files", "tests/test_walk.py", 1),
        ("настройки кэша", "docs/настройки.md", 1),
    ],
)
def test_the_first_hit(repository: MemoryRepository, query: str, path: str, line: int) -> None:
    """Each way of asking leads to the place that is meant."""
    first = search(query, repository)[0]
    assert (first.chunk.path, first.chunk.start_line) == (path, line)
    assert first.parts


@pytest.mark.parametrize("query", ["", "  ", "?!", "`", "***\n---", "🙂"])
def test_a_query_without_words_finds_nothing(repository: MemoryRepository, query: str) -> None:
    """There is nothing to look for, and that is not an error here."""
    assert search(query, repository) == []


def test_a_limit_below_one_finds_nothing(repository: MemoryRepository) -> None:
    """No hits are asked for, none are given."""
    assert search("fetch", repository, limit=0) == []
    assert len(search("file request path", repository, limit=2)) == 2


def test_a_filter_holds_for_definitions_and_paths_too(repository: MemoryRepository) -> None:
    """What is found by name or path obeys the filter as what is found by words does."""
    where = SearchFilter(languages=("go",))
    assert [hit.chunk.language for hit in search("fetch app/http.py Open", repository, where=where)] == ["go"]


def test_a_huge_query_is_answered(repository: MemoryRepository) -> None:
    """100 kB of text are read from both ends."""
    assert search("is_ignored\n" + "noise " * 20_000, repository)[0].chunk.symbol == "is_ignored"


def test_a_name_defined_elsewhere_leads_to_where_it_is_passed_on() -> None:
    """Of the files that import a foreign name, the one that speaks for its folder stands first."""
    chunks = [chunk("a.rs", "use core::Extract;\nExtract Extract"), chunk("extract/mod.rs", "pub use core::Extract;")]
    used = {"Extract": [("a.rs", 1, ""), ("extract/mod.rs", 1, "")]}
    first = search("Extract", MemoryRepository(chunks, used_at=used))[0]
    assert first.chunk.path == "extract/mod.rs"
    assert [part.note for part in first.parts if part.name == "definition"] == ["Extract passed on"]
