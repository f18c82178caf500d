"""Servers that keep to no limit: answers without end, silence at the first contact, bytes that trickle in."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from localdev.backends.bound import AnswerBound
from localdev.backends.openai_api.backend import OpenAIBackend
from localdev.backends.options import BackendOptions, RemoteOptions
from localdev.backends.registry import open_backend
from localdev.core.errors import CutShort, LocaldevError, TimedOut, Unreachable
from localdev.core.ports import ChatBackend
from tests.backends.conftest import ask, collect
from tests.backends.ollama_server import Answer, lines, running, serve, serve_bodies, show, tags
from tests.backends.openai_server import Said, delta, events, free_port, listing, serve_script

SILENT = 0.4


@contextlib.contextmanager
def serve_raw(first: bytes, drop: bytes) -> Iterator[str]:
    """Listen, say `first` to whoever comes, then `drop` again and again (nothing: stay silent)."""
    over = threading.Event()

    def speak(sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            sock.sendall(first)
            while not over.wait(0.05):
                sock.sendall(drop)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=speak, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


def openai(url: str, **remote: Any) -> ChatBackend:
    """Open the model `m` of an OpenAI-compatible server."""
    return OpenAIBackend("openai:m", BackendOptions(remote=RemoteOptions(url, **remote)))


@pytest.mark.parametrize("text", ["word ", ""])
def test_an_openai_answer_without_end(text: str) -> None:
    """It is cut as at its length, and the connection closed."""
    body = itertools.repeat(events(delta(text) if text else delta(role="assistant")))
    routes: Any = {"/v1/models": listing(), "/v1/chat/completions": Said(body)}  # type: ignore[arg-type]
    with serve_script(routes) as script:
        found, finished = collect(openai(script.url).stream(ask("hi", max_tokens=10)))
        assert finished.reason == "length" and script.left.wait(5)
        assert 10 * len(text) <= len(found) < 200 * (len(text) or 1)
        if text:
            with pytest.raises(CutShort):
                collect(openai(script.url).stream(replace(ask("hi", max_tokens=10), schema={"type": "object"})))


def test_an_ollama_answer_without_end() -> None:
    """It is cut as at its length, and the connection closed."""
    part = lines({"model": "tiny", "message": {"role": "assistant", "content": "word "}, "done": False}).body[0]
    assert isinstance(part, bytes)
    fixed = {"/api/tags": tags(), "/api/show": show(), "/api/ps": running()}

    def answers(path: str, body: Any) -> Answer | Iterator[bytes]:
        return fixed[path] if path in fixed else itertools.repeat(part)

    with serve(answers) as asked:
        backend = open_backend("ollama:tiny", options=BackendOptions(remote=RemoteOptions(asked.url)))
        text, finished = collect(backend.stream(ask("hi", max_tokens=10)))
        assert finished.reason == "length" and len(text) < 1000 and asked.left.wait(5)
        backend.close()


def test_honest_answers_are_within_the_bound() -> None:
    """Tokens of eight letters, letters one by one, empty pieces in between, a whole answer in one piece."""
    for pieces in ([8] * 100, [1] * 450, [4, 0, 0, 0] * 100, [2_000], [128] * 100):
        bound = AnswerBound(100)
        assert not any(map(bound.passed, pieces))


@pytest.mark.parametrize("model", ["openai:m", "ollama:m"])
@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b"\n"),
    ],
)
def test_a_first_contact_without_an_answer(model: str, first: bytes, drop: bytes) -> None:
    """It ends after the limit of the setting, which the hint names, even where bytes trickle in."""
    with serve_raw(first, drop) as url:
        started = time.monotonic()
        with pytest.raises(TimedOut, match=rf"{url}.* did not answer /.* within {SILENT} s") as caught:
            open_backend(f"{model}@{url}", options=BackendOptions(remote=RemoteOptions(first_token_seconds=SILENT)))
        assert time.monotonic() - started < 3 * SILENT
    assert "remote.first_token_seconds" in caught.value.hint


def test_the_limit_of_a_first_contact() -> None:
    """It is never longer than 30 s."""
    assert [RemoteOptions(first_token_seconds=given).look_seconds for given in (3, 300)] == [3, 30]


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_hints_name_where_the_address_was_written(kind: str) -> None:
    """The setting, or the model's own name; and what failed is said without numbers of the system."""
    url = f"http://127.0.0.1:{free_port()}"
    for model, origin in ((f"{kind}:m", f"remote.{kind}_url"), (f"{kind}:m@{url}", "the address after @")):
        with pytest.raises(Unreachable) as caught:
            open_backend(model, options=BackendOptions(remote=RemoteOptions(url)))
        assert origin in caught.value.hint and "Errno" not in str(caught.value)


@pytest.mark.parametrize("body", [b"not JSON", b"[1, 2]", b'"text"'])
def test_what_is_no_ollama_is_said_calmly(body: bytes) -> None:
    """One line without the names of exceptions."""
    with serve_bodies(show=Answer((body,))) as asked, pytest.raises(LocaldevError) as caught:
        open_backend(f"ollama:tiny@{asked.url}")
    assert str(caught.value) == f"what answers at {asked.url} does not speak as an Ollama"
    assert "the address after @" in caught.value.hint
