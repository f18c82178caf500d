"""Reads the pieces of a streamed answer: text, thinking, log-probabilities, the reason of its end, token counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from localdev.backends.bound import AnswerBound
from localdev.backends.openai_api.events import ServerEvent
from localdev.backends.openai_api.failures import failure, overflow, said_by
from localdev.backends.said import one_line
from localdev.backends.text import TextAssembler
from localdev.backends.thinking import ThinkingSplitter
from localdev.core.chat import TokenLogprob, Usage
from localdev.core.errors import BackendError, LocaldevError
from localdev.core.events import TextDelta, ThinkingDelta

_REASONS: dict[str, Literal["stop", "length"]] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "word": "stop",
    "length": "length",
    "limit": "length",
    "max_tokens": "length",
}
_REFUSED = {
    "content_filter": "the server's filter withheld the answer",
    "tool_calls": "the model called a tool, and was given none",
    "function_call": "the model called a function, and was given none",
    "abort": "the server broke the answer off",
    "error": "the server failed while it answered",
}


class AnswerReader:
    """Takes the events of one stream. `form` is that of the call: chat, text or infill.

    An answer that goes on far beyond `limit` tokens is at its end as one that reached its length.
    """

    def __init__(self, form: str, stop: tuple[str, ...], *, where: str, model: str, limit: int) -> None:
        self._form = form
        self._where = where
        self._model = model
        self._writer = TextAssembler(stop)
        self._bound = AnswerBound(limit)
        self._splitter = ThinkingSplitter() if form == "chat" else None
        self._logprobs: list[TokenLogprob] = []
        self.reason: Literal["stop", "length"] | None = None
        self.usage: Usage | None = None
        self.events = 0
        self.has_logprobs = False
        self.started = False
        self.done = False
        self.texts: list[str] = []

    @property
    def stopped(self) -> bool:
        """Whether a stop string came, after which nothing counts."""
        return self._writer.stopped

    @property
    def text(self) -> str:
        """The whole answer so far."""
        return "".join(self.texts)

    def take(self, event: ServerEvent) -> Iterator[TextDelta | ThinkingDelta]:
        """Yield what an event adds.

        Raises:
            BackendError, ContextOverflow: it is no piece of an answer, or says that there will be none.
        """
        self.events += 1
        if event.data.strip() == "[DONE]":
            self.done = True
            return
        piece = self._parsed(event)
        try:
            found = list(self._added(piece))
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise self._no_piece(event) from error
        yield from found
        if self._bound.passed(sum(len(delta.text) for delta in found)):
            self.reason, self.done = self.reason or "length", True

    def finish(self) -> Iterator[TextDelta | ThinkingDelta]:
        """Yield what was held back for a stop string that did not come."""
        thinking, text = self._splitter.finish() if self._splitter else ("", "")
        yield from self._emit(thinking, text)
        if rest := self._writer.finish():
            yield self._delta(rest)

    def _added(self, piece: dict[str, Any]) -> Iterator[TextDelta | ThinkingDelta]:
        """Yield what a piece adds; one of another shape fails in one of many ways."""
        self._count(piece)
        if self._form == "infill":
            choices = [piece]
        else:
            choices = [choice for choice in piece.get("choices") or [] if isinstance(choice, dict)]
        for choice in choices[:1]:
            self._logprobs += _logprobs(choice)
            self.has_logprobs = self.has_logprobs or bool(self._logprobs)
            yield from self._written(choice)
            self._end(choice)

    def _written(self, choice: dict[str, Any]) -> Iterator[TextDelta | ThinkingDelta]:
        """Yield the text in a choice."""
        inner = choice.get("delta") if self._form == "chat" else choice
        inner = inner if isinstance(inner, dict) else {}
        for name in ("reasoning_content", "reasoning"):
            if isinstance(inner.get(name), str) and inner[name]:
                self.started = True
                self._logprobs.clear()  # of what is thought, not of the answer
                yield ThinkingDelta(inner[name])
                break
        text = inner.get({"chat": "content", "text": "text"}.get(self._form, "content"))
        if not isinstance(text, str) or not text:
            return
        self.started = True
        yield from self._emit(*(self._splitter.add(text) if self._splitter else ("", text)))

    def _emit(self, thinking: str, text: str) -> Iterator[TextDelta | ThinkingDelta]:
        """Yield a piece of thinking, then one of the answer."""
        if thinking:
            if not text:
                self._logprobs.clear()
            yield ThinkingDelta(thinking)
        if text and not self._writer.stopped and (certain := self._writer.add(text.encode("utf-8", "replace"))):
            yield self._delta(certain)

    def _delta(self, text: str) -> TextDelta:
        """Make an event of text with the log-probabilities that came since the last one."""
        self.texts.append(text)
        logprobs, self._logprobs = tuple(self._logprobs), []
        return TextDelta(text, logprobs)

    def _parsed(self, event: ServerEvent) -> dict[str, Any]:
        """Give the object in an event; an error in place of it is raised."""
        try:
            piece = json.loads(event.data)
        except (ValueError, RecursionError):
            piece = None
        if event.name == "error" or (
            isinstance(piece, dict) and (piece.get("error") or piece.get("object") == "error")
        ):
            raise self._error(event, piece)
        if not isinstance(piece, dict):
            raise self._no_piece(event)
        return piece

    def _no_piece(self, event: ServerEvent) -> BackendError:
        """Give the error for something that is no JSON, or JSON of another shape."""
        return BackendError(
            f"{self._where} sent a piece that is no JSON of an answer: {one_line(event.data)[:80]}",
            "see the server's log",
        )

    def _error(self, event: ServerEvent, piece: Any) -> LocaldevError:
        """Give the error that a server sends in a stream."""
        raw = event.data.encode("utf-8", "replace")
        inner = piece.get("error") if isinstance(piece, dict) else None
        code = inner.get("code") if isinstance(inner, dict) else None
        if too_long := overflow(raw):
            return too_long.error(self._model)
        if isinstance(code, int) and 400 <= code < 600:
            return failure(code, {}, raw, model=self._model, where=self._where)
        said = said_by(piece) or (event.data if piece is None else "it does not say why")
        return BackendError(f"{self._where} failed: {one_line(said)}", "see the server's log")

    def _count(self, piece: dict[str, Any]) -> None:
        """Take the token counts, which come with the last pieces or with every one."""
        if self._form == "infill":
            timings = piece.get("timings")
            if piece.get("stop") is True:
                cached = timings.get("cache_n") if isinstance(timings, dict) else 0
                self.usage = Usage(
                    _whole(piece.get("tokens_evaluated")), _whole(cached), _whole(piece.get("tokens_predicted"))
                )
            return
        usage = piece.get("usage")
        if isinstance(usage, dict):
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else 0
            self.usage = Usage(
                _whole(usage.get("prompt_tokens")), _whole(cached), _whole(usage.get("completion_tokens"))
            )

    def _end(self, choice: dict[str, Any]) -> None:
        """Take the reason of the end."""
        if self._form == "infill":
            if choice.get("stop") is not True:
                return
            said = choice.get("stop_type") or ("limit" if choice.get("stopped_limit") else "eos")
        else:
            said = choice.get("finish_reason")
        if not said:
            return
        if said not in _REASONS:
            what = _REFUSED.get(str(said), f"the answer ended for a reason that is not known: {one_line(said)[:60]}")
            raise BackendError(f"{self._where}: {what}", "ask in another way, or see the server's log")
        self.reason = _REASONS[said]


def _logprobs(choice: dict[str, Any]) -> list[TokenLogprob]:
    """Give the log-probabilities in a choice, in whichever of the three forms."""
    found = choice.get("logprobs")
    entries = choice.get("completion_probabilities") or (found.get("content") if isinstance(found, dict) else None)
    if isinstance(entries, list):
        return [
            TokenLogprob(
                str(entry["token"]),
                float(entry["logprob"]),
                tuple((str(top["token"]), float(top["logprob"])) for top in entry.get("top_logprobs") or ()),
            )
            for entry in entries
            if isinstance(entry, dict) and "token" in entry and isinstance(entry.get("logprob"), int | float)
        ]
    if not isinstance(found, dict) or not isinstance(found.get("tokens"), list):
        return []
    tokens, numbers = found["tokens"], found.get("token_logprobs") or []
    tops = found.get("top_logprobs") or [{}] * len(tokens)
    return [
        TokenLogprob(str(token), float(number), tuple((str(name), float(value)) for name, value in (top or {}).items()))
        for token, number, top in zip(tokens, numbers, tops, strict=False)
        if isinstance(number, int | float)
    ]


def _whole(value: Any) -> int:
    """Read a count that may be missing."""
    return value if isinstance(value, int) and value > 0 else 0
