"""What an answer may name without having been given it."""

from __future__ import annotations

import pytest

from localdev.assistant.known import Known
from localdev.index.repository import IndexedRepository


@pytest.mark.parametrize(
    ("name", "known"), [("None", True), ("nullptr", True), ("atch", False), ("ont", False), ("None not", False)]
)
def test_words_of_languages_are_known_whole(repository: IndexedRepository, name: str, known: bool) -> None:
    """A word of a language is known everywhere; a piece of one, or two of them, is no name."""
    assert Known(repository, []).has_name(name) is known
