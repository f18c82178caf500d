"""The Ollama backend against loopback servers: bodies of Ollama's documentation, and a real, tiny model behind its API.

With a real Ollama on this machine (OLLAMA_HOST or the usual port) the last tests ask that one, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localdev.backends.addresses import read_address
from localdev.backends.ollama_api.backend import OllamaBackend
from localdev.backends.ollama_api.client import OllamaServer
from localdev.backends.ollama_api.models import list_models, show_model
from localdev.backends.options import BackendOptions, RemoteOptions
from localdev.core.chat import ChatRequest, Message, Sampling, Usage
from localdev.core.errors import (
    BackendError,
    Busy,
    ContextOverflow,
    CutShort,
    EgressRefused,
    LocaldevError,
    ModelError,
    NotFound,
    TimedOut,
    Unreachable,
    UsageError,
)
from localdev.core.events import BackendEvent, Finished, TextDelta, ThinkingDelta
from tests.backends.conftest import ask, collect
from tests.backends.ollama_server import (
    NAME,
    NDJSON,
    Answer,
    Asked,
    error,
    lines,
    running,
    serve_bodies,
    serve_tiny,
    show,
    tags,
)

QUESTION = ask("why is the sky blue?")
# docs/api.md, "Chat request (Streaming)" and "(With History)", whose last part has no message.
PART = {
    "model": "llama3.2",
    "created_at": "2023-08-04T08:52:19.385406455-07:00",
    "message": {"role": "assistant", "content": "The"},
    "done": False,
}
LAST = {
    "model": "llama3.2",
    "created_at": "2023-08-04T19:22:45.499127Z",
    "done": True,
    "total_duration": 8113331500,
    "load_duration": 6396458,
    "prompt_eval_count": 61,
    "prompt_eval_duration": 398801000,
    "eval_count": 468,
    "eval_duration": 7701267000,
}


def said(text: str, **message: Any) -> dict[str, Any]:
    """Give a part of an answer in a chat."""
    return PART | {"message": {"role": "assistant", "content": text} | message}


def opened(asked: Asked, *, window: int = 0, **remote: Any) -> OllamaBackend:
    """Open the tiny model of a server."""
    return OllamaBackend("ollama:tiny", BackendOptions(window, remote=RemoteOptions(url=asked.url, **remote)))


@contextlib.contextmanager
def playing(**bodies: Any) -> Iterator[OllamaBackend]:
    """Open a model of a server that plays bodies."""
    with serve_bodies(**bodies) as asked:
        backend = opened(asked)
        yield backend
        backend.close()


def refused(chat: Answer, request: ChatRequest = QUESTION) -> LocaldevError:
    """Give the error that comes of an answer."""
    with playing(chat=chat, generate=chat) as backend, pytest.raises(LocaldevError) as caught:
        collect(backend.stream(request))
    assert caught.value.hint
    return caught.value


@pytest.fixture(scope="module")
def tiny_url() -> Iterator[str]:
    """Run the tiny model behind Ollama's API, once for these tests."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed, so no answers are generated")
    with serve_tiny() as asked:
        yield asked.url


@pytest.fixture
def tiny_ollama(tiny_url: str) -> Iterator[OllamaBackend]:
    """Open the tiny model there."""
    backend = OllamaBackend("ollama:tiny", BackendOptions(remote=RemoteOptions(url=tiny_url)))
    yield backend
    backend.close()


def test_the_documented_stream() -> None:
    """Parts become text, the last one the counts; kept tokens are not told, so there are none."""
    with playing(chat=lines(PART, said(" sky"), LAST)) as backend:
        text, finished = collect(backend.stream(QUESTION))
    assert (text, finished) == ("The sky", Finished("stop", Usage(61, 0, 468)))


