"""What every backend promises, in one suite for all of them: the embedded engine, Ollama, OpenAI's API, the script.

A capability that a backend does not have is refused with a usage error; the suite looks at that in its place.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from localdev.backends.options import BackendOptions, EngineOptions, RemoteOptions
from localdev.backends.registry import FACTORIES, open_backend
from localdev.core.chat import ChatRequest, Sampling
from localdev.core.errors import BackendError, ContextOverflow, CutShort, LocaldevError, NotFound, UsageError
from localdev.core.events import BackendEvent, Finished, TextDelta
from localdev.core.ports import ChatBackend
from tests.backends.conftest import TINY, ask, collect
from tests.backends.lora import write_adapter
from tests.backends.ollama_server import serve_tiny
from tests.backends.openai_server import NAME, serve_gguf

QUESTION = "open: Open a file and return a reader."
WINDOW = 512
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["fix", "feature"]},
        "subject": {"type": "string", "maxLength": 12},
        "breaking": {"type": "boolean"},
    },
    "required": ["kind", "subject", "breaking"],
    "additionalProperties": False,
}
SCRIPT = {
    "name": NAME,
    "context_window": WINDOW,
    "replies": [
        {"match": "as JSON", "text": '{"kind": "fix", "subject": "reader", "breaking": false}'},
        {"match": "open", "text": "def open(path):\n    return Reader(path)\n" * 40, "delay": 0.001},
    ],
}


@dataclass(frozen=True)
class Kind:
    """How one kind of backend is opened here: the model, one that is not there, and the known ones the error names."""

    model: str
    unknown: str
    known: str = ""
    url: str = ""
    counts: bool = True  # whether `count_tokens` is exact
    adapter: str = ""  # where the backend can switch it
    logprobs: bool = True  # whether its server gives them: the loopback Ollama is as one of an older version

    def open(self, model: str = "") -> ChatBackend:
        """Open it through the registry, with a small window."""
        remote = RemoteOptions(url=self.url, first_token_seconds=60)
        options = BackendOptions(WINDOW, engine=EngineOptions(threads=1), remote=remote)
        return open_backend(model or self.model, options=options)


@pytest.fixture(scope="module")
def openai_url(llama: None) -> Iterator[str]:
    """Run the real `llama_cpp.server`, once for this file."""
    with serve_gguf(TINY, NAME, window=WINDOW) as url:
        yield url


@pytest.fixture(scope="module")
def ollama_url(llama: None) -> Iterator[str]:
    """Run the loopback Ollama that generates."""
    with serve_tiny() as asked:
        yield asked.url


@pytest.fixture(params=sorted(FACTORIES))
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    """Give every kind of backend there is, in turn."""
    if request.param == "fake":
        path = tmp_path / "script.json"
        path.write_text(json.dumps(SCRIPT))
        return Kind(f"fake:{path}", f"fake:{tmp_path / 'none.json'}")
    if request.param == "gguf":
        request.getfixturevalue("llama")
        return Kind(str(TINY), str(tmp_path / "none.gguf"), adapter=str(write_adapter(tmp_path / "style.gguf")))
    if request.param == "ollama":
        return Kind(
            "ollama:tiny", "ollama:none", "tiny", request.getfixturevalue("ollama_url"), counts=False, logprobs=False
        )
    return Kind(f"openai:{NAME}", "openai:none", NAME, request.getfixturevalue("openai_url"))


@pytest.fixture
def backend(kind: Kind) -> Iterator[ChatBackend]:
    """Open the backend."""
    opened = kind.open()
    yield opened
    opened.close()


def can(backend: ChatBackend, capability: str) -> bool:
    """Say whether the backend has a capability."""
    return capability in backend.describe().capabilities


def refused(backend: ChatBackend, request: ChatRequest) -> None:
    """Check that a request is refused as wrong use, before anything is answered."""
    with pytest.raises(UsageError) as caught:
        next(backend.stream(request))
    assert str(caught.value) and caught.value.hint


def test_description(backend: ChatBackend) -> None:
    """A backend says what it is: its name, its window, and capabilities of the known words."""
    info = backend.describe()
    assert info.name == NAME or Path(info.name).stem == NAME
    assert info.backend in {"llamacpp", "ollama", "openai", "fake"} and info.context_window == WINDOW
    known = {"chat", "fim", "schema", "grammar", "seed", "adapter", "logprobs", "thinking"}
    assert "chat" in info.capabilities <= known
    assert backend.describe() == info


def test_streaming(backend: ChatBackend) -> None:
    """Text comes in several pieces, none empty, and one last event says why it ended and what it cost."""
    text, finished = collect(backend.stream(ask(QUESTION, max_tokens=12)))
    pieces = list(backend.stream(ask(QUESTION, max_tokens=12)))
    assert text and len(pieces) > 3
    assert finished.reason == "length" and "".join(e.text for e in pieces[:-1] if isinstance(e, TextDelta)) == text


def test_usage(backend: ChatBackend, kind: Kind) -> None:
    """The prompt's tokens are the question's and a few of the template; the answer has at most what was asked for."""
    for _ in range(2):
        usage = collect(backend.stream(ask(QUESTION, max_tokens=12)))[1].usage
        least = backend.count_tokens(QUESTION) if kind.counts else 5
        assert least <= usage.prompt_tokens <= least + 64
        assert 0 <= usage.cached_tokens <= usage.prompt_tokens
        assert 6 <= usage.completion_tokens <= 12


def test_counting(backend: ChatBackend) -> None:
    """An empty text has no tokens, and a longer text has more."""
    assert backend.count_tokens("") == 0
    assert 0 < backend.count_tokens("def f") <= backend.count_tokens("def f" * 20) < 200


def test_stop(backend: ChatBackend) -> None:
    """The answer ends in front of a stop string, which is not shown, wherever the pieces are cut."""
    whole, _ = collect(backend.stream(ask(QUESTION, max_tokens=24)))
    for start, size in ((3, 1), (4, 5), (9, 4)):
        stop = whole[start : start + size]
        text, finished = collect(backend.stream(ask(QUESTION, max_tokens=24, stop=(stop, "never"))))
        assert text == whole[: whole.find(stop)] and finished.reason == "stop"


def test_seed(backend: ChatBackend) -> None:
    """At temperature 1 the same seed gives the same text, another seed another."""

    def sample(seed: int) -> str:
        return collect(backend.stream(ask(QUESTION, max_tokens=24, temperature=1.0, seed=seed)))[0]

    first = sample(1)
    assert sample(1) == first
    if can(backend, "seed"):
        assert any(sample(seed) != first for seed in (2, 3, 4))


def schema_request(most: int, seed: int = 0) -> ChatRequest:
    """Ask for a small object."""
    sampling = Sampling(temperature=1.5, seed=seed, max_tokens=most)
    return ChatRequest(ask("Describe the change as JSON.").messages, sampling=sampling, schema=SCHEMA)


def test_schema(backend: ChatBackend) -> None:
    """An answer to a schema is valid and whole."""
    if not can(backend, "schema"):
        return refused(backend, schema_request(200))
    for seed in range(5):
        text, finished = collect(backend.stream(schema_request(200, seed)))
        jsonschema.validate(json.loads(text), SCHEMA)
        assert finished.reason == "stop"
    return None


def test_schema_cut(backend: ChatBackend) -> None:
    """An answer to a schema that its length cuts is an error, and there is no last event."""
    if can(backend, "schema"):
        with pytest.raises(CutShort):
            list(backend.stream(schema_request(3)))
        assert collect(backend.stream(ask(QUESTION, max_tokens=4)))[0]


def test_grammar(backend: ChatBackend) -> None:
    """An answer to a grammar follows it."""
    sampling = Sampling(temperature=1.5, max_tokens=20)
    request = ChatRequest(ask(QUESTION).messages, sampling=sampling, grammar='root ::= "yes" | "no"')
    if not can(backend, "grammar"):
        return refused(backend, request)
    assert collect(backend.stream(request))[0] in ("yes", "no")
    return None


def test_logprobs(backend: ChatBackend, kind: Kind) -> None:
    """Pieces carry the log-probabilities of their tokens, the likeliest first; without them is an error."""
    request = ChatRequest(ask(QUESTION).messages, sampling=Sampling(max_tokens=6), logprobs=3)
    if not can(backend, "logprobs"):
        return refused(backend, request)
    if not kind.logprobs:
        with pytest.raises(LocaldevError, match="no log-probabilities"):
            list(backend.stream(request))
        return None
    pieces = [event for event in backend.stream(request) if isinstance(event, TextDelta)]
    tokens = [token for piece in pieces for token in piece.logprobs]
    assert len(tokens) == 6 and all(token.logprob <= 0 and len(token.top) == 3 for token in tokens)
    assert all(token.top[0][1] >= token.top[1][1] >= token.top[2][1] for token in tokens)
    assert "".join(token.token for token in tokens).strip() == "".join(piece.text for piece in pieces).strip()
    return None


def test_fill_in(backend: ChatBackend) -> None:
    """Text is filled in between a prefix and a suffix where the model can do so."""
    request = ChatRequest(prefix="def open(path):\n", suffix="\n    return reader\n", sampling=Sampling(max_tokens=5))
    if not can(backend, "fim"):
        return refused(backend, request)
    usage = collect(backend.stream(request))[1].usage
    assert usage.prompt_tokens > 3 and usage.completion_tokens <= 5
    return None


def test_adapter(backend: ChatBackend) -> None:
    """An adapter that is not there is refused, and the next request is answered."""
    with pytest.raises((UsageError, NotFound)) as caught:
        next(backend.stream(ChatRequest(ask(QUESTION).messages, adapter="none-such")))
    assert caught.value.hint and collect(backend.stream(ask(QUESTION, max_tokens=4)))[0]


def test_adapter_switch(backend: ChatBackend, kind: Kind) -> None:
    """An adapter changes the answer of the request that names it, and of no other."""
    plain = ask(QUESTION, max_tokens=24)
    assert bool(kind.adapter) == can(backend, "adapter")
    first = collect(backend.stream(plain))[0]
    if kind.adapter:
        assert collect(backend.stream(replace(plain, adapter=kind.adapter)))[0] != first
        assert collect(backend.stream(plain))[0] == first


def test_empty_request(backend: ChatBackend) -> None:
    """A request without messages, prefix and suffix is refused."""
    refused(backend, ChatRequest())


def test_overflow(backend: ChatBackend) -> None:
    """A prompt beyond the window is refused with both numbers, and not cut."""
    with pytest.raises(ContextOverflow) as caught:
        next(backend.stream(ask("open the file " * 1000)))
    numbers = [int(number) for number in re.findall(r"\d+", str(caught.value))]
    assert WINDOW in numbers and max(numbers) > WINDOW and "context" in caught.value.hint
    assert collect(backend.stream(ask(QUESTION, max_tokens=4)))[0]


def test_answer_to_the_end_of_the_window(backend: ChatBackend) -> None:
    """An answer may be as long as the window has room for, and is not longer."""
    finished = collect(backend.stream(ask("open " * 60, max_tokens=5000, temperature=1.0, stop=("\x00",))))[1]
    assert finished.usage.prompt_tokens + finished.usage.completion_tokens <= WINDOW + 2


def test_unknown_model(kind: Kind) -> None:
    """A model that is not there is not found; servers say which ones are."""
    with pytest.raises(NotFound) as caught:
        kind.open(kind.unknown)
    assert "none" in str(caught.value) and caught.value.hint
    assert kind.known in f"{caught.value} {caught.value.hint}"


def test_cancel(backend: ChatBackend) -> None:
    """Closing a stream is quick, and the next request is answered at once."""
    stream = backend.stream(ask(QUESTION, max_tokens=400, temperature=1.0))
    next(stream)
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 1
    assert collect(backend.stream(ask(QUESTION, max_tokens=4)))[0]
    assert time.monotonic() - started < 5


def test_cancel_by_name(backend: ChatBackend) -> None:
    """A stream that is cancelled from outside ends soon and says so; others go on."""
    request = ask(QUESTION, max_tokens=400, temperature=1.0)
    stream = backend.stream(request)
    next(stream)
    assert backend.cancel(request) and not backend.cancel(ask(QUESTION))
    rest = list(stream)
    assert isinstance(rest[-1], Finished) and rest[-1].reason == "cancelled"
    assert not backend.cancel(request) and collect(backend.stream(ask(QUESTION, max_tokens=4)))[0]


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run functions side by side and give their results in order."""
    found: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        found[place] = works[place]()

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_two_at_once(backend: ChatBackend) -> None:
    """Two threads get the answers they would get alone."""
    requests = [ask(QUESTION, max_tokens=16), ask("open the door", max_tokens=16)]
    alone = [collect(backend.stream(request))[0] for request in requests]
    together = in_threads(*(lambda request=request: collect(backend.stream(request))[0] for request in requests))
    assert together == alone


def test_closed(kind: Kind) -> None:
    """A closed backend refuses to answer; closing again does no harm."""
    backend = kind.open()
    backend.close()
    backend.close()
    with pytest.raises(BackendError, match="closed"):
        next(backend.stream(ask(QUESTION)))


def test_closing_under_a_stream(kind: Kind) -> None:
    """Closing from another thread ends a stream soon, with an error or as cancelled, never as a whole answer."""
    backend = kind.open()
    stream = backend.stream(ask(QUESTION, max_tokens=400, temperature=1.0, seed=3))
    events: list[BackendEvent] = [next(stream)]
    backend.close()
    started = time.monotonic()
    try:
        events += stream
    except LocaldevError as error:
        assert error.hint
    else:
        assert isinstance(events[-1], Finished)
    assert time.monotonic() - started < 5
