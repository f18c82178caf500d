"""Models in order for one job: the first one that can be had answers, and it is said when that is not the first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from localdev.core.errors import (
    BackendError,
    Busy,
    ContextOverflow,
    CutShort,
    LocaldevError,
    MissingExtra,
    ModelError,
    NotFound,
)
from localdev.core.events import Notice, Progress

if TYPE_CHECKING:
    from localdev.core.chat import ChatRequest, ModelInfo
    from localdev.core.events import BackendEvent
    from localdev.core.ports import ChatBackend

# What another model may do without. A prompt that is too long, a mistake of the user and a host that is not allowed are
# said instead: they would be as wrong for the next one, or hide what was asked for.
_PASSING = (NotFound, MissingExtra, ModelError, Busy, BackendError)
_STAYING = (ContextOverflow, CutShort)

T = TypeVar("T")


class RoutedBackend:
    """The models of one job, opened one at a time, in order."""

    def __init__(
        self, models: Sequence[str], opened: Callable[[str], ChatBackend], tell: Callable[[Notice], None]
    ) -> None:
        """Open the first model that can be had.

        Raises:
            LocaldevError: none can; what the last one said.
        """
        self._left = list(models)
        self._name = ""
        self._info: ModelInfo | None = None
        self._opened = opened
        self._tell = tell
        self._current = self._next()

    def describe(self) -> ModelInfo:
        """Say which model answers; one that turns out not to load is passed over."""
        # Kept, so that the answer of one that has gone meanwhile is not said to be another one's.
        self._info = self._info or self._tried(lambda backend: backend.describe())
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count with the tokenizer of the model that answers."""
        return self._tried(lambda backend: backend.count_tokens(text))

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer; where a model fails before its first word, the next one is asked the same.

        The prompt was fitted to the first model: one with a smaller window may refuse it as too long.

        Raises:
            LocaldevError: what the last model said, or any one in the middle of its answer.
        """
        begun = False
        while True:
            events = self._current.stream(request)
            with contextlib.ExitStack() as ending:
                close = getattr(events, "close", None)
                if close is not None:
                    ending.callback(close)
                try:
                    for event in events:
                        begun = begun or not isinstance(event, Progress)
                        yield event
                    return
                except _PASSING as error:
                    if begun or isinstance(error, _STAYING) or not self._left:
                        raise
                    failed = error
            self._pass_over(failed)

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End a stream of the model that answers."""
        return self._current.cancel(request)

    def close(self) -> None:
        """Close the model that is open."""
        self._current.close()

    def _tried(self, use: Callable[[ChatBackend], T]) -> T:
        """Use the first model that can be had: one in a process of its own says only when used that it cannot load."""
        while True:
            try:
                return use(self._current)
            except _PASSING as error:
                if isinstance(error, _STAYING) or not self._left:
                    raise
                self._pass_over(error)

    def _pass_over(self, error: LocaldevError) -> None:
        """Close a model that has failed, and open the next one."""
        self._current.close()
        self._say(self._name, error)
        self._current = self._next()

    def _next(self) -> ChatBackend:
        """Open the next model that can be had."""
        self._info = None
        while True:
            model = self._name = self._left.pop(0)
            try:
                return self._opened(model)
            except _PASSING as error:
                if isinstance(error, _STAYING) or not self._left:
                    raise
                self._say(model, error)

    def _say(self, model: str, error: LocaldevError) -> None:
        """Say which model is passed over, why, and which one is next."""
        self._tell(Notice("warning", f"{model} cannot be had ({error}); asking {self._left[0]} instead"))
