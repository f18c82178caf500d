"""Filling in the middle: the text that belongs between what stands before the cursor and what stands behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from localdev.assistant.answer import Clock
from localdev.assistant.repeats import UntilRepeated
from localdev.core.chat import ChatRequest, Sampling, Usage
from localdev.core.code import Chunk
from localdev.core.errors import BackendError, ContextOverflow, ModelError, UsageError
from localdev.core.events import Event, Finished, Result, Sources, TextDelta
from localdev.core.ports import ChatBackend
from localdev.core.search import Hit
from localdev.render.payloads import completion_payload

Count = Callable[[str], int]
# Three tokens of the model's own mark prefix, suffix and middle; one more may begin the prompt.
_MARKS = 4
# With less room than this there is nothing to go by.
_LEAST_TOKENS = 16
# What stands before the cursor says more of what comes than what stands behind it.
_SUFFIX_SHARE = 0.25
# No tokenizer makes fewer tokens of source text: more characters than this need not be counted.
_MOST_CHARACTERS_PER_TOKEN = 8
# A prefix that is cut begins at a line whose number is a multiple of this, so that it begins at the same line after
# the next keystroke, and the engine's state of it can be used again.
_LINES_TOGETHER = 16


@dataclass(frozen=True, slots=True)
class CompleteRequest:
    """What to complete: the text before the cursor and behind it, and the file it is of (empty: of none).

    `context_tokens` is the most that both may take together. `adapter` and `owner` are as in `ChatRequest`.
    """

    prefix: str
    suffix: str = ""
    path: str = ""
    context_tokens: int = 1000
    sampling: Sampling = field(default_factory=Sampling)
    adapter: str = ""
    owner: str = ""


def complete(request: CompleteRequest, *, backend: ChatBackend) -> Iterator[Event]:
    """Yield the completion as it comes, then one `Result` with all of it. Closing the iterator stops the engine.

    The nearest whole lines are sent, three tokens of prefix for one of suffix; what one of them does not need is the
    other's. It ends at `max_tokens`, where the model ends it, or where the first line behind the cursor's would be
    repeated.

    Raises:
        UsageError: there is nothing to complete.
        ModelError: the model was not trained for it.
        ContextOverflow: the answer alone fills the model's window.
        BackendError: the engine failed, or ended without saying why.
    """
    if not request.prefix and not request.suffix:
        raise UsageError("there is no text to complete", "give some text before or behind the cursor")
    clock = Clock()
    info = backend.describe()
    if "fim" not in info.capabilities:
        raise ModelError(
            f"{info.name} cannot complete: it has no tokens for filling in the middle",
            "use a code model that was trained for it: --model, or `localdev config set models.complete NAME`",
        )
    room = info.context_window - request.sampling.max_tokens - _MARKS
    if room < _LEAST_TOKENS:
        raise ContextOverflow(
            f"up to {request.sampling.max_tokens} tokens are to be written, and the window of {info.name} has "
            f"{info.context_window}",
            "lower complete.max_tokens, or use a model with a larger window",
        )
    prefix, suffix = fit(
        request.prefix, request.suffix, budget=min(room, request.context_tokens), count=backend.count_tokens
    )
    yield Sources(_read(request, prefix, suffix), info.name, info.backend)
    asked = ChatRequest(
        prefix=prefix, suffix=suffix, sampling=request.sampling, adapter=request.adapter, owner=request.owner
    )
    written = _Written(UntilRepeated(prefix, request.suffix), clock)
    yield from written.stream(backend, asked)
    yield Result(
        completion_payload(
            written.text,
            model=info.name,
            usage=written.usage,
            timings=clock.timings(),
            stop_reason=written.stop_reason,
        )
    )


@dataclass(slots=True)
class _Written:
    """A completion in the making."""

    until: UntilRepeated
    clock: Clock
    text: str = ""
    usage: Usage = field(default_factory=Usage)
    stop_reason: str = ""

    def stream(self, backend: ChatBackend, request: ChatRequest) -> Iterator[Event]:
        """Ask the model and pass on what belongs to the completion."""
        stream = backend.stream(request)
        raw = ""
        try:
            for event in stream:
                if isinstance(event, Finished):
                    self.usage, self.stop_reason = event.usage, event.reason
                elif isinstance(event, TextDelta):
                    self.clock.first_token_ms = self.clock.first_token_ms or self.clock.lap()
                    raw += event.text
                    yield from self._show(self.until.feed(event.text))
                    if self.until.repeated:
                        break
                else:
                    yield event
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        yield from self._show(self.until.finish())
        if self.until.repeated:
            self.stop_reason = "repeated"
        if not self.stop_reason:
            raise BackendError("the engine ended without saying why", "run the command again")
        if self.usage == Usage():  # the engine was stopped before it said how much it had read and written
            with contextlib.suppress(BackendError):
                read = backend.count_tokens(request.prefix) + backend.count_tokens(request.suffix) + _MARKS
                self.usage = Usage(read, 0, backend.count_tokens(raw))

    def _show(self, text: str) -> Iterator[TextDelta]:
        """Pass on text unless there is none."""
        if text:
            self.text += text
            yield TextDelta(text)


def fit(prefix: str, suffix: str, *, budget: int, count: Count) -> tuple[str, str]:
    """Cut both texts to `budget` tokens of `count` together: whole lines, those nearest to the cursor.

    The suffix has a quarter, and what the prefix leaves; the prefix all that the suffix leaves. Of a line at the
    cursor that is too long itself the nearest characters are kept.
    """
    behind = _nearest(_lines(suffix), int(budget * _SUFFIX_SHARE), count, last=False)
    before = _nearest(_lines(prefix), budget - count(behind), count, last=True)
    if behind != suffix and before == prefix:
        behind = _nearest(_lines(suffix), budget - count(before), count, last=False)
    return before, behind


def _lines(text: str) -> list[str]:
    """Give the lines with their ends; the last one has none and may be empty."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + [rest]


