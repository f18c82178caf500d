"""From the parts an Ollama streams to events: what a model thinks is kept apart from what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localdev.backends.thinking import ThinkingSplitter
from localdev.core.chat import TokenLogprob
from localdev.core.events import BackendEvent, TextDelta, ThinkingDelta


class AnswerReader:
    """Reads one answer. Newer servers send thinking in a field of its own, older ones leave it marked in the text."""

    def __init__(self) -> None:
        self._splitter = ThinkingSplitter()
        self._logprobs: tuple[TokenLogprob, ...] = ()
        self.text = ""
        self.has_logprobs = False

    def read(self, part: dict[str, Any]) -> Iterator[BackendEvent]:
        """Yield what one part adds, of either call.

        Raises:
            TypeError, ValueError, LookupError, AttributeError: it has another shape than Ollama's parts.
        """
        message = part.get("message") or {}
        text = message.get("content") or part.get("response") or ""
        thinking = message.get("thinking") or part.get("thinking") or ""
        if not isinstance(text, str) or not isinstance(thinking, str):
            raise TypeError("a part of an answer is no text")
        logprobs = tuple(map(_logprob, part.get("logprobs") or ()))
        self.has_logprobs = self.has_logprobs or bool(logprobs)
        if thinking:
            yield ThinkingDelta(thinking)
        else:
            self._logprobs += logprobs
        yield from self._events(*self._splitter.add(text))

    def finish(self) -> Iterator[BackendEvent]:
        """Yield what was held back for a mark that did not come."""
        yield from self._events(*self._splitter.finish())

    def _events(self, thinking: str, text: str) -> Iterator[BackendEvent]:
        """Yield a piece of thinking, then one of the answer with the log-probabilities that came for it."""
        if thinking:
            yield ThinkingDelta(thinking)
        if thinking or text:
            logprobs, self._logprobs = self._logprobs, ()
            if text:
                self.text += text
                yield TextDelta(text, logprobs)


def _logprob(found: dict[str, Any]) -> TokenLogprob:
    """Read one token's log-probability."""
    likeliest = tuple((str(entry["token"]), float(entry["logprob"])) for entry in found.get("top_logprobs") or ())
    return TokenLogprob(str(found["token"]), float(found["logprob"]), likeliest)
