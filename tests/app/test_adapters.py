"""An adapter for an answer: from the settings to the engine, with a path that means the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.app.anywhere import anywhere
from localdev.config.settings import build
from localdev.core.errors import NotFound, UsageError
from localdev.core.events import Answered
from tests.app.conftest import OpenJobs
from tests.backends.lora import write_adapter

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


def test_the_path_is_made_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path) -> None:
    """The service runs in another folder: what was meant where the command was typed is what it opens."""
    monkeypatch.chdir(tmp_path)

    def full(adapter: str) -> str:
        return anywhere(build({"ask.adapter": adapter})).ask.adapter

    assert full("a.gguf@0.5") == f"{tmp_path}/a.gguf@0.5"
    assert full("b@c/a.gguf@1") == f"{tmp_path}/b@c/a.gguf@1"
    assert full("~/a.gguf") == f"{home}/a.gguf"
    assert full("/x/a.gguf") == "/x/a.gguf"
    assert [full(name) for name in ("", "style", "style@0.5")] == ["", "style", "style@0.5"]


def test_a_model_without_adapters_says_so(jobs: OpenJobs, script: Callable[[object], str]) -> None:
    """What was asked for is not passed over in silence."""
    with pytest.raises(UsageError, match="adapters"):
        list(jobs({"model": script(["x"]), "ask.adapter": "/x/a.gguf"}).run("ask", {"question": "cart?"}))


@pytest.mark.llama
def test_the_answer_is_the_adapters(jobs: OpenJobs, tmp_path: Path) -> None:
    """With the adapter a model answers other than without, and with a scale of 0 the same; a lost file is an error."""
    pytest.importorskip("llama_cpp")
    adapter = tmp_path / "style.gguf"
    write_adapter(adapter)

    def answer(chosen: str) -> str:
        values = {"model": str(TINY), "ask.max_tokens": 12, "ask.k": 1, "ask.adapter": chosen}
        events = jobs(values).run("ask", {"question": "cart?"})
        return next(event.answer for event in events if isinstance(event, Answered))

    plain = answer("")
    assert answer(f"{adapter}@4") != plain
    assert answer(f"{adapter}@0") == plain
    with pytest.raises(NotFound, match=r"none\.gguf"):
        answer(str(tmp_path / "none.gguf"))