def test_what_is_sent() -> None:
    """Every sampler goes out in full, with a window that fits, and the Modelfile's stops besides one's own."""
    sampling = Sampling(0.5, 0.9, 7, 100, ("a", "b"), 40, 0.05, 1.1, 0.2, 0.3)
    request = ChatRequest((Message("system", "be \udcff brief"), Message("user", "x" * 12_000)), sampling=sampling)
    with serve_bodies(chat=lines(PART, LAST), ps=running(context_length=4096)) as asked:
        backend = opened(asked, keep_alive="-1")
        with pytest.raises(ContextOverflow, match="61 tokens"):  # a count of the documentation's own prompt
            collect(backend.stream(ChatRequest((Message("user", "word " * 1500),), sampling=sampling)))
        collect(backend.stream(request))
        collect(backend.stream(QUESTION))
    [_, body, plain] = asked.bodies("/api/chat")
    assert "stop" not in plain["options"], "an empty list would switch the Modelfile's off"
    assert body["options"] == {
        "num_ctx": 4096, "num_predict": 100, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05,
        "repeat_penalty": 1.1, "presence_penalty": 0.2, "frequency_penalty": 0.3, "seed": 7,
        "stop": ["a", "b", "<|eot_id|>"],
    }  # fmt: skip
    assert body["messages"][0] == {"role": "system", "content": "be ? brief"}
    assert (body["model"], body["keep_alive"], body["truncate"]) == ("tiny", -1.0, False)
    assert not {"format", "think", "logprobs"} & set(body)


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither another address, nor a proxy, nor a key is taken from it; a configured key is sent."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("OLLAMA_API_KEY", "mine")
    with serve_bodies(chat=lines(PART, LAST)) as asked:
        collect(opened(asked).stream(QUESTION))
        assert not [headers for headers in asked.headers if "authorization" in headers]
        opened(asked, api_key="theirs")
    assert asked.headers[-1]["authorization"] == "Bearer theirs"


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", "socks5://127.0.0.1:1"), ("OLLAMA_HOST", "http://host:x"), ("https_proxy", "a:b://")],
)
def test_an_environment_that_cannot_be_read(name: str, value: str) -> None:
    """What the client library would stumble over as it is imported is of no matter, and stays as it was."""
    with serve_bodies() as asked:
        code = (
            "import os, sys; from localdev.backends.ollama_api.client import OllamaServer; "
            "from localdev.backends.options import RemoteOptions; "
            "print(len(OllamaServer(sys.argv[1], RemoteOptions()).names()), os.environ[sys.argv[2]])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, asked.url, name],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, name: value},
        )
    assert (done.stdout.strip(), done.returncode) == (f"2 {value}", 0), done.stderr


def test_describe() -> None:
    """Window, digest and abilities are those that the server tells; the window never exceeds the model's own."""
    with serve_bodies(show=show(capabilities=["completion", "insert", "thinking"])) as asked:
        info = opened(asked).describe()
        assert opened(asked, window=4096).describe().context_window == 4096
        assert opened(asked, window=99_999).describe().context_window == 8192
    assert (info.name, info.backend, info.context_window) == ("tiny", "ollama", 8192)
    assert info.digest.startswith("0a8c2669") and info.placement == asked.url.removeprefix("http://")
    assert info.capabilities == {"chat", "fim", "schema", "seed", "logprobs", "thinking"}


def test_describe_of_an_old_version() -> None:
    """Without capabilities a template with a suffix is one that can fill in; without a length the window is small."""
    old = show(model_info={}, capabilities=None, template="<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>")
    with playing(show=old) as backend:
        info = backend.describe()
    assert info.context_window == 4096 and {"chat", "fim"} <= info.capabilities


def test_a_model_that_makes_vectors_only() -> None:
    """It cannot answer, which is said when it is opened."""
    with serve_bodies(show=show(capabilities=["embedding"])) as asked, pytest.raises(ModelError, match="embedding"):
        opened(asked)


def test_a_model_that_runs_elsewhere() -> None:
    """A model that this server only passes prompts on for is refused: loopback would not mean this machine."""
    remote = show(remote_host="https://ollama.com:443", remote_model="gpt-oss:120b", model_info={})
    with serve_bodies(show=remote) as asked, pytest.raises(EgressRefused, match=r"ollama\.com"):
        opened(asked)
    assert not asked.bodies("/api/chat")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_of_any_size(size: int) -> None:
    """Where the network cuts, in a line or in a character, changes nothing; nor do separators of lines in a text."""
    text = "naïve 世界 🙂 a\u2028b\u2029c\x85d"
    whole = b"".join(lines(said(text), said("\n"), LAST).body)  # type: ignore[arg-type]
    cut = Answer([whole[at : at + size] for at in range(0, len(whole), size)], kind=NDJSON)
    with playing(chat=cut) as backend:
        assert collect(backend.stream(QUESTION))[0] == text + "\n"


