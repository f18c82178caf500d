"""Ctrl-C while grammars load: it is an interrupt, and no grammar is lost or called broken for it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from localdev.source.parse_grammar import Grammar, compiled, grammar


@pytest.fixture
def alarm() -> Iterator[None]:
    """Let the alarm clock interrupt as Ctrl-C does."""
    if sys.platform == "win32":
        pytest.skip("there is no alarm clock here")
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("milliseconds", [0.5, 2, 5, 10])
def test_an_interrupt_stays_one(milliseconds: float) -> None:
    """Wherever it falls in loading a grammar, the interrupt comes out as such, and the next try succeeds."""
    grammar.cache_clear()
    with pytest.raises(KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)
        while True:
            grammar.cache_clear()
            grammar("tsx")
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert isinstance(grammar("tsx"), Grammar)


def test_a_wrong_query_is_an_error() -> None:
    """What is wrong by itself is not taken for an interrupt."""
    import tree_sitter

    known = grammar("python")
    assert known is not None
    with pytest.raises(tree_sitter.QueryError):
        compiled(known.language, "(no_such_node) @name")
