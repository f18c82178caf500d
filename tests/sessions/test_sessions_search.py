"""Anything is a query: words are found by their beginnings, phrases as they are, the rest as it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.core.talk import Turn
from localdev.sessions.search import excerpt_of, fts_expression
from localdev.sessions.store import SessionStore

TALK = [
    ("How are settings read?", "By `read_settings` in app/settings.py, which splits lines at `=`."),
    ("Where is addToCart called?", "Nowhere; an arrow -> points to web/cart.js. Größe, CAFÉ and naïve are words."),
    ("购物车在哪里计算折扣？", "折扣在定价模块里计算。"),
    ("How do I route a request?", "The routes table maps paths; 100% of them. It's done with foo.bar(x) && !y."),
]


@pytest.fixture
def talk(store: SessionStore, root: Path) -> SessionStore:
    """Give a store with a session of four turns."""
    info = store.create(root, title="About the shop's cart")
    for asked, answer in TALK:
        store.add(info.id, Turn(0, "question", asked, answer, "done"))
    return store


@pytest.mark.parametrize(
    ("query", "turns"),
    [
        ("settings", [1]),
        ("read_settings", [1]),
        ("sett lin", [1]),
        ("SETTINGS Read", [1]),
        ('"settings read"', [1]),
        ('"read settings"', [1]),  # the name read_settings
        ('"lines splits"', []),
        ("route", [4]),
        ("cart", [0, 2]),
        ("größe", [2]),
        ("grÖSSE", [2]),
        ("cafe", [2]),
        ("NAIVE", [2]),
        ("ToCart", [2]),
        ("折扣", [3]),
        ("->", [2]),
        ("&& !y", [4]),
        ("100%", [4]),
        ("foo.bar(x)", [4]),
        ("settings route", []),
        ("settings AND route", []),
        ("asked:settings", []),
        ("NEAR(settings read)", []),
        ("settings OR nothing", []),
        ("settings*", [1]),
        ("^settings", [1]),
        ("-settings", [1]),
        ("it's", [4]),
        ('"unclosed phrase', []),
        ('"settings re', [1]),
        ('""', []),
        ("   ", []),
        ("\0", []),
        ("settings\0", [1]),
        ("\ud800", []),
    ],
)
def test_queries(talk: SessionStore, root: Path, query: str, turns: list[int]) -> None:
    """Each query finds what a user means by it; none is an error."""
    assert [match.turn for match in talk.search(query, root)] == turns


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(st.characters(codec=None), max_size=30) | st.text('"*()-+^: aN{}', max_size=12))
def test_no_query_is_an_error(talk: SessionStore, query: str) -> None:
    """Whatever is typed, there is an answer, and the hits lie within its excerpts."""
    for match in talk.search(query):
        assert all(0 <= start < end <= len(match.excerpt) for start, end in match.hits)


def test_a_pasted_text_is_a_query(talk: SessionStore) -> None:
    """A query of thousands of words is cut short and not an error."""
    assert talk.search("settings " * 20_000)
    assert talk.search("x" * 1_000_000) == []
    assert len(fts_expression("word " * 500).split()) < 50


def test_newest_first_and_limited(store: SessionStore, root: Path, tmp_path: Path) -> None:
    """Titles stand before turns, new ones before old ones, no more than asked for, of one repository or of all."""
    old, new = store.create(root, title="cart one"), store.create(root, title="cart two")
    other = store.create(tmp_path / "other", title="nothing")
    for info in (old, new, other):
        store.add(info.id, Turn(0, "question", "the cart", "x", "done"))
    found = [(match.session.id, match.turn) for match in store.search("cart", root)]
    assert found == [(new.id, 0), (old.id, 0), (new.id, 1), (old.id, 1)]
    assert len(store.search("cart", root, limit=3)) == 3
    assert len(store.search("cart", limit=1)) == 1
    assert store.search("cart")[2].session.id == other.id
    assert [match.session.id for match in store.search("he car", limit=1)] == [other.id]


def test_the_index_follows_every_change(store: SessionStore, root: Path) -> None:
    """An answer's words are found when it ends; what is replaced, renamed or deleted is not found any more."""
    info = store.create(root, title="zebra")
    turn = store.add(info.id, Turn(0, "question", "apple", "banana"))
    assert store.search("apple") == []
    store.save(info.id, replace(turn, state="done", answer="banana cherry"))
    assert store.search("cherry")
    store.save(info.id, replace(turn, state="done", answer="date"))
    assert store.search("banana") == []
    store.save(info.id, replace(turn, answer="again"))
    assert store.search("date") == store.search("apple") == []
    store.save(info.id, replace(turn, state="cancelled", answer="fig"))
    assert store.search("fig")
    store.rename(info.id, "lion")
    assert store.search("zebra") == []
    assert store.search("lion")
    store.delete(info.id)
    assert store.search("fig") == store.search("lion") == []


@pytest.mark.parametrize("length", [1_000, 1_000_000])
def test_excerpts_are_short_and_show_the_hit(store: SessionStore, root: Path, length: int) -> None:
    """Deep within one line of a megabyte, in one word or many, the excerpt is short and holds what was found."""
    info = store.create(root)
    for filler in ("x", "word ", "é"):
        half = filler * (length // len(filler))
        store.add(info.id, Turn(0, "question", "q", f"{half} the needle\n\nis here {half}", "done"))
    matches = store.search("needle")
    assert len(matches) == 3
    for match in matches:
        assert len(match.excerpt) < 250
        assert [match.excerpt[start:end] for start, end in match.hits] == ["needle"]
        assert "\n" not in match.excerpt


def test_marks_in_a_text_are_no_hits() -> None:
    """Text that holds the marks themselves gives a readable excerpt."""
    assert excerpt_of("a \ufdd0b\ufdd1 c") == ("a b c", ((2, 3),))
    assert excerpt_of("\ufdd1\ufdd1a\ufdd0") == ("a", ())
    assert excerpt_of("\ufdd0a\ufdd0b\ufdd1")[0] == "ab"
    text, hits = excerpt_of("x" * 500 + "\ufdd0hit\ufdd1" + "y" * 500)
    assert [text[start:end] for start, end in hits] == ["hit"]
    assert text.startswith("...x")
    assert text.endswith("y...")
