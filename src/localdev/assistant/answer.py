"""The model's answer: streamed, verified while it streams, put together at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from localdev.assistant.known import Known
from localdev.assistant.passages import Found
from localdev.assistant.places import MOST_PLACES, describe_places
from localdev.assistant.verify import Verifier
from localdev.core.chat import ChatRequest, Message, Sampling, Usage
from localdev.core.errors import BackendError
from localdev.core.events import Answered, BackendEvent, Citation, Event, Finished, Notice, Sources, TextDelta, Timings
from localdev.core.ports import ChatBackend, Repository
from localdev.core.search import Hit
from localdev.prompting.prompts import Prompt
from localdev.retrieval.query import read_query

# An answer without citations names this many of the places it was given.
_MOST_NAMED = 4


class Clock:
    """Measures the steps of one answer in milliseconds."""

    def __init__(self) -> None:
        self.started = self.last = time.perf_counter()
        self.refresh_ms = self.retrieve_ms = self.first_token_ms = 0.0

    def lap(self) -> float:
        """Give the time since the last lap."""
        now = time.perf_counter()
        elapsed, self.last = (now - self.last) * 1000, now
        return elapsed

    def timings(self) -> Timings:
        """Give the finished measurements."""
        total = (time.perf_counter() - self.started) * 1000
        return Timings(self.refresh_ms, self.retrieve_ms, self.first_token_ms, total)


class Manner(Protocol):
    """How a model is to answer; `owner` is the id of the repository, under which it keeps what it keeps."""

    @property
    def sampling(self) -> Sampling:
        """How to choose tokens."""
        ...

    @property
    def adapter(self) -> str:
        """The LoRA adapter to answer with."""
        ...

    @property
    def owner(self) -> str:
        """The id of the repository."""
        ...


@dataclass(frozen=True, slots=True)
class Put:
    """What a model is asked, and what its answer may speak of.

    `sources` are the new passages, numbered from `first`; `earlier` those of earlier messages that it may cite as well.
    Names in the texts `given` count as known.
    """

    messages: tuple[Message, ...]
    sources: tuple[Hit, ...]
    given: tuple[str, ...]
    notices: tuple[Notice, ...] = ()
    first: int = 1
    earlier: tuple[Citation, ...] = ()

    def citable(self) -> dict[int, Citation]:
        """Give the citation of each passage by its number."""
        new = cite(self.sources, first=self.first)
        return {citation.id: citation for citation in (*new, *self.earlier)}


@dataclass(slots=True)
class ModelAnswer:
    """One answer of a model in the making; `text` is what was shown so far. `job` heads the settings that shape it."""

    request: Manner
    repository: Repository
    prompt: Prompt
    backend: ChatBackend
    clock: Clock
    job: str = "ask"
    usage: Usage = field(default_factory=Usage)
    stop_reason: str = ""
    shown: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The checked text so far."""
        return "".join(self.shown)

    def stream(self, put: Put) -> Iterator[Event]:
        """Yield the checked text as it comes, then the whole answer; an empty one is left to the caller.

        Raises:
            BackendError: the engine failed, or ended without saying why.
        """
        info = self.backend.describe()
        yield Sources(put.sources, info.name, info.backend, self.prompt.label, put.first)
        yield from put.notices
        citable = put.citable()
        verifier = Verifier(citable, Known(self.repository, put.given))
        self.clock.lap()
        asked = self.request
        request = ChatRequest(
            put.messages,
            sampling=asked.sampling,
            adapter=asked.adapter,
            cache_key=self.prompt.label,
            owner=asked.owner,
        )
        stream = self.backend.stream(request)
        try:
            yield from self._pass_on(stream, verifier)
            if self.text.strip():
                yield from self._warnings(verifier, list(citable.values()))
                yield self._whole(verifier, citable)
        finally:  # the backend may have work left behind the last event, which nobody is to wait for
            close = getattr(stream, "close", None)
            if close is not None:
                close()

    def _pass_on(self, stream: Iterator[BackendEvent], verifier: Verifier) -> Iterator[Event]:
        """Pass on what is checked of the model's words."""
        for event in stream:
            if isinstance(event, Finished):
                self.usage, self.stop_reason = event.usage, event.reason
                break
            if not isinstance(event, TextDelta):  # the prompt is read, or the model thinks: no part of the answer
                yield event
                continue
            self.clock.first_token_ms = self.clock.first_token_ms or self.clock.lap()
            yield from self._show(verifier.feed(event.text))
        if not self.stop_reason:
            raise BackendError("the engine ended without saying why", "run the command again")
        yield from self._show(verifier.finish())

    def _show(self, text: str) -> Iterator[Event]:
        """Pass on text unless there is none yet."""
        if text:
            self.shown.append(text)
            yield TextDelta(text)

    def _warnings(self, verifier: Verifier, citable: Sequence[Citation]) -> Iterator[Notice]:
        """Say what is wrong with the answer as a whole."""
        if self.stop_reason == "length":
            limit, window = self.request.sampling.max_tokens, self.backend.describe().context_window
            yield Notice("warning", why_cut(self.usage, limit, window, self.job))
        if citable and not verifier.cited:
            places = ", ".join(one.place for one in citable[:_MOST_NAMED])
            yield Notice("warning", f"the answer cites no passage, so nothing ties it to the code; see {places}")

    def _whole(self, verifier: Verifier, citable: Mapping[int, Citation]) -> Answered:
        """Put the whole answer together."""
        info = self.backend.describe()
        return Answered(
            answer=self.text,
            citations=tuple(citable[number] for number in sorted(verifier.cited)),
            unverified=tuple(verifier.unverified),
            dropped_citations=verifier.dropped,
            model=info.name,
            backend=info.backend,
            prompt=self.prompt.label,
            usage=self.usage,
            timings=self.clock.timings(),
            stop_reason=self.stop_reason,
        )


def answer_with_places(
    found: Found, repository: Repository, clock: Clock, *, most: int, first: int = 1
) -> Iterator[Event]:
    """Yield the floor's answer: at most `most` of the best places themselves, and all that the question names.

    They are numbered from `first`.
    """
    hits: Sequence[Hit] = found.hits[: max(min(MOST_PLACES, most), found.named)]
    yield Sources(tuple(hits), first=first)
    yield from found.notices(hits)
    pieces: list[str] = []
    for piece in describe_places(hits, read_query(found.question), repository, first=first):
        pieces.append(piece)
        yield TextDelta(piece)
    yield Answered("".join(pieces), cite(hits, first=first), timings=clock.timings())


def why_cut(usage: Usage, limit: int, window: int, job: str = "ask") -> str:
    """Say what ended an answer that reached its length: its limit, or the model's window; and what to change.

    Some backends keep a part of the window free for what they cannot count, hence the three quarters.
    """
    used = usage.prompt_tokens + usage.completion_tokens
    if usage.completion_tokens < limit and 4 * used >= 3 * window:
        return (
            f"the answer was cut, for the model's window ({window} tokens) was full; lower {job}.context_tokens for "
            "fewer passages, or raise llama.context if the model has more"
        )
    return f"the answer was cut at {limit} tokens; raise {job}.max_tokens for longer ones"


def cite(sources: Sequence[Hit], *, first: int = 1) -> tuple[Citation, ...]:
    """Give the citations of sources, numbered from `first`."""
    chunks = [(number, source.chunk) for number, source in enumerate(sources, start=first)]
    return tuple(
        Citation(number, chunk.path, chunk.start_line, chunk.end_line, chunk.symbol) for number, chunk in chunks
    )
