"""Which names fit what was typed: a table of what a reader means, and how the rest is ordered."""

from __future__ import annotations

import random

import pytest

from localdev.tui.composer.fuzzy import marks, prepare, rank

PATHS = (
    "README.md",
    "src/localdev/app/jobs.py",
    "src/localdev/app/conversation/commands.py",
    "src/localdev/tui/app.py",
    "src/localdev/tui/composer/editor.py",
    "src/localdev/tui/composer/widget.py",
    "src/localdev/cli/commands/chat.py",
    "src/localdev/config/settings.py",
    "tests/app/test_jobs.py",
    "tests/tui/test_composer_editor.py",
    "docs/my notes #1.md",
    "web/FooBarBaz.tsx",
    "web/foobarbazaar.tsx",
)
SYMBOLS = ("Composer.set_draft", "set_draft_text", "HTTPServer.handleRequest", "read_query", "Öffner.größe")


def best(query: str, names: tuple[str, ...] = PATHS, divider: str = "/") -> list[str]:
    """Give the names a query finds, best first."""
    return [names[place] for _, place in rank(query, prepare(names, divider))]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("app", "src/localdev/tui/app.py"),
        ("jobs", "src/localdev/app/jobs.py"),
        ("tjobs", "tests/app/test_jobs.py"),
        ("editor", "src/localdev/tui/composer/editor.py"),
        ("compw", "src/localdev/tui/composer/widget.py"),
        ("tui/ed", "src/localdev/tui/composer/editor.py"),
        ("tce", "tests/tui/test_composer_editor.py"),
        ("EDITOR.PY", "src/localdev/tui/composer/editor.py"),
        ("commands", "src/localdev/app/conversation/commands.py"),
        ("cmdchat", "src/localdev/cli/commands/chat.py"),
        ("fbb", "web/FooBarBaz.tsx"),
        ("foobarbaz", "web/FooBarBaz.tsx"),
        ("readme", "README.md"),
        ("testjobs", "tests/app/test_jobs.py"),
        ("notes #1", "docs/my notes #1.md"),
    ],
)
def test_what_is_meant_comes_first(query: str, first: str) -> None:
    """Ends of paths, starts of words and capitals inside words decide; small and capital letters are one."""
    assert best(query)[0] == first


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("set_draft", "Composer.set_draft"),
        ("sdt", "set_draft_text"),
        ("hr", "HTTPServer.handleRequest"),
        ("hs", "HTTPServer.handleRequest"),
        ("comp.draft", "Composer.set_draft"),
        ("GRÖSSE", ""),
        ("größe", "Öffner.größe"),
    ],
)
def test_symbols_end_in_their_own_name(query: str, first: str) -> None:
    """A symbol's last part is what a path's last part is; a query that nothing fits gives nothing."""
    assert [*best(query, SYMBOLS, "."), ""][0] == first


@pytest.mark.parametrize(
    ("query", "worse", "better"),
    [
        ("rc", "z_source.py", "z_read_config.py"),
        ("conf", "conf/a.py", "a/x_conf.py"),
        ("abc", "z/q_ab_c.py", "z/ab_long_c.py"),
    ],
)
def test_what_counts_for_more(query: str, worse: str, better: str) -> None:
    """Starts of words before neighbours, the last part before folders, its beginning before its middle."""
    assert best(query, (worse, better)) == [better, worse]


def test_letters_must_come_in_order() -> None:
    """The same letters in another order fit nothing."""
    assert best("yp.ppa") == []
    assert best("zzz") == []


def test_an_empty_query_keeps_the_order_given() -> None:
    """Before anything is typed the first names are there as they came."""
    assert best("") == list(PATHS)


def test_equal_names_keep_the_order_given() -> None:
    """Names that fit equally well are not shuffled."""
    names = tuple(f"{letter}/same.py" for letter in "dacb")
    assert best("same", names) == list(names)


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [("ed", "tui/composer/editor.py", "ed"), ("fbb", "web/FooBarBaz.tsx", "FBB"), ("İ", "İstanbul.py", "")],
)
def test_marked_letters_are_those_found(query: str, text: str, marked: str) -> None:
    """The marks stand on the letters that decided; where small letters are longer nothing is marked."""
    assert "".join(text[place] for place in marks(query, text)) == marked


def test_among_very_many_names_the_best_is_still_found() -> None:
    """Only likely names are scored when tens of thousands have the letters, and the one meant is among them."""
    chance = random.Random(7)
    parts = ["composer", "editor", "model", "index", "session", "render", "store", "query", "token", "search"]
    names = ["/".join(chance.choices(parts, k=5)) + f"/{chance.choice(parts)}_{number}.py" for number in range(20_000)]
    names.insert(chance.randrange(len(names)), "src/localdev/tui/composer/editor.py")
    ready = prepare(names)
    for query in ("editor", "composer/editor", "ed.py", "tuiced", "src/ed"):
        assert names[rank(query, ready)[0][1]].startswith("src/localdev/"), query
        assert all(names[place] for _, place in rank(query, ready, 7))
        assert len(rank(query, ready, 7)) <= 7
