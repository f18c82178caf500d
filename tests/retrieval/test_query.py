"""Reading queries: kinds, terms, names, paths, and what files are asked for."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.retrieval.query import MOST_NAMES, MOST_TERMS, PathMention, read_query


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ClientSession", "symbol"),
        ("session", "symbol"),
        ("`retry`", "symbol"),
        ("Rack::Builder", "symbol"),
        ("get_user parse_args", "symbol"),
        ("how are ignored files decided?", "language"),
        ("where is the retry logic?", "language"),
        ("what does parse_args do", "language"),
        ("src/app/main.py", "path"),
        ("main.py:120", "path"),
        ("docs/", "path"),
        ("ValueError: invalid literal for int() with base 10: 'x'", "error"),
        ('Traceback (most recent call last):\n  File "a.py", line 3, in f\nKeyError: 1', "error"),
        ("panic: runtime error: index out of range [5]", "error"),
        ("error[E0382]: borrow of moved value", "error"),
        ("", "empty"),
        ("   \n", "empty"),
        ("?!... --- ***", "empty"),
        ("как работает кэш", "language"),
        ("配置", "symbol"),
    ],
)
def test_kind(text: str, kind: str) -> None:
    """Each way of asking is told apart by its form."""
    assert read_query(text).kind == kind


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("where is getHTTPResponse used", ("getHTTPResponse",)),
        ("what calls parse_args()", ("parse_args",)),
        ("app.router.add_route", ("app.router.add_route", "router.add_route", "add_route")),
        ("Rack::Response headers", ("Rack.Response", "Response")),
        ("the `run` function", ("run",)),
        ("obj->release()", ("obj.release", "release")),
        ("at gin.(*Context).Next", ("gin.Context.Next", "Context.Next", "Next")),
        ("$httpClient", ("httpClient",)),
        ("parse URLs, e.g. those of IDs", ()),
        ("how does caching work", ()),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    """What is spelt as code is a name, with the joined spelling before its tail; prose is none."""
    assert read_query(text).names == names


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("how are ignored files decided?", ("ignor", "file", "decid")),
        ("what is it", ("what", "is", "it")),
        ("is", ("is",)),
        ("the the cache cache", ("cach",)),
        ("getUser", ("get", "user", "getuser")),
    ],
)
def test_terms(text: str, terms: tuple[str, ...]) -> None:
    """Stop words go from a sentence unless nothing else is left; terms are stemmed and stand once."""
    assert read_query(text).terms == terms


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("what is in src/app/main.py?", [PathMention("src/app/main.py")]),
        ("see main.py:12-40", [PathMention("main.py", 12)]),
        ('  File "/home/me/pkg/io.py", line 30, in read', [PathMention("/home/me/pkg/io.py", 30)]),
        (r"src\app\main.cs", [PathMention("src/app/main.cs")]),
        ("os.path.join and/or app.run", []),
        ("look under ./core/", [PathMention("./core/")]),
    ],
)
def test_paths(text: str, paths: list[PathMention]) -> None:
    """Files are known by their ending, folders by their slashes; attributes and alternatives are neither."""
    assert list(read_query(text).paths) == paths


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("tests of the parser", "test"),
        ("test_parser", "test"),
        ("example of a plugin", "example"),
        ("legacy api", "deprecated"),
        ("the readme", "doc"),
    ],
)
def test_wants(text: str, role: str) -> None:
    """A query that names a kind of file asks for it."""
    assert role in read_query(text).wants
    assert not read_query("how does the parser decide").wants


def test_capitalised_words_may_be_types() -> None:
    """A plain word with a capital is kept as a possible type, a stop word is not."""
    assert read_query("How does the Router nest paths").capitalised == ("Router",)


def test_a_huge_query_is_read_in_bounded_time_from_both_ends() -> None:
    """Of 100 kB of log the start and the end count, and only so many terms of them."""
    text = "FirstTrouble happened\n" + "\n".join(f"line_{n} of a log" for n in range(8000)) + "\nlast_cause"
    started = time.perf_counter()
    query = read_query(text)
    assert time.perf_counter() - started < 2  # a guard against quadratic reading, a hundred times what is needed
    assert len(query.terms) == MOST_TERMS
    assert len(query.names) <= MOST_NAMES
    assert {"firsttroubl", "lastcaus", "firsttrouble", "lastcause"} & set(query.terms) == {"firsttrouble", "lastcause"}


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    """No text breaks reading, and only a text without words is empty."""
    query = read_query(text)
    assert (query.kind == "empty") == (not query.terms)
    assert read_query(text) == query
