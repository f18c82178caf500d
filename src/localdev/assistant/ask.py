"""Answering a question about a repository: refresh, retrieve, pack, ask the model, verify."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from localdev.assistant.mentions import find_mentions, mentioned_hits
from localdev.assistant.places import MOST_PLACES, describe_places
from localdev.assistant.verify import Verifier, last_part
from localdev.core.chat import ChatRequest, Message, ModelInfo, Sampling, Usage
from localdev.core.errors import BackendError, ContextOverflow, UsageError
from localdev.core.events import (
    Answered,
    Citation,
    Event,
    Finished,
    Notice,
    PromptShown,
    Refreshed,
    Sources,
    TextDelta,
    Timings,
)
from localdev.core.ports import ChatBackend, ProgressSink, Repository
from localdev.core.search import Hit, SearchFilter
from localdev.prompting.prompts import Prompt, render_prompt
from localdev.retrieval.pack import PackedSource, pack
from localdev.retrieval.query import read_query
from localdev.retrieval.search import search

# Without a model its tokenizer is not there: source text has about 3.5 characters a token in current code tokenizers.
_CHARACTERS_PER_TOKEN = 3.5
# The window `--show-prompt` assumes where no model is configured.
_ASSUMED_WINDOW = 4096
# A chat template adds a few marks to each message; this many tokens are kept free for them.
_TEMPLATE_TOKENS = 32
# Below this many tokens left for passages an answer cannot rest on anything.
_LEAST_PASSAGE_TOKENS = 64


@dataclass(frozen=True, slots=True)
class AskRequest:
    """A question and how to answer it.

    `limit` is the number of passages, `extra` further text given by the user, `context_tokens` the most tokens that
    passages may take (0: as many as the window leaves).
    """

    question: str
    limit: int = 8
    extra: str = ""
    show_prompt: bool = False
    context_tokens: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    where: SearchFilter | None = None


def ask(
    request: AskRequest,
    *,
    repository: Repository,
    prompt: Prompt,
    backend: ChatBackend | None = None,
    progress: ProgressSink | None = None,
) -> Iterator[Event]:
    """Answer a question, yielding events; `Answered` is the last one, or `PromptShown` when only that was asked for.

    Without a backend the answer is the places themselves. Closing the iterator stops the engine.

    Raises:
        UsageError: the question is empty, or a mentioned file lies outside the repository.
        ContextOverflow: question and extra text alone do not fit the model's window.
    """
    if not request.question.strip():
        raise UsageError("the question is empty", 'write it in quotes: localdev ask "where are settings read?"')
    clock = _Clock()
    report = repository.refresh(progress)
    clock.refresh_ms = clock.lap()
    yield Refreshed(report)
    question, hits = _retrieve(request, repository)
    clock.retrieve_ms = clock.lap()
    if request.show_prompt:
        yield _show_prompt(request, question, hits, prompt=prompt, backend=backend)
    elif backend is None or not hits:
        if backend is not None:
            yield Notice("warning", "no passage of this repository matches, so the model was not asked")
        yield from _answer_with_places(question, hits[:MOST_PLACES], repository, clock)
    else:
        yield from _Answer(request, question, repository, prompt, backend, clock).run(hits)


class _Clock:
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


def _retrieve(request: AskRequest, repository: Repository) -> tuple[str, list[Hit]]:
    """Give the question without `@` marks and the passages: those it names first, then those found."""
    paths = repository.paths() if "@" in request.question else []
    question, mentions = find_mentions(request.question, paths)
    named = mentioned_hits(mentions, repository)
    taken = {hit.chunk_id for hit in named}
    found = search(question, repository, limit=request.limit, where=request.where)
    hits = named + [hit for hit in found if hit.chunk_id not in taken]
    return question, [replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1)]


def _answer_with_places(question: str, hits: Sequence[Hit], repository: Repository, clock: _Clock) -> Iterator[Event]:
    """Yield the floor's answer: the places themselves."""
    yield Sources(tuple(hits))
    pieces: list[str] = []
    for piece in describe_places(hits, read_query(question), repository):
        pieces.append(piece)
        yield TextDelta(piece)
    citations = tuple(
        Citation(number, hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.symbol)
        for number, hit in enumerate(hits, start=1)
    )
    yield Answered("".join(pieces), citations, timings=clock.timings())