def thought(events: Iterator[BackendEvent]) -> tuple[str, str]:
    """Give (thinking, answer) of a stream."""
    found = list(events)
    return tuple(  # type: ignore[return-value]
        "".join(event.text for event in found if isinstance(event, kind)) for kind in (ThinkingDelta, TextDelta)
    )


def test_thinking_in_a_field_of_its_own() -> None:
    """Newer servers separate it; a model that can think is asked to, so that it is separated."""
    answer = lines(said("", thinking="Let me"), said("", thinking=" see"), said("Three."), LAST)
    with serve_bodies(chat=answer, show=show(capabilities=["completion", "thinking"])) as asked:
        assert thought(opened(asked).stream(QUESTION)) == ("Let me see", "Three.")
    assert asked.bodies("/api/chat")[0]["think"] is True


@pytest.mark.parametrize("size", [1, 3, 100])
def test_thinking_inside_the_text(size: int) -> None:
    """Older servers leave it marked in the text, where marks may be cut anywhere."""
    text = "<think>\nLet me < see\n</think>\n\nUse `<think>` here."
    parts = [said(text[at : at + size]) for at in range(0, len(text), size)]
    with playing(chat=lines(*parts, LAST)) as backend:
        thinking, answer = thought(backend.stream(QUESTION))
    assert (thinking.strip(), answer) == ("Let me < see", "Use `<think>` here.")


def test_logprobs() -> None:
    """Log-probabilities come with their piece; a server too old to give them is an error, and not silence."""
    tokens = [{"token": "The", "logprob": -0.5, "bytes": [84], "top_logprobs": [{"token": "A", "logprob": -1.5}]}]
    request = ChatRequest((Message("user", "x"),), logprobs=2)
    with serve_bodies(chat=lines(PART | {"logprobs": tokens}, LAST)) as asked:
        first = next(opened(asked).stream(request))
    assert isinstance(first, TextDelta)
    assert [(found.token, found.logprob, found.top) for found in first.logprobs] == [("The", -0.5, (("A", -1.5),))]
    assert asked.bodies("/api/chat")[0]["top_logprobs"] == 2
    assert isinstance(refused(lines(PART, LAST), request), ModelError)
    thought_first = [said("", thinking="Hm") | {"logprobs": tokens}, PART | {"logprobs": tokens}, said(" end"), LAST]
    with playing(chat=lines(*thought_first)) as backend:
        counts = [len(event.logprobs) for event in backend.stream(request) if isinstance(event, TextDelta)]
    assert counts == [1, 0], "those of the thinking are no part of the answer"


def test_torn_and_twisted_bodies() -> None:
    """Whatever a server sends, the outcome is an answer or one error of ours, and never another exception."""
    chance = random.Random(7)
    whole = b"".join(lines(said("", thinking="Hm"), PART, said(" sky"), LAST).body)  # type: ignore[arg-type]
    bodies = []
    for _ in range(80):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 12)] = chance.randbytes(chance.randint(0, 3))
        bodies.append(Answer((bytes(body),), kind=NDJSON, cut=chance.random() < 0.2))
    outcomes: set[type] = set()
    with playing(chat=bodies) as backend:
        for _ in bodies:
            try:
                outcomes.add(type(list(backend.stream(QUESTION))[-1]))
            except LocaldevError as found:
                outcomes.add(type(found))
    assert {Finished, BackendError} <= outcomes


FILL = ChatRequest(prefix="def compute_gcd(a, b):", suffix="    return result")


def test_fill_in_the_middle() -> None:
    """Both sides go to the native call; an empty one becomes a newline, since Ollama takes it for something else."""
    # docs/api.md, "Request (with suffix)"
    last = LAST | {"response": "\n  if a == 0:\n    return b", "done_reason": "stop"}
    able = show(capabilities=["completion", "insert", "thinking"])
    with serve_bodies(generate=lines(last), show=able) as asked:
        text, _ = collect(opened(asked).stream(FILL))
        collect(opened(asked).stream(ChatRequest(suffix="x")))
    first, second = asked.bodies("/api/generate")
    assert text == "\n  if a == 0:\n    return b"
    assert (first["prompt"], first["suffix"], first["think"]) == (FILL.prefix, FILL.suffix, False)
    assert (second["prompt"], second["suffix"]) == ("\n", "x")


