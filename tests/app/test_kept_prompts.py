"""What is kept of prompts: states on disk under their repository's name, orders beside the index, and wiping both."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.app.orders import FileOrders
from localdev.app.stored import stored_states, wipe_states
from localdev.core.events import Answered
from localdev.core.folders import Folders
from localdev.index.layout import index_folder
from tests.app.conftest import OpenJobs

TINY = Path(__file__).parent.parent / "data" / "tiny.gguf"


def cached(jobs: OpenJobs, question: str, **settings: object) -> tuple[int, int]:
    """Ask a model loaded for this question alone; give the tokens of its prompt and those that came from kept state."""
    chosen = {"model": str(TINY), "ask.max_tokens": 8, "llama.threads": 1, "ask.context_tokens": 400, **settings}
    events = list(jobs(chosen).run("ask", {"question": question}))
    answer = next(event for event in events if isinstance(event, Answered))
    return answer.usage.prompt_tokens, answer.usage.cached_tokens


@pytest.mark.llama
def test_the_second_question_goes_on_from_disk(jobs: OpenJobs, folders: Folders, root: Path) -> None:
    """The same one from nearly all of its prompt, another one from the instructions; and both can be removed."""
    pytest.importorskip("llama_cpp")
    first = cached(jobs, "what puts an item into the cart?")
    assert first[1] == 0
    assert cached(jobs, "what puts an item into the cart?") == (first[0], first[0] - 2)
    assert 64 < cached(jobs, "pay")[1] < first[0] - 2
    (kept,) = stored_states(folders, root)
    assert kept.path.name == index_folder(folders.indexes, root).name
    assert kept.files == 3 and kept.bytes > 100_000 and stored_states(folders, None) == [kept]
    wipe_states(kept)
    assert stored_states(folders, root) == [] and not kept.path.exists()
    assert cached(jobs, "what puts an item into the cart?")[1] == 0


@pytest.mark.llama
def test_states_can_be_switched_off(jobs: OpenJobs, folders: Folders, root: Path) -> None:
    """With no room for them nothing is written."""
    pytest.importorskip("llama_cpp")
    cached(jobs, "what puts an item into the cart?", **{"llama.states_mb": 0})
    assert stored_states(folders, root) == [] and not folders.states.exists()


def test_orders_are_remembered(tmp_path: Path) -> None:
    """The most recent one first, each once, and no more than fifty."""
    orders = FileOrders(tmp_path)
    assert orders.earlier() == []
    for order in (["a", "b"], ["c"], ["a", "b"], []):
        orders.remember(order)
    assert FileOrders(tmp_path).earlier() == [["a", "b"], ["c"]]
    for number in range(60):
        orders.remember([str(number)])
    assert orders.earlier()[0] == ["59"] and len(orders.earlier()) == 50


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "[" * 100_000, '{"version": 2, "orders": [["a"]]}', '{"version": 1, "orders": 3}']
)
def test_damaged_orders_count_as_none(content: str, tmp_path: Path) -> None:
    """They only save time; the next prompt writes them anew."""
    (tmp_path / "prompts.json").write_text(content)
    orders = FileOrders(tmp_path)
    assert orders.earlier() == []
    orders.remember(["a"])
    assert orders.earlier() == [["a"]]


def test_orders_that_cannot_be_written(tmp_path: Path) -> None:
    """No error: the next prompt stands in its usual order."""
    (tmp_path / "file").write_text("")
    orders = FileOrders(tmp_path / "file" / "folder")
    orders.remember(["a"])
    assert orders.earlier() == []
