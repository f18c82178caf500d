"""Splitting and stemming."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.core.words import identifier_parts, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("getHTTPResponse", ["get", "http", "respons", "gethttpresponse"]),
        ("snake_case_name", ["snake", "case", "name", "snakecasename"]),
        ("__init__", ["init"]),
        ("utf8", ["utf", "8", "utf8"]),
        ("routes routing routed", ["rout", "rout", "rout"]),
        ("a.b(c)", ["a", "b", "c"]),
        ("Größe größe", ["größe", "größe"]),
        ("日本語", ["日本語"]),
        ("!!! --- ...", []),
        ("x" * 81, []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Identifiers come apart and stay whole; words are stemmed; punctuation and data go."""
    assert words(text) == expected


def test_query_and_code_meet() -> None:
    """A question's plain words are among the words of the identifier it means."""
    assert set(words("parse the files")) & set(words("parseFile")) == {"pars", "file"}


@given(st.text(max_size=200))
def test_words_are_clean(text: str) -> None:
    """No word is empty or holds white space, whatever the text."""
    assert all(word and not any(c.isspace() for c in word) for word in words(text))


def test_identifier_parts_are_not_stemmed() -> None:
    """The parts of a name keep their endings."""
    assert identifier_parts("parsedFiles") == ["parsed", "files"]
    assert stem("files") == "file"
