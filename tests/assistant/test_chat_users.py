"""Who uses what in a conversation: which symbol a question is after, and the passages that use it."""

from __future__ import annotations

import pytest

from localdev.assistant.chat.users import used, with_users
from localdev.assistant.passages import find_passages
from localdev.core.events import Citation
from localdev.core.talk import Turn
from localdev.index.repository import IndexedRepository

PLACES = (Citation(1, "README.md", 1, 5), Citation(2, "shop/pricing.py", 1, 8, "pricing.discount"))
BEFORE = Turn(1, "question", "how is the discount decided?", "So.", "done", sources=PLACES, cited=(1, 2))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and where is it called?", ("discount", "shop/pricing.py")),
        ("who uses that?", ("discount", "shop/pricing.py")),
        ("who calls `OrderStore.save_order`?", ("save_order", "")),
        ("which callers does save_order have?", ("save_order", "")),
        ("and what does it return?", ("", "")),
        ("and the callers?", ("discount", "shop/pricing.py")),
        ("is the user known?", ("", "")),
        ("how are orders and carts used?", ("", "")),
        ("why is it recalled?", ("", "")),
    ],
)
def test_what_a_question_is_after(question: str, expected: tuple[str, str]) -> None:
    """The name in it, else what was cited before; nothing where no users are asked for."""
    assert used(question, [BEFORE]) == expected


def test_without_a_turn_before_or_a_symbol_there_is_nothing() -> None:
    """Where nothing was cited it is the best symbol that was found."""
    uncited = Turn(1, "question", "how?", "So.", "done", sources=PLACES)
    assert used("where is it called?", [uncited]) == ("discount", "shop/pricing.py")
    plain = Turn(1, "question", "how?", "So.", "done", sources=PLACES[:1], cited=(1,))
    assert used("where is it called?", []) == used("where is it called?", [plain]) == ("", "")


def test_users_stand_in_front(repository: IndexedRepository) -> None:
    """The function that calls it, once, behind what the question names; nothing of what search found is lost."""
    repository.refresh()
    found = find_passages("where is it called? see @README.md", repository)
    more = with_users(found, repository, "discount", "shop/pricing.py")
    assert [hit.chunk.path for hit in more.hits[: more.named]] == ["README.md"] * more.named
    first = more.hits[more.named]
    assert first.chunk.path == "shop/cart.py" and "discount(customer, amount)" in first.chunk.text
    assert {hit.chunk_id for hit in found.hits} <= {hit.chunk_id for hit in more.hits}
    assert [hit.rank for hit in more.hits] == list(range(1, len(more.hits) + 1))
    assert with_users(found, repository, "", "") == found


def test_a_symbol_that_nobody_uses(repository: IndexedRepository) -> None:
    """What search found stays as it is."""
    repository.refresh()
    found = find_passages("who calls it?", repository, about="orders")
    assert with_users(found, repository, "save_order", "") == found
