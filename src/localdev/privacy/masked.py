"""Backends and embedders that are given no credentials: what goes to them is masked, what comes back is restored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localdev.core.chat import ChatRequest, Message, ModelInfo, TokenLogprob
from localdev.core.events import BackendEvent, TextDelta, ThinkingDelta
from localdev.core.ports import ChatBackend, Embedder
from localdev.core.under_way import UnderWay
from localdev.privacy.masking import Masker, Unmasker, mask_values, texts_in
from localdev.privacy.spans import Detector

if TYPE_CHECKING:
    from localdev.core.ports import FloatMatrix

# Told how many credentials of a request were masked, before it is sent; not told of none.
Told = Callable[[int], None]


class MaskedBackend:
    """A chat backend whose requests are masked; credentials that the answer repeats are put back.

    Messages, prefix, suffix, stop texts, schema and grammar are masked alike, so that they fit one another. The
    log-probabilities of an answer speak of the tokens as the model wrote them, placeholders included.
    """

    def __init__(self, inner: ChatBackend, detectors: Sequence[Detector], told: Told | None = None) -> None:
        self._inner = inner
        self._detectors = detectors
        self._told = told or (lambda _count: None)
        self._under_way = UnderWay()

    def describe(self) -> ModelInfo:
        """Say what the inner backend says."""
        return self._inner.describe()

    def count_tokens(self, text: str) -> int:
        """Count the tokens of the masked text: a server may be asked to."""
        return self._inner.count_tokens(Masker([text], self._detectors).mask(text))

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Send the masked request; yield what comes back with the credentials in their places."""
        masker = Masker(list(_texts(request)), self._detectors, joined=(request.prefix, request.suffix))
        masked = _masked(request, masker)
        if masker.count:
            self._told(masker.count)
        events = self._inner.stream(masked)
        try:
            # The inner backend knows the masked request alone.
            with self._under_way.entered(request, lambda: self._inner.cancel(masked)):
                yield from _restored(events, masker, in_json=request.schema is not None)
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of a request (None: every one) as the inner backend does."""
        return self._under_way.cancel(request)

    def close(self) -> None:
        """Close the inner backend."""
        self._inner.close()


class MaskedEmbedder:
    """An embedder whose texts are masked."""

    def __init__(self, inner: Embedder, detectors: Sequence[Detector], told: Told | None = None) -> None:
        self._inner = inner
        self._detectors = detectors
        self._told = told or (lambda _count: None)

    @property
    def name(self) -> str:
        """Identity of model and version, and that texts are masked: other texts make other vectors."""
        return f"{self._inner.name}+masked"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._inner.dimension

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give the vectors of the masked texts; each is masked by itself, so that its vector is always the same."""
        maskers = [Masker([text], self._detectors) for text in texts]
        if count := sum(masker.count for masker in maskers):
            self._told(count)
        return self._inner.embed([masker.mask(text) for masker, text in zip(maskers, texts, strict=True)])


def _texts(request: ChatRequest) -> Iterator[str]:
    """Give all texts of a request that are sent."""
    yield from (message.content for message in request.messages)
    yield from (request.prefix, request.suffix, request.grammar, *request.sampling.stop)
    yield from texts_in(request.schema)


def _masked(request: ChatRequest, masker: Masker) -> ChatRequest:
    """Give the request with every text masked."""
    schema: dict[str, Any] | None = mask_values(request.schema, masker.mask)
    return replace(
        request,
        messages=tuple(Message(message.role, masker.mask(message.content)) for message in request.messages),
        prefix=masker.mask(request.prefix),
        suffix=masker.mask(request.suffix),
        grammar=masker.mask(request.grammar),
        sampling=replace(request.sampling, stop=tuple(map(masker.mask, request.sampling.stop))),
        schema=schema,
    )


def _restored(events: Iterator[BackendEvent], masker: Masker, *, in_json: bool) -> Iterator[BackendEvent]:
    """Put the credentials back; what is held back of one kind of text is given before anything else comes."""
    pending: tuple[TokenLogprob, ...] = ()
    answer, thinking = masker.unmasker(in_json=in_json), masker.unmasker()
    for event in events:
        if isinstance(event, TextDelta):
            yield from _thought(thinking.finish())
            text, pending = answer.feed(event.text), (*pending, *event.logprobs)
            if text:
                yield TextDelta(text, pending)
                pending = ()
            continue
        if rest := _rest(answer, pending):
            yield rest
            pending = ()
        if isinstance(event, ThinkingDelta):
            yield from _thought(thinking.feed(event.text))
        else:
            yield from _thought(thinking.finish())
            yield event
    if rest := _rest(answer, pending):
        yield rest
    yield from _thought(thinking.finish())


def _rest(answer: Unmasker, pending: tuple[TokenLogprob, ...]) -> TextDelta | None:
    """Give what is left of the answer, if anything is."""
    text = answer.finish()
    return TextDelta(text, pending) if text or pending else None


def _thought(text: str) -> Iterator[ThinkingDelta]:
    """Give a thought unless it is empty."""
    if text:
        yield ThinkingDelta(text)
