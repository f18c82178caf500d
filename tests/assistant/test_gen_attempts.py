"""Asking a model: checked, once more with the error, then a clear refusal."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from localdev.assistant.gen.attempts import Edits, Job, Unfit, propose
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.chat import Message, Sampling
from localdev.core.errors import BackendError
from localdev.core.events import Event
from localdev.core.patch import Check, FileEdit, Proposal

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}


def build(answer: dict[str, Any]) -> Edits:
    """Make the answer's text the file's; an empty one cannot be used."""
    if not answer["text"]:
        raise Unfit("there is no text")
    return (FileEdit("a.txt", "old", answer["text"]),)


def check(edits: Edits) -> tuple[Check, ...]:
    """Accept a text without `bad`."""
    text = edits[0].new or ""
    return (Check("size", True), Check("goodness", "bad" not in text, f"{text} is bad" if "bad" in text else ""))


def ran(replies: list[str | Reply], **changes: Any) -> tuple[Proposal, list[Event], FakeBackend]:
    """Run a job against scripted replies."""
    backend = FakeBackend(replies)
    job = Job((Message("user", "write"),), SCHEMA, build, check, prompt="p@1:0", **changes)
    events: list[Event] = []

    def run() -> Generator[Event, None, Proposal]:
        return (yield from propose(job, backend))

    running = run()
    while True:
        try:
            events.append(next(running))
        except StopIteration as ended:
            return ended.value, events, backend


def said(text: str) -> str:
    """Give an answer of the form."""
    return json.dumps({"text": text})


def test_what_passes_at_once_is_asked_once() -> None:
    """The proposal names model and prompt, and counts the tokens."""
    proposal, _, backend = ran([said("fine")])
    assert proposal.accepted
    assert (proposal.attempts, proposal.model, proposal.prompt) == (1, "fake", "p@1:0")
    assert proposal.usage.completion_tokens > 0
    assert backend.requests[0].schema == SCHEMA


def test_a_refused_answer_is_asked_once_more_with_the_reason() -> None:
    """The model sees its answer and what was wrong with it, and the first messages stay as they were."""
    proposal, events, backend = ran([said("bad one"), said("good one")])
    assert proposal.accepted
    assert proposal.attempts == 2
    first, second = backend.requests
    assert second.messages[: len(first.messages)] == first.messages
    assert second.messages[1].content == said("bad one")
    assert "goodness: bad one is bad" in second.messages[2].content
    assert "asking once more" in [getattr(event, "stage", "") for event in events]
    assert proposal.usage.prompt_tokens > backend.count_tokens("write")


@pytest.mark.parametrize(
    ("replies", "detail"),
    [
        ([said("bad 1"), said("bad 2")], "bad 2 is bad"),
        ([said(""), said("")], "there is no text"),
        ([said("old"), said("old")], "nothing would change"),
        ([said("x" * 4000), said("x" * 4000)], "too long to be finished (gen.max_tokens)"),
    ],
)
def test_what_fails_twice_is_refused(replies: list[str | Reply], detail: str) -> None:
    """A refusal has no edits, and the checks of the last answer say why."""
    proposal, _, backend = ran(replies, sampling=Sampling(max_tokens=100))
    assert not proposal.accepted
    assert proposal.edits == ()
    assert proposal.attempts == len(backend.requests) == 2
    assert detail in next(check.detail for check in proposal.checks if not check.ok)


def test_an_engine_that_fails_is_an_error_and_no_refusal() -> None:
    """What is wrong with the machine is not counted against the answer."""
    with pytest.raises(BackendError, match="gone"):
        ran([Reply(text=said("fine"), fail_after=1, error="the engine is gone")])