def test_a_model_that_cannot_fill_in() -> None:
    """The error names what is missing, and nothing is sent."""
    with serve_bodies() as asked, pytest.raises(ModelError, match="insert"):
        collect(opened(asked).stream(FILL))
    assert not asked.bodies("/api/generate")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (ChatRequest(), "empty"),
        (ChatRequest((Message("user", "x"),), grammar="root ::= x"), "grammar"),
        (ChatRequest((Message("user", "x"),), adapter="style"), "adapters"),
        (ChatRequest((Message("user", "x"),), logprobs=21), "at most 20"),
    ],
)
def test_what_ollama_has_no_means_for(request_: ChatRequest, message: str) -> None:
    """It is refused before anything is sent."""
    with playing() as backend, pytest.raises(UsageError, match=message):
        collect(backend.stream(request_))


def test_the_window_is_asked_for_in_steps() -> None:
    """Questions of a similar size ask for the same window, so that the model is not loaded anew for each."""
    with serve_bodies(chat=lines(PART, LAST), ps=Answer((b'{"models": []}',))) as asked:
        backend = opened(asked)
        for words in (1, 40, 55):
            collect(backend.stream(ask("word " * words, max_tokens=20)))
        with pytest.raises(ContextOverflow, match="about"):
            collect(backend.stream(ask("word " * 9000)))
        with contextlib.suppress(ContextOverflow):
            collect(backend.stream(ask("word " * 3000)))
    assert [body["options"]["num_ctx"] for body in asked.bodies("/api/chat")] == [2048, 2048, 2048, 8192]


def test_a_window_smaller_than_asked_for() -> None:
    """A server that gives less than is needed is an error with both numbers, before any text."""
    with serve_bodies(chat=lines(PART, LAST), ps=running(context_length=512)) as asked:
        stream = opened(asked).stream(ask("word " * 60, max_tokens=1000))
        with pytest.raises(ContextOverflow, match=r"asked for a window of 2048 .* gave tiny one of 512") as caught:
            next(stream)
    assert "OLLAMA_CONTEXT_LENGTH" in caught.value.hint


def test_a_prompt_that_was_read_in_part() -> None:
    """An older server forgets the beginning without a word; its count tells."""
    whole = LAST | {"prompt_eval_count": 2051}
    with playing(chat=lines(PART, whole)) as backend:
        with pytest.raises(ContextOverflow, match="read 2051 tokens of a prompt of at least 4000"):
            collect(backend.stream(ask("word " * 4000, max_tokens=20)))
        assert collect(backend.stream(ask("word " * 1900, max_tokens=20)))[1].usage.prompt_tokens == 2051


def test_counting_learns() -> None:
    """Tokens are estimated, too many at first; a counted prompt brings the estimate close."""
    with playing(chat=lines(PART, LAST | {"prompt_eval_count": 1010})) as backend:
        assert backend.count_tokens("") == 0
        before = backend.count_tokens("word " * 1000)
        collect(backend.stream(ask("word " * 1000, max_tokens=20)))
        after = backend.count_tokens("word " * 1000)
    assert before == 1250 and 1010 <= after <= 1070


def test_versions_that_count_nothing() -> None:
    """Without `prompt_eval_count` (all was kept) the estimate stands in; without a reason the count of tokens tells."""
    bare = {"model": "tiny", "done": True, "eval_count": 5}
    with playing(chat=lines(PART, bare)) as backend:
        _, finished = collect(backend.stream(ask("why?", max_tokens=5)))
        assert finished.reason == "length" and 0 < finished.usage.prompt_tokens < 40
        assert collect(backend.stream(ask("why?", max_tokens=6)))[1].reason == "stop"