def _show_prompt(
    request: AskRequest, question: str, hits: Sequence[Hit], *, prompt: Prompt, backend: ChatBackend | None
) -> PromptShown:
    """Build the messages that would be sent, and count them."""
    count = backend.count_tokens if backend else estimate_tokens
    window = backend.describe().context_window if backend else _ASSUMED_WINDOW
    messages, _ = _messages(request, question, hits, prompt=prompt, count=count, window=window)
    return PromptShown(messages, sum(count(message.content) for message in messages))


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of source text where no tokenizer is at hand."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _messages(
    request: AskRequest,
    question: str,
    hits: Sequence[Hit],
    *,
    prompt: Prompt,
    count: Callable[[str], int],
    window: int,
) -> tuple[tuple[Message, ...], list[PackedSource]]:
    """Fit the passages into what the window leaves and render the prompt."""

    def render(packed: Sequence[PackedSource]) -> tuple[Message, ...]:
        passages = [
            {"path": source.path, "start_line": source.start_line, "end_line": source.end_line, "text": source.text}
            for source in packed
        ]
        return render_prompt(prompt, {"passages": passages, "extra": request.extra, "question": question})

    fixed = sum(count(message.content) for message in render([])) + _TEMPLATE_TOKENS
    budget = window - fixed - request.sampling.max_tokens
    if budget < _LEAST_PASSAGE_TOKENS:
        raise ContextOverflow(
            f"the question needs {fixed} tokens and the answer up to {request.sampling.max_tokens}, "
            f"but the model's window has {window}",
            "shorten the question or the text given with it, lower ask.max_tokens, or use a model with a larger window",
        )
    packed = pack(hits, budget=min(budget, request.context_tokens or budget), count=count)
    return render(packed), packed


@dataclass(slots=True)
class _Answer:
    """One answer of a model in the making."""

    request: AskRequest
    question: str
    repository: Repository
    prompt: Prompt
    backend: ChatBackend
    clock: _Clock
    usage: Usage = field(default_factory=Usage)
    stop_reason: str = ""
    shown: list[str] = field(default_factory=list)

    def run(self, hits: Sequence[Hit]) -> Iterator[Event]:
        """Yield the checked text as it comes, then the whole answer."""
        info = self.backend.describe()
        messages, packed = _messages(
            self.request,
            self.question,
            hits,
            prompt=self.prompt,
            count=self.backend.count_tokens,
            window=info.context_window,
        )
        yield Sources(tuple(source.hit for source in packed))
        verifier = Verifier(len(packed), self._known(packed))
        yield from self._stream(messages, verifier)
        if self.stop_reason == "length":
            limit = self.request.sampling.max_tokens
            yield Notice("warning", f"the answer was cut at {limit} tokens; raise ask.max_tokens for longer ones")
        yield self._answered(verifier, packed, info)

    def _stream(self, messages: tuple[Message, ...], verifier: Verifier) -> Iterator[Event]:
        """Ask the model and pass on what is checked."""
        self.clock.lap()
        stream = self.backend.stream(ChatRequest(messages, sampling=self.request.sampling, cache_key=self.prompt.label))
        try:
            for event in stream:
                if isinstance(event, Finished):
                    self.usage, self.stop_reason = event.usage, event.reason
                    continue
                self.clock.first_token_ms = self.clock.first_token_ms or self.clock.lap()
                yield from self._show(verifier.feed(event.text))
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        if not self.stop_reason:
            raise BackendError("the engine ended without saying why", "run the command again")
        yield from self._show(verifier.finish())

    def _show(self, text: str) -> Iterator[Event]:
        """Pass on text unless there is none yet."""
        if text:
            self.shown.append(text)
            yield TextDelta(text)

    def _known(self, packed: Sequence[PackedSource]) -> Callable[[str], bool]:
        """Say how a name is looked up: in what the model was given, then in the index."""
        given = "\n".join([self.question, self.request.extra, *(source.text for source in packed)])
        given_paths = {source.path for source in packed}

        def is_known(name: str) -> bool:
            # As a whole: `parse` does not exist because `parse_file` does.
            if name in given_paths or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", given):
                return True
            return bool(self.repository.known_names([name, last_part(name)]))

        return is_known

    def _answered(self, verifier: Verifier, packed: Sequence[PackedSource], info: ModelInfo) -> Answered:
        """Put the whole answer together."""
        citations = tuple(
            Citation(number, source.path, source.start_line, source.end_line, source.symbol)
            for number in sorted(verifier.cited)
            for source in (packed[number - 1],)
        )
        return Answered(
            answer="".join(self.shown),
            citations=citations,
            unverified=tuple(verifier.unverified),
            dropped_citations=verifier.dropped,
            model=info.name,
            backend=info.backend,
            prompt=self.prompt.label,
            usage=self.usage,
            timings=self.clock.timings(),
            stop_reason=self.stop_reason,
        )
