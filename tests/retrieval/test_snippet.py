"""The lines that matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localdev.retrieval.query import read_query
from localdev.retrieval.snippet import relevant_lines, text_lines
from tests.retrieval.memory import chunk

BODY = '''@cached
def load(path, mode):
    """Load a file."""
    path = normal(path)
    for part in path:
        path += retry(part)

    return path
'''
LOAD = chunk("a.py", BODY, symbol="Store.load", start=20, signature="def load(path, mode)")


def test_signature_and_the_rarest_terms() -> None:
    """The signature is always there; a line with a rare term goes before those with common ones."""
    lines = relevant_lines(LOAD, "where is path retried: retry", most=2)
    assert lines == [(21, "def load(path, mode):"), (25, "        path += retry(part)")]


def test_lines_are_in_order_with_their_numbers() -> None:
    """Numbers are those of the file and ascend, whatever the order of worth."""
    lines = relevant_lines(LOAD, read_query("retry the path"), most=10)
    assert [number for number, _ in lines] == sorted(number for number, _ in lines)
    assert all(text == BODY.split("\n")[number - 20] for number, text in lines)


def test_without_a_match_the_beginning_is_shown() -> None:
    """A chunk that was found by meaning shows its signature and first lines."""
    assert [number for number, _ in relevant_lines(LOAD, "zebra")] == [20, 21, 22]


def test_a_later_part_of_a_long_function_has_no_signature_line() -> None:
    """Only lines of the chunk are given: the repeated signature is not one."""
    part = chunk("a.py", "    second = 1\n    third = 2\n", symbol="f", start=90, signature="def f(first)")
    assert relevant_lines(part, "third") == [(91, "    third = 2")]


def test_a_blank_chunk_and_a_long_line() -> None:
    """Nothing to show is an empty list; a minified line does not slow reading."""
    assert relevant_lines(chunk("a.py", "\n\n"), "x") == []
    assert relevant_lines(chunk("a.js", "x " * 100_000), "x")[0][0] == 1


@given(st.text(alphabet="ab\n ()", max_size=200), st.text(alphabet="ab ", max_size=20), st.integers(1, 8))
def test_lines_are_the_chunks_own(text: str, query: str, most: int) -> None:
    """Every line given is a line of the chunk, at most as many as asked."""
    one = chunk("a.py", text, start=5)
    lines = relevant_lines(one, query, most=most)
    assert len(lines) <= most
    assert all(text_lines(one)[number - 5].rstrip() == line for number, line in lines)