def test_a_schema() -> None:
    """The schema is the format, to the letter; an answer that was cut is an error and not half a JSON."""
    schema = {"type": "object", "properties": {"a": {"enum": [None, 1]}, "b": {"const": None}}}
    request = ChatRequest((Message("user", "x"),), schema=schema)
    with serve_bodies(chat=[lines(said("{}"), LAST | {"done_reason": "stop"}), lines(said("{"), LAST)]) as asked:
        backend = opened(asked)
        assert collect(backend.stream(request))[0] == "{}"
    assert asked.bodies("/api/chat")[0]["format"] == schema
    assert isinstance(refused(lines(said("{"), LAST | {"done_reason": "length"}), request), CutShort)
    assert "ignored the JSON schema" in str(refused(lines(said("Sure!"), LAST), request))


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (error(404, "model 'tiny' not found"), NotFound, "there are: llama3.2:latest, tiny:latest"),
        (error(404, 'model "tiny" not found, try pulling it first'), NotFound, "no model 'tiny'"),
        (error(500, "model requires more system memory (8.4 GiB) than is available (3.1 GiB)"), BackendError, "memory"),
        (error(500, "llama runner process has terminated: cudaMalloc failed: out of memory"), BackendError, "memory"),
        (error(500, "an error was encountered while running the model"), BackendError, r"failed \(500\)"),
        (error(503, "server busy, please try again.  maximum pending requests exceeded"), Busy, "busy"),
        (error(400, "the input length exceeds the context length"), ContextOverflow, "refuses the prompt"),
        (error(400, "registry.ollama.ai/library/tiny does not support insert"), ModelError, "insert"),
        (error(400, 'invalid format: "x"; expected "json" or a valid JSON Schema object'), UsageError, "schema"),
        (error(400, "invalid model name"), UsageError, "no name of a model"),
        (lines(PART, LAST | {"prompt_eval_count": float("inf")}), BackendError, "does not speak"),
        (Answer((b"[" * 100_000,), kind=NDJSON), BackendError, "does not speak"),
        (error(400, '"tiny" does not support chat'), ModelError, "does not support chat"),
        (lines(PART, {"error": "an error was encountered while running the model"}), BackendError, "while it answered"),
        (lines(PART), BackendError, "in the middle"),
        (lines(), BackendError, "in the middle"),
        (Answer(kind=NDJSON), BackendError, "in the middle"),
        (lines({"model": "tiny", "done": True, "done_reason": "load"}), BackendError, "only load"),
        (Answer((b"<html><body>Sign in</body></html>",), kind="text/html"), BackendError, "does not speak"),
        (Answer((b"<html>Bad gateway</html>",), 502, "text/html"), BackendError, "an HTML page"),
        (Answer((b"404 page not found",), 404, "text/plain"), BackendError, "no Ollama answers at .* 404"),
        (Answer((b"<html>Error 501</html>",), 501, "text/html"), BackendError, "no Ollama answers at"),
        (Answer((), 302, "text/plain"), BackendError, r"status 302\)$"),
        (Answer((), 418, "text/plain"), BackendError, "answered with 418$"),
        (Answer((b"moved",), 302, "text/plain"), BackendError, "no Ollama answers at .* 302"),
        (Answer((b'{"model": "tiny", "mess',), kind=NDJSON), BackendError, "does not speak"),
        (Answer((b'{"model": "tiny", "mess',), kind=NDJSON, cut=True), BackendError, "broke off"),
        (lines([1, 2]), BackendError, "does not speak"),
        (lines("text"), BackendError, "does not speak"),
        (lines({"message": {"content": 5}}), BackendError, "does not speak"),
        (lines({"message": "text"}), BackendError, "does not speak"),
        (lines(PART, LAST | {"eval_count": "many"}), BackendError, "does not speak"),
        (lines(PART | {"logprobs": [{}]}, LAST), BackendError, "does not speak"),
        (Answer((b"[]",), 500), BackendError, "does not speak"),
    ],
)
def test_errors(answer: Answer, kind: type[LocaldevError], message: str) -> None:
    """Each fault of a server is one error that says what it was, of the kind it is, with a hint."""
    found = refused(answer)
    assert type(found) is kind
    with pytest.raises(kind, match=message):
        raise found
    assert "\n" not in str(found) and len(str(found)) < 500


def test_the_hint_of_a_missing_model_is_the_command() -> None:
    """It names the exact command that gets the model."""
    with serve_bodies(show=error(404, "model 'tiny' not found")) as asked, pytest.raises(NotFound) as caught:
        opened(asked)
    assert "`ollama pull tiny`" in caught.value.hint


