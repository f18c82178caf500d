"""The chat job over settings and the journal, and with a real engine: what of a follow-up is evaluated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from localdev.app.cancelling import Cancellation
from localdev.app.pools import Host, Pools
from localdev.core.errors import NotFound, UsageError
from localdev.core.events import Answered, ContextFitted, Event, PromptShown, Refreshed, Result, Sources, TextDelta
from localdev.core.folders import Folders
from localdev.core.talk import Turn
from tests.app.conftest import OpenJobs
from tests.assistant.chatting import kept

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
QUESTIONS = ["what puts an item into the cart?", "and where is it called?", "what does pay do?", "why?", "and then?"]


def real(**more: object) -> dict[str, Any]:
    """Give settings that ask the tiny model for little."""
    pytest.importorskip("llama_cpp")
    small = {"chat.max_tokens": 12, "chat.context_tokens": 150, "llama.threads": 1}
    return {"model": str(TINY), **small, **{name.replace("__", "."): value for name, value in more.items()}}


def ask(jobs: OpenJobs, turns: list[Turn], question: str, settings: dict[str, Any], **how: Any) -> list[Event]:
    """Ask the next question of a conversation."""
    options = {"question": question, "history": [asdict(turn) for turn in turns]}
    return list(jobs(settings, **how).run("chat", options))


def of(kind: type, events: list[Event]) -> Any:
    """Give the first event of a kind."""
    return next(event for event in events if isinstance(event, kind))


def new_tokens(events: list[Event]) -> tuple[int, int]:
    """Give the tokens that were evaluated, and the fewest that had to be: those of the new message and its marks."""
    usage, fitted = of(Answered, events).usage, of(ContextFitted, events)
    message = fitted.prompt_tokens - fitted.history_tokens
    system = _system_tokens()
    return usage.prompt_tokens - usage.cached_tokens, message - system


def _system_tokens() -> int:
    """Count the instructions, marks included, as the fitting does."""
    from localdev.backends.llamacpp.backend import LlamaCppBackend
    from localdev.prompting.prompts import load_prompt

    backend = LlamaCppBackend(TINY)
    try:
        return backend.count_tokens(load_prompt("chat").sections[0][1]) + 8
    finally:
        backend.close()


@pytest.mark.llama
def test_a_follow_up_evaluates_its_own_message_alone(jobs: OpenJobs) -> None:
    """The model is kept between the questions of a chat; each evaluates little more than its own words."""
    host = Host(Pools())
    turns: list[Turn] = []
    try:
        for question in QUESTIONS:
            events = ask(jobs, turns, question, real(), host=host)
            evaluated, own = new_tokens(events)
            if turns:
                assert evaluated <= own + 8, question
            turns = kept(turns, question, events)
        assert of(ContextFitted, events).forms == ("whole",) * 4
    finally:
        host.pools.close()


@pytest.mark.llama
def test_so_it_does_after_a_compaction_and_with_the_model_loaded_anew(jobs: OpenJobs) -> None:
    """Each question loads the model again; what was evaluated for the ones before comes from disk."""
    settings = real(llama__context=640)
    turns: list[Turn] = []
    forms: tuple[str, ...] = ()
    extended = compacted = 0
    for number in range(14):
        question = QUESTIONS[number % len(QUESTIONS)]
        events = ask(jobs, turns, question, settings)
        fitted, (evaluated, own) = of(ContextFitted, events), new_tokens(events)
        if fitted.forms[:-1] == forms and turns:
            assert evaluated <= own + 8, question
            extended += 1
        elif turns:
            compacted += 1
            assert of(Answered, events).usage.cached_tokens > 200, "the instructions stay"
        forms = fitted.forms
        turns = kept(turns, question, events)
    assert compacted >= 1 and extended >= 2 * compacted


@pytest.mark.llama
def test_cancelled_within_an_answer(jobs: OpenJobs) -> None:
    """The engine stops, the part can stay in the conversation, and the next question goes on from it."""
    from localdev.app.cancelling import Cancelled

    host, cancellation = Host(Pools()), Cancellation()
    settings = real(chat__max_tokens=500)
    stopped = Host(host.pools, cancellation=cancellation)
    events: list[Event] = []
    try:
        with pytest.raises(Cancelled):
            for event in jobs(settings, host=stopped).run("chat", {"question": QUESTIONS[0]}):
                events.append(event)
                if sum(isinstance(each, TextDelta) for each in events) == 5:
                    cancellation.cancel()
        (turn,) = kept([], QUESTIONS[0], events)
        part = "".join(event.text for event in events if isinstance(event, TextDelta))
        turns = [Turn(**{**_shallow(turn), "answer": part, "state": "cancelled"})]
        follow = ask(jobs, turns, "go on", real(), host=host)
        usage = of(Answered, follow).usage
        assert usage.cached_tokens > 0.8 * usage.prompt_tokens - 60
    finally:
        host.pools.close()


def _shallow(turn: Turn) -> dict[str, Any]:
    """Give the fields of a turn as they are."""
    return {name: getattr(turn, name) for name in Turn.__dataclass_fields__}


def test_settings_choose_model_and_sizes(jobs: OpenJobs, script: Callable[[object], str]) -> None:
    """`models.chat` comes before `model`; `chat.k` bounds the passages."""
    settings = {"models.chat": [script(["By `pay` [1]."])], "model": "none", "chat.k": 1}
    events = ask(jobs, [], "what does pay do?", settings)
    assert [type(event) for event in events[:3]] == [Refreshed, ContextFitted, Sources]
    assert len(of(Sources, events).hits) == 1 and of(Answered, events).model == "scripted"


def test_without_a_model_the_hint_says_how_to_get_one(jobs: OpenJobs) -> None:
    """The places answer; wanted without one, nothing is hinted at."""
    events = ask(jobs, [], "what does pay do?", {})
    assert of(Answered, events).answer.startswith("[1] pay.py") and "model" in events[-1].text  # type: ignore[union-attr]
    events = list(jobs({}).run("chat", {"question": "pay", "no_model": True}))
    assert isinstance(events[-1], Answered)


def test_the_prompt_is_shown(jobs: OpenJobs, script: Callable[[object], str]) -> None:
    """What would be sent, and nobody is asked: the script is empty."""
    events = list(jobs({"model": script([])}).run("chat", {"question": "pay?", "show_prompt": True}))
    assert isinstance(events[-1], PromptShown) and events[-1].messages[-1].content.endswith("Question: pay?")


def test_the_journal_says_what_was_sent_once_more(
    jobs: OpenJobs, script: Callable[[object], str], journal: Callable[[], list[dict[str, Any]]]
) -> None:
    """The places of earlier passages that stand in the prompt; nothing that was typed or answered."""
    model = script([{"match": "Question", "text": "By `add_to_cart` [1]."}])
    question = "what puts an item into the cart?"
    turns = kept([], question, ask(jobs, [], question, {"model": model}))
    ask(jobs, turns, "why is that secretly so?", {"model": model})
    first, second = (line for line in journal() if line["kind"] == "chat")
    assert first["history"] == {"turns": 0, "tokens": 0, "read": []} and first["read"]
    assert second["history"]["turns"] == 1 and second["history"]["tokens"] > 20
    place = {name: first["read"][0][name] for name in ("path", "start_line", "end_line")}
    assert place in second["history"]["read"] and "secretly" not in str(second)


@pytest.mark.parametrize(
    "options",
    [
        {"history": [{"number": 1}]},
        {"history": ["x"]},
        {"history": [{"number": 1, "asked": "x", "sources": [{"id": 1}]}]},
        {"attachments": [{"name": "x"}]},
        {"attachments": ["x"]},
    ],
)
def test_options_of_another_form(jobs: OpenJobs, options: dict[str, Any]) -> None:
    """They are an error of the caller, not a bug."""
    with pytest.raises(UsageError):
        list(jobs({}).run("chat", {"question": "pay", **options}))


def test_a_repository_that_disappears(jobs: OpenJobs, root: Path) -> None:
    """Between two questions the folder goes: an error with a hint, and when it is back the chat goes on."""
    first = ask(jobs, [], "pay", {})
    moved = root.rename(root.with_name("elsewhere"))
    with pytest.raises(NotFound) as caught:
        ask(jobs, kept([], "pay", first), "why?", {})
    assert caught.value.hint
    moved.rename(root)
    assert of(Answered, ask(jobs, kept([], "pay", first), "why?", {})).answer
    shutil.rmtree(root)


def test_names(jobs: OpenJobs, folders: Folders) -> None:
    """Files, and the definitions, those that other files refer to first."""
    events = list(jobs({}).run("names", {}))
    assert isinstance(events[-1], Result)
    payload = events[-1].payload
    assert payload["paths"] == ["cart.py", "pay.py"]
    assert payload["symbols"][0] == {"name": "add_to_cart", "path": "cart.py", "line": 1, "kind": "function"}
    assert [symbol["name"] for symbol in payload["symbols"]] == ["add_to_cart", "pay"]
