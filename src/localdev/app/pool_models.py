"""Opened models that several jobs share: the engine takes their requests in turn, and what is long unused is closed."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.app.cancelling import Cancellation
from localdev.core.errors import BackendError
from localdev.core.events import Notice
from localdev.core.sizes import counted

if TYPE_CHECKING:
    from localdev.backends.options import BackendOptions
    from localdev.core.chat import ChatRequest, ModelInfo
    from localdev.core.events import BackendEvent
    from localdev.core.ports import ChatBackend

# Two, because a small model for the many small jobs stands beside the one that answers; a third would want memory that
# the first two may need. One that is in use is never closed.
MOST_MODELS = 2

Tell = Callable[[Notice], None]


@dataclass(slots=True, eq=False)
class Opened:
    """A model that is loaded; `users` are the jobs that hold it, `streaming` those that wait for its words.

    `given_up` are those that were cancelled while it was loaded.
    """

    key: str
    backend: ChatBackend
    path: str
    options: BackendOptions
    users: int = 0
    streaming: int = 0
    given_up: int = 0
    info: ModelInfo | None = None
    used: float = field(default_factory=time.monotonic)


class Models:
    """The models that are loaded, by file, window and options."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._opened: dict[str, Opened] = {}
        self._opening: set[str] = set()

    def lease(self, model: str, options: BackendOptions, cancellation: Cancellation, tell: Tell) -> Lease:
        """Give a model, loading it unless it is; another job that wants the same one meanwhile waits.

        Raises:
            LocaldevError: what opening it says.
        """
        key = _key(model, options)
        opened = self._taken(key, cancellation)
        if opened is None:
            try:
                self._make_room()
                opened = Opened(key, _open(model, options), model, options, users=1)
            finally:
                with self._changed:
                    self._opening.discard(key)
                    if opened is not None:
                        self._opened[key] = opened
                    self._changed.notify_all()
        return Lease(self, opened, cancellation, tell)

    def facts(self) -> list[dict[str, Any]]:
        """Say which models are loaded: name, place, memory in bytes (the file's where nothing else is known)."""
        with self._changed:
            opened = list(self._opened.values())
        return [_facts(each) for each in opened]

    def close(self) -> None:
        """Close all of them, those in use included."""
        with self._changed:
            opened = list(self._opened.values())
            self._opened.clear()
        closing = [threading.Thread(target=each.backend.close) for each in opened]  # each may have state to keep
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def close_idle(self) -> None:
        """Close those that no job uses."""
        self._make_room(kept=0)

    def give_back(self, opened: Opened) -> None:
        """Take a model back from a job, and close what is too many."""
        with self._changed:
            opened.users -= 1
            opened.used = time.monotonic()
        self._make_room(kept=MOST_MODELS)

    def give_up(self, opened: Opened) -> None:
        """End the loading of a model whose jobs were all cancelled: it takes minutes, and may be too large for here."""
        with self._changed:
            opened.given_up += 1
            wanted = opened.info is not None or opened.given_up < opened.users
            if wanted or self._opened.get(opened.key) is not opened:
                return
            del self._opened[opened.key]
        opened.backend.close()

    def _taken(self, key: str, cancellation: Cancellation) -> Opened | None:
        """Take a model that is loaded; None when the caller is to load it."""
        with self._changed:
            while key in self._opening:
                self._changed.wait(0.1)
                cancellation.check()
            opened = self._opened.get(key)
            if opened is None:
                self._opening.add(key)
                return None
            opened.users += 1
            return opened

    def _make_room(self, *, kept: int = MOST_MODELS - 1) -> None:
        """Close what was not used for longest until at most so many are kept; those in use stay."""
        with self._changed:
            idle = sorted((each for each in self._opened.values() if not each.users), key=lambda each: each.used)
            gone = idle[: max(0, len(self._opened) - kept)]
            for each in gone:
                del self._opened[each.key]
        for each in gone:
            each.backend.close()


class Lease:
    """A model as one job sees it: closing it gives it back, and a cancelled job stops its engine."""

    def __init__(self, models: Models, opened: Opened, cancellation: Cancellation, tell: Tell) -> None:
        self._models = models
        self._opened: Opened | None = opened
        self._backend = opened.backend
        self._cancellation = cancellation
        self._tell = tell

    def describe(self) -> ModelInfo:
        """Say which model this is; waits until it is loaded, or the job is cancelled."""
        opened = self._opened
        if opened is None or opened.info is not None:
            return self._backend.describe()
        with self._cancellation.calling(lambda: self._models.give_up(opened)):
            try:
                opened.info = self._backend.describe()
            except BackendError:
                self._cancellation.check()
                raise
        return opened.info

    def count_tokens(self, text: str) -> int:
        """Count tokens with the model's own tokenizer."""
        return self._backend.count_tokens(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Pass the model's words on; says so where earlier jobs have to be waited for."""
        opened = self._opened
        if opened is None:
            raise BackendError("the model was given back", "open it again")
        if opened.streaming:
            self._tell(Notice("info", f"waiting for {counted(opened.streaming, 'earlier job')}"))
        opened.streaming += 1
        try:
            yield from watched(self._backend, request, self._cancellation)
        finally:
            opened.streaming -= 1

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End a stream of this job's; without a request nothing, for other jobs have theirs in the same engine."""
        return request is not None and self._backend.cancel(request)

    def close(self) -> None:
        """Give the model back."""
        opened, self._opened = self._opened, None
        if opened is not None:
            self._models.give_back(opened)


def watched(backend: ChatBackend, request: ChatRequest, cancellation: Cancellation) -> Iterator[BackendEvent]:
    """Stream from a backend; a job that is cancelled meanwhile wakes it."""
    over = threading.Event()

    def wake() -> None:
        while not backend.cancel(request) and not over.wait(0.001):
            pass  # the stream has begun here, but not yet in the engine

    with cancellation.calling(wake):
        stream = backend.stream(request)
        try:
            for event in stream:
                cancellation.check()
                yield event
        finally:
            over.set()
            close = getattr(stream, "close", None)
            if close is not None:
                close()
    cancellation.check()


def _facts(opened: Opened) -> dict[str, Any]:
    """Say what is known of a loaded model without asking the engine, which may be busy."""
    from localdev.backends.llamacpp.native import parts_of

    own: dict[str, Any] = getattr(opened.backend, "facts", dict)()
    info = opened.info
    name = info.name if info else own.get("model") or os.path.basename(opened.path)
    with contextlib.suppress(OSError):
        own.setdefault("memory_bytes", sum(part.stat().st_size for part in parts_of(Path(opened.path))))
    return {
        "name": name,
        "placement": info.placement if info else "",
        "context_tokens": info.context_window if info else opened.options.context_window,
        "kv_type": opened.options.engine.kv_type,
        "memory_bytes": own.get("memory_bytes") or 0,
        "pid": own.get("pid"),
        "jobs": opened.users,
        "waiting": max(0, opened.streaming - 1),
    }


def _key(model: str, options: BackendOptions) -> str:
    """Name a file, or the parts of a model, as they are now, and all that it is opened with."""
    from localdev.backends.llamacpp.native import stamps_of
    from localdev.core.wire import dumps  # jobs without a model do without both

    return f"{model} {stamps_of(Path(model))} {dumps(options).decode('ascii')}"


def _open(model: str, options: BackendOptions) -> ChatBackend:
    """Load a model."""
    from localdev.backends.registry import open_backend

    return open_backend(model, options=options)
