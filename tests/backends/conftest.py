"""The tiny language model for the tests of the in-process backend."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.events import BackendEvent, Finished, Progress, TextDelta

if TYPE_CHECKING:
    from localdev.backends.llamacpp.backend import LlamaCppBackend

TINY = Path(__file__).parent.parent / "data" / "tiny.gguf"


@pytest.fixture(scope="session")
def llama() -> None:
    """Skip loudly where the engine is not installed; with LOCALDEV_TEST_LLAMA set that is a failure."""
    if importlib.util.find_spec("llama_cpp") is None:
        message = "llama-cpp-python is not installed, so nothing of the in-process engine is tested: setup llama"
        if os.environ.get("LOCALDEV_TEST_LLAMA"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def tiny(llama: None) -> Iterator[LlamaCppBackend]:
    """Give the tiny model, freshly loaded (20 ms)."""
    from localdev.backends.llamacpp.backend import LlamaCppBackend
    from localdev.backends.options import BackendOptions, EngineOptions

    backend = LlamaCppBackend(TINY, BackendOptions(engine=EngineOptions(threads=1)))
    yield backend
    backend.close()


def ask(text: str, **sampling: object) -> ChatRequest:
    """Make a request of one user message."""
    return ChatRequest(messages=(Message("user", text),), sampling=Sampling(**sampling))  # type: ignore[arg-type]


def collect(events: Iterator[BackendEvent]) -> tuple[str, Finished]:
    """Run a stream to its end and give the text and the last event, which must be the only one of its kind."""
    found = [event for event in events if not isinstance(event, Progress)]
    deltas = [event.text for event in found[:-1] if isinstance(event, TextDelta)]
    assert len(deltas) == len(found) - 1 and all(deltas)
    assert isinstance(found[-1], Finished)
    return "".join(deltas), found[-1]
