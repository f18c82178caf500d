"""Masked backends and embedders: what the scripted inner one is sent, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from localdev.backends.fake import FakeBackend, Reply
from localdev.core.chat import ChatRequest, Message, ModelInfo, Sampling, TokenLogprob, Usage
from localdev.core.errors import BackendError, UsageError
from localdev.core.events import BackendEvent, Finished, TextDelta, ThinkingDelta
from localdev.privacy.detectors import CREDENTIALS
from localdev.privacy.masked import MaskedBackend, MaskedEmbedder
from localdev.privacy.masking import Masker

CODE = 'password = "hunter2"\n'
NAME = Masker([CODE], CREDENTIALS).mask(CODE).split('"')[1]


def answered(events: Iterator[BackendEvent]) -> str:
    """Join the text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 40])
def test_the_model_sees_placeholders_and_the_user_does_not(piece: int) -> None:
    """The inner backend is sent no credential; its answer comes back with them, in pieces of any size."""
    told: list[int] = []
    inner = FakeBackend([f"It is {NAME}, twice {NAME}; not {NAME.lower()}."], piece=piece)
    backend = MaskedBackend(inner, CREDENTIALS, told.append)
    request = ChatRequest((Message("system", "Be brief."), Message("user", CODE), Message("assistant", CODE)))
    events = list(backend.stream(request))
    assert answered(iter(events)) == f"It is hunter2, twice hunter2; not {NAME.lower()}."
    assert isinstance(events[-1], Finished)
    sent = inner.requests[0].messages
    assert [message.role for message in sent] == ["system", "user", "assistant"]
    assert [message.content for message in sent] == ["Be brief.", *[f'password = "{NAME}"\n'] * 2]
    assert told == [1]


def test_every_part_of_a_request_is_masked() -> None:
    """Prefix, suffix, stop, schema and grammar hold the same placeholders; the rest is handed on as it is."""
    inner = FakeBackend([json.dumps({"value": NAME})])
    backend = MaskedBackend(inner, CREDENTIALS)
    schema = {"properties": {"value": {"type": "string"}, "other": {"description": CODE}}}
    request = ChatRequest(
        prefix=CODE,
        suffix=CODE,
        sampling=Sampling(stop=(CODE, "\n\n"), seed=3),
        schema=schema,
        owner="me",
    )
    assert json.loads(answered(backend.stream(request))) == {"value": "hunter2"}
    sent = inner.requests[0]
    masked = f'password = "{NAME}"\n'
    assert (sent.prefix, sent.suffix, sent.sampling.stop) == (masked, masked, (masked, "\n\n"))
    assert "hunter2" not in json.dumps(sent.schema["properties"]["other"] if sent.schema else None)
    assert (sent.sampling.seed, sent.owner) == (3, "me")
    with pytest.raises(UsageError):  # a script follows no grammar, but keeps what it was asked
        answered(backend.stream(ChatRequest(prefix=CODE, grammar=CODE)))
    assert inner.requests[1].grammar == masked


@pytest.mark.parametrize(
    ("prefix", "suffix", "parts"),
    [
        ('password = "hunter2', '"\nx = 1\n', ["hunter"]),
        ('password = "hun', 'ter2"\nx = 1\n', ["hun", "ter2"]),
        ('password = "hunter2', "\nx = 1\n", ["hunter"]),
        ('password = "hunter2', "", ["hunter"]),
        ("DB_PASSWORD=hunt", "er2x9\nA=1\n", ["hunt", "er2x9"]),
        ('token = "ghp_Ab3dE6gH9jK2mN5p', 'Q8sT1vW4yZ7bC0eF3hJ6"\n', ["Ab3dE6gH9", "Q8sT1vW4"]),
        ('url = "postgres://me:hunt', 'er2x@db/x"\n', ["hunt", "er2x"]),
    ],
)
def test_a_credential_at_the_cursor(prefix: str, suffix: str, parts: list[str]) -> None:
    """One that is just being written, or that the cursor cuts in two, is masked on both sides, and comes back."""
    inner = FakeBackend(["x"])
    request = ChatRequest(prefix=prefix, suffix=suffix)
    assert answered(MaskedBackend(inner, CREDENTIALS).stream(request)) == "x"
    sent = inner.requests[0]
    assert not [part for part in parts if part in sent.prefix + sent.suffix]
    masker = Masker([prefix, suffix], CREDENTIALS, joined=(prefix, suffix))
    assert [masker.unmask(masker.mask(text)) for text in (prefix, suffix)] == [prefix, suffix]


def test_nothing_is_told_of_nothing() -> None:
    """A request without credentials is handed on as it is."""
    told: list[int] = []
    inner = FakeBackend(["fine"])
    request = ChatRequest((Message("user", "plain"),))
    assert answered(MaskedBackend(inner, CREDENTIALS, told.append).stream(request)) == "fine"
    assert inner.requests == [request] and told == []


