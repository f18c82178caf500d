"""Files named in a question."""

from __future__ import annotations

import pytest

from localdev.assistant.mentions import Mention, find_mentions, mentioned_hits
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.index.repository import IndexedRepository

PATHS = ["README.md", "shop/pricing.py", "shop/store.py", "other/store.py", "docs/my notes: #1.md"]


@pytest.mark.parametrize(
    ("question", "text", "mentions"),
    [
        ("what does @README.md say?", "what does README.md say?", [Mention("README.md")]),
        ("@shop/pricing.py:4-9 why?", "shop/pricing.py:4-9 why?", [Mention("shop/pricing.py", 4, 9)]),
        ("line @shop/pricing.py:4?", "line shop/pricing.py:4?", [Mention("shop/pricing.py", 4, 4)]),
        ("@pricing.py", "pricing.py", [Mention("shop/pricing.py")]),
        ("@./README.md.", "./README.md.", [Mention("README.md")]),
        ("what is @property?", "what is @property?", []),
        ("why @angular/core?", "why @angular/core?", []),
        ("mail me@README.md", "mail me@README.md", []),
        ('@"docs/my notes: #1.md":2-3?', '"docs/my notes: #1.md":2-3?', [Mention("docs/my notes: #1.md", 2, 3)]),
        ('@"README.md"', '"README.md"', [Mention("README.md")]),
        ('@"README.md and', '@"README.md and', []),
        ("@README.md and @README.md", "README.md and README.md", [Mention("README.md")]),
    ],
)
def test_mentions_are_found(question: str, text: str, mentions: list[Mention]) -> None:
    """Paths are resolved, also by their end; ordinary words and mail addresses are left alone."""
    assert find_mentions(question, PATHS) == (text, mentions)


@pytest.mark.parametrize(
    ("question", "kind", "hint"),
    [
        ("@../secret", UsageError, "top folder"),
        ("@/etc/passwd", UsageError, "top folder"),
        ("@shop/../../x", UsageError, "top folder"),
        ("@store.py", UsageError, "write one in full"),
        ("@shop/pricng.py", NotFound, "did you mean @shop/pricing.py?"),
        ("@zzzz/qqqq.py", NotFound, "localdev index"),
        ("@pricin.py", NotFound, "did you mean @shop/pricing.py?"),
        ("@shop", UsageError, "name the files in it"),
        ("@README.md:9-3", UsageError, "FIRST-LAST"),
        ("@README.md:0", UsageError, "FIRST-LAST"),
    ],
)
def test_wrong_mentions_are_errors(question: str, kind: type[LocaldevError], hint: str) -> None:
    """Paths outside the root, unknown or ambiguous ones and impossible lines are named with what to do."""
    with pytest.raises(kind) as caught:
        find_mentions(question, PATHS)
    assert hint in caught.value.hint


def test_lines_beyond_the_end_are_an_error(repository: IndexedRepository) -> None:
    """A range that the file does not have is refused."""
    repository.refresh()
    with pytest.raises(NotFound):
        mentioned_hits([Mention("README.md", 500, 510)], repository)
