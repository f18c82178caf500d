"""Backends and changes for the tests of the model's part of a review."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localdev.assistant.review.reviewer import ModelReview, ReviewRequest
from localdev.backends.fake import FakeBackend, Reply
from localdev.core.chat import ChatRequest, ModelInfo
from localdev.core.events import BackendEvent, Event, Finished, TextDelta
from localdev.core.ports import ChatBackend
from localdev.prompting.prompts import load_prompt
from localdev.rules.changed import ReviewedChange
from tests.rules.changing import change_of

ASKED = "Answer with the findings"
CHECKED = "Is this a real defect"


def claim(quote: str, **more: Any) -> dict[str, Any]:
    """Make a finding as a model writes it."""
    return {"quote": quote, "line": 1, "problem": "it fails", "suggestion": "", "severity": "high", **more}


def says(*claims: Mapping[str, Any]) -> str:
    """Make an answer of findings."""
    return json.dumps({"findings": list(claims)})


def verdict(word: str) -> Reply:
    """Make the answer to every second question."""
    return Reply(json.dumps({"real_defect": word}), match=CHECKED)


class Unheld(FakeBackend):
    """A scripted model that is held to no schema: what it says comes as it is."""

    def describe(self) -> ModelInfo:
        """Say so."""
        return ModelInfo("unheld", "fake", 8192, capabilities=frozenset({"chat"}))


class Endless:
    """A model that never ends by itself, and heeds no limit."""

    def __init__(self, piece: str = " so", info: ModelInfo | None = None) -> None:
        self.piece, self.closed, self.pieces = piece, 0, 0
        self._info = info or ModelInfo("endless", "fake", 8192)

    def describe(self) -> ModelInfo:
        """Say its name."""
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count four characters as a token."""
        return len(text) // 4

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Go on and on."""
        try:
            while True:
                self.pieces += 1
                yield TextDelta(self.piece)
        finally:
            self.closed += 1

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """Not listen."""
        return False

    def close(self) -> None:
        """Do nothing."""


class Silent(Endless):
    """A model that ends without a word, or with one that is no end."""

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """End at once."""
        yield Finished("stop", self._usage())

    def _usage(self) -> Any:
        from localdev.core.chat import Usage

        return Usage(1, 0, 0)


def reviewed(
    change: ReviewedChange, backend: ChatBackend, request: ReviewRequest | None = None
) -> tuple[ModelReview, list[Event]]:
    """Have a backend review a change."""
    review = ModelReview(
        change, request or ReviewRequest(), load_prompt("review"), load_prompt("review_check"), backend
    )
    return review, list(review.run())


def new_file(path: str, text: str) -> ReviewedChange:
    """Give the change that adds a file."""
    return change_of({}, {path: text})