def test_no_tls() -> None:
    """A server without TLS at an address with https is no secure connection, and the hint names both."""
    with serve_bodies() as asked, pytest.raises(Unreachable, match="no secure connection") as caught:
        OllamaBackend("ollama:tiny", BackendOptions(remote=RemoteOptions(asked.url.replace("http:", "https:"))))
    assert "http or https" in caught.value.hint


def test_nothing_answers() -> None:
    """No server is an error that says how to start one."""
    with serve_bodies() as asked:
        pass
    with pytest.raises(Unreachable, match="no Ollama answers") as caught:
        opened(asked)
    assert "`ollama serve`" in caught.value.hint


@pytest.mark.parametrize(
    ("chat", "setting"),
    [
        (Answer((2.0, b"{}\n"), kind=NDJSON), "first_token_seconds"),
        (Answer((b'{"message": {"content": "a"}}\n', 2.0, b"{}\n"), kind=NDJSON), "gap_seconds"),
        (Answer((b'{"message": {"content": "a"}}\n', *(0.05, b" ") * 40), kind=NDJSON), "gap_seconds"),
    ],
)
def test_a_server_that_falls_silent(chat: Answer, setting: str) -> None:
    """The first token and each after it have a limit of their own; bytes without a line do not count."""
    limits: dict[str, Any] = {"first_token_seconds": 0.4, "gap_seconds": 0.3}
    with serve_bodies(chat=chat) as asked:
        backend = opened(asked, **limits)
        began = time.monotonic()
        with pytest.raises(TimedOut, match=f"nothing for {limits[setting]:g} s") as caught:
            collect(backend.stream(QUESTION))
    assert setting in caught.value.hint and time.monotonic() - began < 1.8


def test_a_first_token_may_take_longer_than_the_next() -> None:
    """Loading a model is not taken for a stall."""
    with serve_bodies(chat=Answer((0.5, *lines(PART, LAST).body), kind=NDJSON)) as asked:
        backend = opened(asked, first_token_seconds=5.0, gap_seconds=0.3)
        assert collect(backend.stream(QUESTION))[0] == "The"


ENDLESS = lines(*[said("a ")] * 500, LAST, every=0.02)


def test_closing_the_stream_ends_the_connection() -> None:
    """The server meets a closed connection within a token or two, and stops."""
    with serve_bodies(chat=ENDLESS) as asked:
        stream = opened(asked).stream(QUESTION)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert asked.left.wait(2)


@pytest.mark.parametrize("chat", [ENDLESS, Answer((5.0, b"{}\n"), kind=NDJSON)])
def test_cancelling_from_another_thread(chat: Answer) -> None:
    """A stream ends as cancelled, also while the first token is waited for; another one goes on."""
    with serve_bodies(chat=chat) as asked:
        backend = opened(asked)
        request = ask("why is the sky blue?")
        assert not backend.cancel(request)
        timer = threading.Timer(0.2, lambda: (backend.cancel(QUESTION), backend.cancel(request)))
        timer.start()
        began = time.monotonic()
        *_, last = backend.stream(request)
        timer.join()
    assert isinstance(last, Finished) and last.reason == "cancelled"
    assert time.monotonic() - began < 2


def test_cancelling_before_it_is_sent() -> None:
    """A stream that waits for what the server says of its models is woken too, and its prompt is not sent any more."""
    with serve_bodies(ps=Answer((5.0, b"{}"))) as asked:
        backend = opened(asked)
        request = ask("why is the sky blue?")
        threading.Timer(0.2, backend.cancel, [request]).start()
        began = time.monotonic()
        assert list(backend.stream(request)) == [Finished("cancelled", Usage())]
        assert time.monotonic() - began < 2 and not asked.bodies("/api/chat")


def test_no_connection_is_left_open() -> None:
    """Nobody closes an embedder, so whatever was asked leaves no connection behind."""
    with serve_bodies() as asked:
        server = OllamaServer(asked.url, RemoteOptions())
        before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
        for _ in range(3):
            list_models(server)
        if before:
            time.sleep(0.05)  # the other end is in this process, too
            assert len(os.listdir("/proc/self/fd")) <= before


