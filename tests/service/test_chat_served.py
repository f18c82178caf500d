"""A conversation through the service: the same events as in this process, and its state kept between questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from localdev.app.jobs import LocalJobs
from localdev.config.settings import build
from localdev.core.events import Answered, ContextFitted, Event, Progress, Refreshed, TextDelta
from localdev.core.folders import Folders
from localdev.core.talk import Turn
from localdev.service import client
from localdev.service.client import ServiceJobs
from localdev.service.log import log_file
from tests.assistant.chatting import kept
from tests.service.conftest import Script, facts, until

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
QUESTIONS = ["how are settings read?", "and where is it called?", "why?"]
SMALL = {"model": str(TINY), "chat.max_tokens": 12, "chat.context_tokens": 150, "llama.threads": 1}


def events_of(jobs: LocalJobs | ServiceJobs, turns: list[Turn], question: str) -> Iterator[Event]:
    """Ask the next question of a conversation."""
    return jobs.run("chat", {"question": question, "history": [asdict(turn) for turn in turns]})


def served(settings: dict[str, Any], folders: Folders, root: Path) -> ServiceJobs:
    """Give the jobs that the service runs."""
    return ServiceJobs(build(settings), folders, root, lambda _event: None, {})


def timeless(events: Iterator[Event]) -> list[Event]:
    """Leave out what differs from run to run."""
    plain = [event for event in events if not isinstance(event, Refreshed | Progress)]
    return [replace(each, timings=Answered("").timings) if isinstance(each, Answered) else each for each in plain]


def test_the_events_are_those_of_this_process(repository: Path, folders: Folders, script: Script) -> None:
    """What was fitted travels whole, with the history there and the forms back."""
    settings: dict[str, Any] = {"model": script("By `read_settings` [1]."), "chat.k": 2}
    here: list[Turn] = []
    there: list[Turn] = []
    for question in QUESTIONS:
        alone = timeless(events_of(LocalJobs(build(settings), folders, repository), here, question))
        other = timeless(events_of(served(settings, folders, repository), there, question))
        assert other == alone
        assert any(isinstance(event, ContextFitted) for event in other)
        here, there = kept(here, question, alone), kept(there, question, other)


@pytest.mark.llama
def test_a_follow_up_evaluates_little_and_so_it_does_in_a_new_service(repository: Path, folders: Folders) -> None:
    """Each client is another; after the second question the service is another as well, and goes on from disk."""
    pytest.importorskip("llama_cpp")
    turns: list[Turn] = []
    for number, question in enumerate(QUESTIONS):
        if number == 2:
            client.stop(folders)
        events = list(events_of(served(SMALL, folders, repository), turns, question))
        answer = next(event for event in events if isinstance(event, Answered))
        fitted = next(event for event in events if isinstance(event, ContextFitted))
        if turns:
            assert answer.usage.prompt_tokens - answer.usage.cached_tokens < fitted.passage_tokens + 70
            assert answer.usage.cached_tokens >= fitted.history_tokens
        turns = kept(turns, question, events)


@pytest.mark.llama
def test_a_chat_can_be_warmed(repository: Path, folders: Folders) -> None:
    """The first question then finds its instructions evaluated."""
    pytest.importorskip("llama_cpp")
    served(SMALL, folders, repository).warm("chat")
    until(lambda: "warm ok" in log_file(folders).read_text())
    events = list(events_of(served(SMALL, folders, repository), [], QUESTIONS[0]))
    assert next(event for event in events if isinstance(event, Answered)).usage.cached_tokens > 200


def test_leaving_within_an_answer_cancels_it(repository: Path, folders: Folders, script: Script) -> None:
    """Closing the iterator ends the job in the service."""
    settings = {"model": script("word " * 2000, delay=0.02)}
    events = events_of(served(settings, folders, repository), [], QUESTIONS[0])
    next(event for event in events if isinstance(event, TextDelta))
    assert len(facts(folders)["jobs_running"]) == 1
    events.close()  # type: ignore[attr-defined]
    until(lambda: not facts(folders)["jobs_running"])
