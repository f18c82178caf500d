"""The embedded engine behind a wall: a GGUF file run by llama.cpp in a process of its own.

Native code can crash, ask for more memory than there is, or never come back; a model's chat template can loop. All of
that ends the process, which costs the answers under way and loading the model once more, and nothing else.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localdev.backends.engine.child import EngineChild
from localdev.backends.engine.wire import Open
from localdev.backends.llamacpp.backend import check_magic
from localdev.backends.llamacpp.native import stamps_of
from localdev.backends.options import BackendOptions
from localdev.core.chat import ChatRequest, ModelInfo
from localdev.core.errors import BackendError, MissingExtra, ModelError
from localdev.core.events import BackendEvent

# A file that kills the engine while it is loaded will do so again: the second time is for bad luck, such as memory
# that was short for a moment. After that it is left alone for a while, whoever asks.
_MOST_LOADS = 2
_PAUSE_SECONDS = 60.0


class ProcessBackend:
    """Runs one GGUF file in a process of its own, which is started again after it died.

    Requests are answered in the order they came. The process computes ahead of who reads the answer, up to
    `max_tokens`; it stops within a token when the iterator is closed.
    """

    def __init__(self, path: Path, options: BackendOptions | None = None) -> None:
        """Begin to load the model; what is wrong with it is said when it is first needed.

        Raises:
            NotFound, ModelError: there is no such file, or it is not GGUF.
            MissingExtra: llama-cpp-python is not installed.
            BackendError: no process can be started.
        """
        check_magic(path)
        if importlib.util.find_spec("llama_cpp") is None:
            raise MissingExtra("the embedded engine is not installed", "add it: `localdev setup llama`")
        chosen = options or BackendOptions()
        self._module = chosen.engine.host_module
        self._opening = Open(path.absolute(), chosen)
        self._stamps = stamps_of(self._opening.path)
        self._still = threading.Lock()  # held to change what follows
        self._closed = False
        self._info: ModelInfo | None = None
        self._child = EngineChild(self._opening, module=self._module)

    def describe(self) -> ModelInfo:
        """Say which model this is; waits until it is loaded.

        Raises:
            ModelError, MissingExtra, UsageError: llama.cpp cannot load it, or not with these options.
            BackendError: the engine died of it.
        """
        if self._info is None:
            self._info = self._running().wait_until_loaded()
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text; may be called while an answer is streamed."""
        return self._running().count(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the answer as it comes, then one `Finished`; see `LlamaCppBackend.stream` for the errors.

        Raises:
            BackendError: the process died; the next request starts another one.
        """
        yield from self._running().answer(request)

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of `request`, be it running or waiting, or all streams; may be called from any thread.

        It ends within a token, also while the prompt is evaluated, with the reason `cancelled`. False where there is
        no such stream.
        """
        return self._child.cancel(request)

    def close(self) -> None:
        """End the process, after it has kept what it keeps for later; answers under way end with an error."""
        with self._still:
            self._closed = True
            child = self._child
        child.close()

    def facts(self) -> dict[str, Any]:
        """Give what `service status` shows: model, pid, memory in bytes, and requests under way or waiting."""
        name = self._opening.options.name or self._opening.path.stem
        return {"model": name, **self._child.facts()}

    def _running(self) -> EngineChild:
        """Give the process; one that has died is replaced, unless it would only die again.

        Raises:
            BackendError: the model was closed, or no process can be started.
            ModelError: its file is not the one that was checked before it was opened.
        """
        with self._still:
            if self._closed:
                raise BackendError("the model was closed", "open it again")
            child = self._child
            if child.failure is None:
                return child
            died_loading = child.info is None and not child.refused
            attempt = child.attempt + 1 if died_loading else 1
            if attempt <= _MOST_LOADS or time.monotonic() - child.failed_at > _PAUSE_SECONDS:
                if stamps_of(self._opening.path) != self._stamps:
                    raise ModelError(
                        f"{self._opening.path} was changed or removed since it was opened, and its engine has ended",
                        "run the command again: then the file is checked anew",
                    )
                self._child = EngineChild(self._opening, module=self._module, attempt=attempt)
            return self._child