def test_closing_the_backend() -> None:
    """A stream under way ends with an error, later requests are refused, and closing again is harmless."""
    with serve_bodies(chat=ENDLESS) as asked:
        backend = opened(asked)
        stream = backend.stream(QUESTION)
        next(stream)
        backend.close()
        with pytest.raises(BackendError, match="was closed"):
            list(stream)
        with pytest.raises(BackendError, match="was closed"):
            next(backend.stream(QUESTION))
        with pytest.raises(BackendError, match="was closed"):
            backend.count_tokens("x")
        backend.close()


def test_a_real_answer(tiny_ollama: OllamaBackend) -> None:
    """The tiny model answers through the API as it does in this process: greedy, stopped, sampled and filled in."""
    text, finished = collect(tiny_ollama.stream(ask("open: Open a file.", max_tokens=30)))
    assert len(text) > 20 and finished.reason == "length" and finished.usage.completion_tokens == 30
    stop = text[10:14]
    assert collect(tiny_ollama.stream(ask("open: Open a file.", max_tokens=30, stop=(stop,))))[0] == text[:10]
    sampled = [
        collect(tiny_ollama.stream(ask("open: x", max_tokens=20, temperature=1.5, seed=seed)))[0] for seed in (1, 1, 2)
    ]
    assert sampled[0] == sampled[1] != sampled[2]
    filled, _ = collect(tiny_ollama.stream(ChatRequest(prefix="def add(a, b):\n    ", suffix="\n")))
    assert filled


def test_a_real_schema(tiny_ollama: OllamaBackend) -> None:
    """What a schema binds is JSON of that schema, at any temperature."""
    schema = {"type": "object", "properties": {"kind": {"enum": ["fix", "feat"]}}, "required": ["kind"]}
    for seed in range(5):
        sampling = Sampling(temperature=1.5, seed=seed, max_tokens=80)
        request = ChatRequest((Message("user", "x"),), schema=schema, sampling=sampling)
        assert json.loads(collect(tiny_ollama.stream(request))[0])["kind"] in ("fix", "feat")


def test_no_tokens_wanted(tiny_ollama: OllamaBackend) -> None:
    """Zero tokens load the model and read the prompt, and give no text."""
    text, finished = collect(tiny_ollama.stream(ask("open: x", max_tokens=0)))
    assert (text, finished.reason, finished.usage.completion_tokens) == ("", "length", 0)
    assert finished.usage.prompt_tokens > 0


def real_server() -> OllamaServer:
    """Give the Ollama that runs on this machine; skips loudly where none does."""
    url = read_address(os.environ.get("OLLAMA_HOST", "127.0.0.1").replace("0.0.0.0", "127.0.0.1"), "ollama").url
    server = OllamaServer(url, RemoteOptions(url=url, connect_seconds=1.0))
    try:
        list_models(server)
    except LocaldevError as away:
        pytest.skip(f"no Ollama runs on this machine, so none is tested: {away}")
    return server


def test_a_real_server() -> None:
    """Its smallest model that writes text answers, with counts that fit."""
    server = real_server()
    able = [
        model
        for model in sorted(list_models(server), key=lambda model: model.size)
        if "completion" in (show_model(server, model.name).capabilities or {"completion"})
    ]
    if not able:
        pytest.skip("the Ollama on this machine has no model that writes text: `ollama pull qwen2.5:0.5b`")
    backend = OllamaBackend(f"ollama:{able[0].name}", BackendOptions(4096, remote=RemoteOptions(url=server.url)))
    text, finished = collect(backend.stream(ask("Say hello.", max_tokens=20)))
    assert text and 0 < finished.usage.completion_tokens <= 20 and finished.usage.prompt_tokens
    with pytest.raises(NotFound):
        OllamaBackend("ollama:no-such-model", BackendOptions(remote=RemoteOptions(url=server.url)))


def test_names_with_and_without_a_tag() -> None:
    """A model without a tag is the latest: its digest and its window are found under the full name."""
    loaded = running(digest="", context_length=16_384)
    with serve_bodies(tags=tags("other:latest", NAME), ps=loaded, chat=lines(PART, LAST)) as asked:
        backend = opened(asked)
        collect(backend.stream(QUESTION))
    assert backend.describe().digest
    assert asked.bodies("/api/chat")[0]["options"]["num_ctx"] == 16_384, "what is loaded is not loaded anew"