def test_it_is_told_before_anything_is_sent() -> None:
    """Who listens knows of the masking before the inner backend has the request."""
    inner = FakeBackend(["fine"])
    asked: list[int] = []
    backend = MaskedBackend(inner, CREDENTIALS, lambda _count: asked.append(len(inner.requests)))
    list(backend.stream(ChatRequest((Message("user", CODE),))))
    assert asked == [0]


def test_tokens_are_counted_of_what_is_sent() -> None:
    """The count is that of the masked text, for a server may be asked for it."""
    inner = FakeBackend([])
    assert MaskedBackend(inner, CREDENTIALS).count_tokens(CODE) == inner.count_tokens(f'password = "{NAME}"\n')


class Played:
    """Plays any events, to show those that the scripted backend has not."""

    def __init__(self, events: Sequence[BackendEvent]) -> None:
        self._events = events
        self.closed = False

    def describe(self) -> ModelInfo:
        """Say nothing of interest."""
        return ModelInfo("played", "played", 100)

    def count_tokens(self, text: str) -> int:
        """Count characters."""
        return len(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Play."""
        try:
            yield from self._events
        finally:
            self.closed = True

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """Have nothing to cancel."""
        return False

    def close(self) -> None:
        """Do nothing."""


def play(*events: BackendEvent) -> list[Any]:
    """Give what a masked backend makes of some events."""
    return list(MaskedBackend(Played(events), CREDENTIALS).stream(ChatRequest((Message("user", CODE),))))


def test_thinking_and_answer_keep_their_order() -> None:
    """What is held back of one comes before the other begins; both are restored, nothing gets lost at the end."""
    done = Finished("stop", Usage())
    cut = NAME[:5]
    found = play(ThinkingDelta(f"hm {NAME} {cut}"), TextDelta(NAME[:9]), TextDelta(NAME[9:]), TextDelta(cut), done)
    assert found[0] == ThinkingDelta("hm hunter2 ")
    assert found[1] == ThinkingDelta(cut)
    assert found[2:] == [TextDelta("hunter2"), TextDelta(cut), done]


def test_logprobs_are_kept() -> None:
    """Those of pieces that were held back come with the piece that is let go."""
    first, second = TokenLogprob("a", -0.5), TokenLogprob("b", -0.1)
    found = play(TextDelta(NAME[:9], (first,)), TextDelta(NAME[9:], (second,)))
    assert found == [TextDelta("hunter2", (first, second))]


def test_closing_reaches_the_engine() -> None:
    """Who stops reading stops the inner stream."""
    inner = Played([TextDelta("a"), TextDelta("b")])
    stream = MaskedBackend(inner, CREDENTIALS).stream(ChatRequest((Message("user", CODE),)))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert inner.closed


def test_cancelling_reaches_the_engine() -> None:
    """The request that the caller knows ends, and no other one, though the engine knows the masked one alone."""
    inner = FakeBackend([Reply(text="a" * 400, delay=0.01)] * 2)
    backend = MaskedBackend(inner, CREDENTIALS)
    request, other = (ChatRequest((Message("user", CODE),)) for _ in range(2))
    assert not backend.cancel(request)
    streams = [backend.stream(request), backend.stream(other)]
    assert all(isinstance(next(stream), TextDelta) for stream in streams)
    assert backend.cancel(request) and not backend.cancel(ChatRequest((Message("user", CODE),)))
    last = list(streams[0])[-1]
    assert isinstance(last, Finished) and last.reason == "cancelled" and not backend.cancel(request)
    assert isinstance(next(streams[1]), TextDelta)
    assert backend.cancel()
    last = list(streams[1])[-1]
    assert isinstance(last, Finished) and last.reason == "cancelled"


def test_failures_pass() -> None:
    """An engine that dies is an error as without masking."""
    inner = FakeBackend([Reply(text="abc", piece=1, fail_after=1, error="gone")])
    with pytest.raises(BackendError, match="gone"):
        list(MaskedBackend(inner, CREDENTIALS).stream(ChatRequest((Message("user", CODE),))))


class Lengths:
    """Embeds a text as its length, and keeps what it was given."""

    name, dimension = "lengths", 1

    def __init__(self) -> None:
        self.given: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        """Give the lengths."""
        self.given.extend(texts)
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def test_embedded_texts_are_masked_each_by_itself() -> None:
    """A text has the same vector whatever stands beside it, and the name says that texts are masked."""
    inner, told = Lengths(), list[int]()
    embedder = MaskedEmbedder(inner, CREDENTIALS, told.append)
    together = embedder.embed([CODE, "api_key = 'q1w2e3r4t5'", CODE])
    assert together[0] == embedder.embed([CODE])[0] == together[2]
    assert not any("hunter2" in text or "q1w2" in text for text in inner.given)
    assert embedder.name != inner.name and embedder.dimension == 1 and told == [3, 1]
