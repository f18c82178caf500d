"""The model's answer: streamed, verified while it streams, put together at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from localdev.assistant.known import Known
from localdev.assistant.passages import AskRequest, Filled, Found
from localdev.assistant.verify import Verifier
from localdev.core.chat import ChatRequest, Usage
from localdev.core.errors import BackendError
from localdev.core.events import Answered, BackendEvent, Citation, Event, Finished, Notice, Sources, TextDelta, Timings
from localdev.core.ports import ChatBackend, Repository
from localdev.core.search import Hit
from localdev.prompting.prompts import Prompt

# An answer without citations names this many of the places it was given.
_MOST_PLACES = 4


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


@dataclass(slots=True)
class ModelAnswer:
    """One answer of a model in the making; `text` is what was shown so far."""

    request: AskRequest
    repository: Repository
    prompt: Prompt
    backend: ChatBackend
    clock: Clock
    usage: Usage = field(default_factory=Usage)
    stop_reason: str = ""
    shown: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The checked text so far."""
        return "".join(self.shown)

    def stream(self, found: Found, filled: Filled) -> Iterator[Event]:
        """Yield the checked text as it comes, then the whole answer; an empty one is left to the caller.

        Raises:
            BackendError: the engine failed, or ended without saying why.
        """
        sources = tuple(source.hit for source in filled.packed)
        info = self.backend.describe()
        yield Sources(sources, info.name, info.backend, self.prompt.label)
        yield from found.notices(sources)
        given = [found.question, self.request.extra, *(source.text for source in filled.packed)]
        verifier = Verifier(len(sources), Known(self.repository, given))
        self.clock.lap()
        asked = self.request
        request = ChatRequest(
            filled.messages,
            sampling=asked.sampling,
            adapter=asked.adapter,
            cache_key=self.prompt.label,
            owner=asked.owner,
        )
        stream = self.backend.stream(request)
        try:
            yield from self._pass_on(stream, verifier)
            if self.text.strip():
                yield from self._warnings(verifier, sources)
                yield self._whole(verifier, sources)
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

    def _warnings(self, verifier: Verifier, sources: Sequence[Hit]) -> Iterator[Notice]:
        """Say what is wrong with the answer as a whole."""
        if self.stop_reason == "length":
            limit, window = self.request.sampling.max_tokens, self.backend.describe().context_window
            yield Notice("warning", why_cut(self.usage, limit, window))
        if not verifier.cited:
            chunks = [hit.chunk for hit in sources[:_MOST_PLACES]]
            places = ", ".join(f"{chunk.path}:{chunk.start_line}-{chunk.end_line}" for chunk in chunks)
            yield Notice("warning", f"the answer cites no passage, so nothing ties it to the code; see {places}")

    def _whole(self, verifier: Verifier, sources: Sequence[Hit]) -> Answered:
        """Put the whole answer together."""
        info = self.backend.describe()
        return Answered(
            answer=self.text,
            citations=cite(sources, sorted(verifier.cited)),
            unverified=tuple(verifier.unverified),
            dropped_citations=verifier.dropped,
            model=info.name,
            backend=info.backend,
            prompt=self.prompt.label,
            usage=self.usage,
            timings=self.clock.timings(),
            stop_reason=self.stop_reason,
        )


def why_cut(usage: Usage, limit: int, window: int) -> str:
    """Say what ended an answer that reached its length: its limit, or the model's window; and what to change.

    Some backends keep a part of the window free for what they cannot count, hence the three quarters.
    """
    used = usage.prompt_tokens + usage.completion_tokens
    if usage.completion_tokens < limit and 4 * used >= 3 * window:
        return (
            f"the answer was cut, for the model's window ({window} tokens) was full; lower ask.context_tokens for "
            "fewer passages, or raise llama.context if the model has more"
        )
    return f"the answer was cut at {limit} tokens; raise ask.max_tokens for longer ones"


def cite(sources: Sequence[Hit], numbers: Sequence[int]) -> tuple[Citation, ...]:
    """Give the citations of some of the sources, numbered from 1."""
    chunks = [(number, sources[number - 1].chunk) for number in numbers]
    return tuple(
        Citation(number, chunk.path, chunk.start_line, chunk.end_line, chunk.symbol) for number, chunk in chunks
    )