def _nearest(lines: Sequence[str], budget: int, count: Count, *, last: bool) -> str:
    """Give as many of the last (or first) lines as cost at most `budget`; of a single longer one its nearest part."""
    kept = _fitting(lines, budget, count, last=last)
    if not kept:
        characters = lines[-1 if last else 0]
        part = _fitting(characters, budget, count, last=last)
        return characters[len(characters) - part :] if last else characters[:part]
    if not last:
        return "".join(lines[:kept])
    first = len(lines) - kept
    together = -(-first // _LINES_TOGETHER) * _LINES_TOGETHER
    # Where few lines are kept, or long ones, being able to reuse a state is not worth half of them.
    return "".join(lines[together if together - first <= kept // 2 else first :])


def _fitting(pieces: Sequence[str], budget: int, count: Count, *, last: bool) -> int:
    """Give how many of the last (or first) pieces cost at most `budget`; halving, as counts grow with the text."""
    low, high, characters = 0, 0, 0
    for piece in reversed(pieces) if last else pieces:
        characters += len(piece)
        if characters > budget * _MOST_CHARACTERS_PER_TOKEN:
            break
        high += 1
    while low < high:
        middle = (low + high + 1) // 2
        part = pieces[len(pieces) - middle :] if last else pieces[:middle]
        if count("".join(part)) <= budget:
            low = middle
        else:
            high = middle - 1
    return low


def _read(request: CompleteRequest, prefix: str, suffix: str) -> tuple[Hit, ...]:
    """Name the lines of the file that the model is given, for the journal."""
    if not request.path:
        return ()
    text = prefix + suffix
    start = request.prefix.count("\n") - prefix.count("\n") + 1
    chunk = Chunk(request.path, start, start + text.count("\n"), "", "lines", text)
    return (Hit(1, 0, chunk, 1.0),)
