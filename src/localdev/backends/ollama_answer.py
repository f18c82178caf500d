"""From the parts an Ollama streams to events: what a model thinks is kept apart from what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from localdev.core.chat import TokenLogprob
from localdev.core.events import BackendEvent, TextDelta, ThinkingDelta

_OPEN, _CLOSE = "<think>", "</think>"


class AnswerReader:
    """Reads one answer.

    Newer servers send thinking in a field of its own. Older ones leave it in the text, between `<think>` at its very
    beginning and `</think>`; such a mark further down is text like any other.
    """

    def __init__(self) -> None:
        self._state = "start"
        self._held = ""
        self._logprobs: tuple[TokenLogprob, ...] = ()

    def read(self, text: str, thinking: str, logprobs: Sequence[Any]) -> Iterator[BackendEvent]:
        """Yield what one part adds."""
        if thinking:
            yield ThinkingDelta(thinking)
        self._logprobs += tuple(map(_logprob, logprobs))
        yield from self._split(text)

    def finish(self) -> Iterator[BackendEvent]:
        """Yield what was held back for a mark that did not come."""
        held, self._held = self._held, ""
        if held:
            yield ThinkingDelta(held) if self._state == "thinking" else self._text(held)

    def _split(self, text: str) -> Iterator[BackendEvent]:
        """Cut new text at the marks."""
        self._held += text
        if self._state == "start":
            begun = self._held.lstrip()
            if begun.startswith(_OPEN):
                self._state, self._held = "thinking", begun[len(_OPEN) :].lstrip("\n")
            elif not _OPEN.startswith(begun):
                self._state = "answer"
        if self._state == "thinking":
            thought, mark, rest = self._held.partition(_CLOSE)
            if not mark:
                keep = _beginning(thought, _CLOSE)
                thought, rest = thought[: len(thought) - keep], thought[len(thought) - keep :]
            if thought:
                yield ThinkingDelta(thought)
            self._held = rest
            if mark:
                self._state = "after"
                self._logprobs = ()
        if self._state == "after":  # the blank lines between the two belong to neither
            self._held = self._held.lstrip("\n")
            self._state = "answer" if self._held else "after"
        if self._state == "answer" and self._held:
            found, self._held = self._held, ""
            yield self._text(found)

    def _text(self, text: str) -> TextDelta:
        """Give a piece of the answer with the log-probabilities that came for it."""
        logprobs, self._logprobs = self._logprobs, ()
        return TextDelta(text, logprobs)


def _beginning(text: str, mark: str) -> int:
    """Give the length of the longest beginning of `mark` that `text` ends with."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)


def _logprob(found: Any) -> TokenLogprob:
    """Read one token's log-probability."""
    likeliest = tuple((str(entry["token"]), float(entry["logprob"])) for entry in found.get("top_logprobs") or ())
    return TokenLogprob(str(found["token"]), float(found["logprob"]), likeliest)
