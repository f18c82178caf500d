"""The OpenAI backend against scripted servers: odd bodies, slow ones, tries, time-outs, what is probed."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from localdev.backends.addresses import read_address
from localdev.backends.openai_api.backend import OpenAIBackend
from localdev.backends.openai_api.calls import call
from localdev.backends.openai_api.connection import Channel
from localdev.backends.options import BackendOptions, RemoteOptions
from localdev.core.chat import ChatRequest, Message, ModelInfo, Sampling, Usage
from localdev.core.errors import (
    BackendError,
    ContextOverflow,
    CutShort,
    LocaldevError,
    NotFound,
    TimedOut,
    Unreachable,
    UsageError,
)
from localdev.core.events import Finished, TextDelta
from tests.backends.conftest import ask, collect
from tests.backends.openai_server import (
    Asked,
    Route,
    Said,
    Script,
    as_json,
    delta,
    events,
    free_port,
    listing,
    serve_script,
    usage,
)

CHAT = "/v1/chat/completions"
GOOD = events(delta("he"), delta("llo", "stop"), usage(3, 2, 1), "[DONE]")
PINGS: list[bytes | float] = [0.1, b": ping\n\n"] * 20
SCHEMA: dict[str, Any] = {"type": "object", "required": ["a"]}


def connect(script: Script, *, window: int = 0, key: str = "", **remote: Any) -> OpenAIBackend:
    """Open the model `m` of a scripted server."""
    return OpenAIBackend(
        "openai:m", BackendOptions(window, remote=RemoteOptions(script.url, key, **{"retries": 0, **remote}))
    )


def answer(chat: Route, request: ChatRequest | None = None, **remote: Any) -> tuple[str, Finished]:
    """Ask a server that says `chat`."""
    with serve_script({"/v1/models": listing(), CHAT: chat}) as script:
        return collect(connect(script, **remote).stream(request or ask("hi")))


def test_answer_and_counts() -> None:
    """A whole answer gives its text, its reason and the server's counts, cached tokens too."""
    assert answer(Said(GOOD)) == ("hello", Finished("stop", Usage(3, 1, 2)))


def test_key_is_sent() -> None:
    """The key goes with every request, and no redirect takes it elsewhere."""
    with serve_script({"/v1/models": listing(), CHAT: Said(GOOD)}) as script:
        collect(connect(script, key="sesame\n").stream(ask("hi")))
        assert {asked.headers.get("authorization") for asked in script.asked} == {"Bearer sesame"}
        script.routes[CHAT] = Said(b"", 307, headers={"Location": "http://127.0.0.1:1/"})
        with pytest.raises(BackendError, match="not followed"):
            collect(connect(script).stream(ask("hi")))


@pytest.mark.parametrize("size", [1, 7])
def test_any_packets(size: int) -> None:
    """Where the network cuts the bytes is of no matter, nor is a missing [DONE]."""
    body = events(delta("grü"), delta("ße 🙂", "stop")).replace(b"\\u", b"\\u")
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert answer(Said(pieces))[0] == "grüße 🙂"


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (Said(b"<html>Welcome</html>", kind="text/html"), BackendError, "does not stream: .*HTML"),
        (Said(b'{"choices": []}', kind="application/json"), BackendError, "does not stream"),
        (Said(b"<html>Welcome</html>"), BackendError, "answered with nothing|gave no JSON"),
        (Said(b'data: {"choices": [{"delta"\n\n'), BackendError, "no JSON"),
        (Said(b"data: [DONE]\n\n"), BackendError, "broke the answer off"),
        (Said(events(delta("half"))), BackendError, "broke the answer off"),
        (Said(events(delta("half"), "[DONE]")), BackendError, "broke the answer off"),
        (Said(events({"error": {"message": "out of memory"}})), BackendError, "out of memory"),
        (Said(b"event: error\ndata: it broke\n\n"), BackendError, "it broke"),
        (Said(b"", 401, headers={}), BackendError, "refused the key"),
        (Said(b"<h1>Bad Gateway</h1>", 500, "text/html"), BackendError, "HTML"),
        (as_json({"error": {"message": "The model `m` does not exist"}}, 404), NotFound, "does not know"),
        (
            as_json({"error": {"message": "maximum context length is 8 tokens (9 in the messages, 1 in"}}, 400),
            ContextOverflow,
            "9 tokens, the window of m is 8",
        ),
    ],
)
def test_odd_answers(said: Said, kind: type[LocaldevError], message: str) -> None:
    """HTML, half a JSON, nothing, half an answer and errors inside a stream are errors, never an answer."""
    with pytest.raises(kind, match=message):
        answer(said)


def test_empty_body_is_asked_about() -> None:
    """A stream without a word is asked for once more without streaming, where some servers say what was wrong."""
    why = as_json({"error": {"message": "maximum context length is 8 tokens (9 in the messages, 1"}}, 400)
    with pytest.raises(ContextOverflow, match="9 tokens"):
        answer([Said(b""), why])
    with pytest.raises(BackendError, match="answered with nothing"):
        answer([Said(b""), as_json({"choices": []})])


def test_not_http() -> None:
    """Something else that listens there is an error."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        def talk() -> None:
            with listener.accept()[0] as client:
                client.recv(1000)
                client.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(BackendError, match="no answer that is HTTP"):
            OpenAIBackend(f"openai:m@http://127.0.0.1:{port}", BackendOptions())


def test_no_tls() -> None:
    """A server without TLS at an address with https is no secure connection, and the hint names both."""
    with serve_script({"/v1/models": listing()}) as script:
        url = script.url.replace("http:", "https:")
        with pytest.raises(Unreachable, match="no secure connection") as caught:
            OpenAIBackend("openai:m", BackendOptions(remote=RemoteOptions(url)))
    assert "http or https" in caught.value.hint and not script.asked


def test_nothing_listens() -> None:
    """A server that does not run is said to be so, with its address and without delay."""
    url = f"http://127.0.0.1:{free_port()}/v1"
    started = time.monotonic()
    with pytest.raises(Unreachable, match=url) as caught:
        OpenAIBackend(f"openai:m@{url}", BackendOptions(remote=RemoteOptions(retries=5)))
    assert time.monotonic() - started < 2 and "start the server" in caught.value.hint


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_tried_again(status: int) -> None:
    """What may pass is tried again, after as long as the server asks for."""
    busy = Said(b"", status, headers={"Retry-After": "0"})
    assert answer([busy, busy, Said(GOOD)], retries=2)[0] == "hello"
    with pytest.raises(BackendError, match=str(status)):
        answer([busy, busy, Said(GOOD)], retries=1)


def test_waits_grow() -> None:
    """Without a word from the server the wait grows, and is never the same for all."""
    with serve_script({"/v1/models": listing(), CHAT: [Said(b"", 503), Said(GOOD)]}) as script:
        started = time.monotonic()
        collect(connect(script, retries=1).stream(ask("hi")))
        assert 0.5 <= time.monotonic() - started < 3


def test_not_tried_again() -> None:
    """What will not pass is asked once, a long wait is the user's to decide, and nothing is repeated after a token."""
    for said in (Said(b"", 400), Said(b"", 500), Said(b"", 503, headers={"Retry-After": "3600"})):
        with serve_script({"/v1/models": listing(), CHAT: said}) as script:
            with pytest.raises(BackendError):
                collect(connect(script, retries=3).stream(ask("hi")))
            assert len(script.bodies(CHAT)) == 1
    with serve_script({"/v1/models": listing(), CHAT: Said(events(delta("a")))}) as script:
        with pytest.raises(BackendError):
            collect(connect(script, retries=3).stream(ask("hi")))
        assert len(script.bodies(CHAT)) == 1


def test_first_token_too_late() -> None:
    """The first token has a limit of its own, which comments that keep the connection alive do not stretch."""

    def late(asked: Asked) -> Said:
        time.sleep(1)
        return Said(GOOD)

    slow = Said([events(delta(role="assistant")), *PINGS, GOOD])
    with pytest.raises(TimedOut, match=r"no first token.* 0\.3 s"):
        answer(slow, first_token_seconds=0.3, gap_seconds=60)
    with pytest.raises(TimedOut, match="no first token"):
        answer(late, first_token_seconds=0.2)


def test_gap_too_long() -> None:
    """Between two tokens another limit holds; a first token that takes longer than it is fine."""
    said = Said([0.4, events(delta("a")), *PINGS, events(delta("b", "stop"))])
    with pytest.raises(TimedOut, match=r"silent for 0\.2 s"):
        answer(said, first_token_seconds=20, gap_seconds=0.2)


def test_slow_reader() -> None:
    """Time the caller takes between two pieces is not the server's."""
    with serve_script(
        {"/v1/models": listing(), CHAT: Said([events(delta("a")), 0.05, events(delta("b", "stop"))])}
    ) as script:
        stream = connect(script, gap_seconds=0.2).stream(ask("hi"))
        first = next(stream)
        time.sleep(0.4)
        assert [first, *stream][:2] == [TextDelta("a"), TextDelta("b")]


def test_silence_after_the_end() -> None:
    """A whole answer is not lost because the server forgets to close, or breaks off, after it."""
    text, finished = answer(Said([events(delta("a", "stop")), 1.0]), gap_seconds=0.2)
    assert (text, finished.reason) == ("a", "stop")


def test_closing_the_stream_closes_the_connection() -> None:
    """A caller that goes away is noticed by the server at once."""
    rest: list[bytes | float] = [0.02, events(delta("b"))] * 200
    body = [events(delta("a")), *rest]
    with serve_script({"/v1/models": listing(), CHAT: Said(body)}) as script:
        stream = connect(script).stream(ask("hi"))
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert script.left.wait(2)


def test_closing_the_backend_ends_streams() -> None:
    """Another thread's `close` wakes a reader that waits, and further requests are refused."""
    with serve_script({"/v1/models": listing(), CHAT: Said([events(delta("a")), 30.0])}) as script:
        backend = connect(script)
        stream = backend.stream(ask("hi"))
        next(stream)
        threading.Timer(0.1, backend.close).start()
        started = time.monotonic()
        with pytest.raises(BackendError, match="closed"):
            next(stream)
        assert time.monotonic() - started < 2
        with pytest.raises(BackendError, match="closed"):
            next(backend.stream(ask("hi")))


@pytest.mark.parametrize("said", [Said([30.0]), Said([events(delta("a")), 30.0]), Said(b"", 503)])
def test_cancelling(said: Said) -> None:
    """A stream is cancelled from another thread while it waits for a token, the first one or the next try."""
    with serve_script({"/v1/models": listing(), CHAT: said}) as script:
        backend = connect(script, retries=9)
        request = ask("hi")
        threading.Timer(0.2, backend.cancel, [request]).start()
        started = time.monotonic()
        assert list(backend.stream(request))[-1] == Finished("cancelled", Usage())
        assert time.monotonic() - started < 2 and not backend.cancel(request) and not backend.cancel()
        script.routes[CHAT] = Said(GOOD)
        assert collect(backend.stream(request))[0] == "hello"


def test_cancelling_before_it_is_sent() -> None:
    """A stream that waits for the tokenizer is woken too, and its prompt is not sent any more."""
    models = listing({"id": "m", "owned_by": "vllm", "max_model_len": 40})
    with serve_script({"/v1/models": models, "/tokenize": Said([30.0]), CHAT: Said([30.0])}) as script:
        backend = connect(script)
        request = ask("hi")
        threading.Timer(0.2, backend.cancel, [request]).start()
        started = time.monotonic()
        assert list(backend.stream(request)) == [Finished("cancelled", Usage())]
        assert time.monotonic() - started < 2 and not script.bodies(CHAT)


def test_cancelling_while_it_connects() -> None:
    """A connection that is made only after the stream was cancelled sends nothing."""
    with serve_script({"/v1/models": listing()}) as script:
        channel = Channel(read_address(script.url, "openai"))
        channel.close()
        with pytest.raises(BackendError, match="given up"):
            call(channel, "/v1/models", seconds=5)
        assert not script.asked


def test_schema_that_is_ignored() -> None:
    """Half a JSON is cut short; a server that takes a schema and answers anything is named."""
    request = ChatRequest(ask("hi").messages, schema=SCHEMA)
    with pytest.raises(CutShort):
        answer(Said(events(delta('{"a": ', "length"))), request)
    with pytest.raises(BackendError, match="ignored the JSON schema: the answer is no JSON"):
        answer(Said(events(delta("Sure!", "stop"))), request)
    with pytest.raises(BackendError, match="ignored the JSON schema: the answer lacks 'a'"):
        answer(Said(events(delta('{"b": 1}', "stop"))), request)
    assert answer(Said(events(delta('{"a": 1}', "stop"))), request)[0] == '{"a": 1}'


def test_counts_without_the_server() -> None:
    """Where a server sends no counts and has no tokenizer, they are estimated."""
    assert answer(Said(events(delta("abcdef", "stop"))), ask("123456789"))[1].usage == Usage(9, 0, 2)


def test_estimates_learn() -> None:
    """What a server without a tokenizer counted for a prompt makes the next estimates better."""
    with serve_script({"/v1/models": listing(), CHAT: Said(events(delta("a", "stop"), usage(150, 1)))}) as script:
        backend = connect(script)
        before = backend.count_tokens("word " * 300)
        collect(backend.stream(ask("word " * 300)))
        assert before == 375 and backend.count_tokens("word " * 300) == 158


def test_no_logprobs() -> None:
    """Log-probabilities that were asked for and did not come are an error."""
    with pytest.raises(BackendError, match="no log-probabilities"):
        answer(Said(GOOD), ChatRequest(ask("hi").messages, logprobs=2))


def describe(entry: dict[str, Any], routes: dict[str, Route]) -> tuple[ModelInfo, list[str]]:
    """Give what a server is found to be, and what it was asked."""
    with serve_script({"/v1/models": listing({"id": "m", **entry}), **routes}) as script:
        return connect(script).describe(), [asked.path for asked in script.asked]


BELIEVED = {"chat", "schema", "seed", "logprobs"}


@pytest.mark.parametrize(
    ("entry", "routes", "kind", "window", "more"),
    [
        ({"owned_by": "vllm", "max_model_len": 4096}, {}, "vllm", 4096, {"grammar"}),
        (
            {"owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}},
            {"/props?model=m": as_json({"default_generation_settings": {"n_ctx": 2048}})},
            "llama-server",
            2048,
            {"grammar", "fim"},
        ),
        ({"owned_by": "llamacpp", "meta": {"n_ctx_train": 32768}}, {}, "llama-server", 32768, {"grammar", "fim"}),
        (
            {"owned_by": "me"},
            {"/openapi.json": as_json({"paths": {"/extras/tokenize/count": {}}})},
            "llama_cpp.server",
            8192,
            {"grammar", "fim"},
        ),
        ({}, {"/info": as_json({"max_total_tokens": 1512})}, "tgi", 1512, set()),
        (
            {},
            {"/api/v0/models": as_json({"data": [{"id": "m", "max_context_length": 9, "loaded_context_length": 7}]})},
            "lmstudio",
            7,
            {"fim"},
        ),
        ({"context_length": 5}, {}, "server", 5, {"fim"}),
        ({"max_model_len": "many"}, {"/info": as_json([]), "/openapi.json": Said(b"<html>")}, "server", 8192, {"fim"}),
    ],
)
def test_servers_are_told_apart(
    entry: dict[str, Any], routes: dict[str, Route], kind: str, window: int, more: set[str]
) -> None:
    """The kind of a server, the window and what it can do come from a few GETs, made once."""
    info, asked = describe(entry, routes)
    assert (info.placement.split()[0], info.context_window) == (kind, window)
    assert info.capabilities == BELIEVED | more
    assert len(asked) == len(set(asked)) <= 4


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Said(b"<html></html>", kind="text/html"), "no JSON: .*HTML"),
        (as_json({"models": []}), "no list of models"),
        (as_json([1]), "no list of models"),
        (Said(b"", 404), "no such part of the API"),
        (Said(b"", 401), "refused the key"),
        (Said(b""), "gave no JSON: an empty body"),
    ],
)
def test_no_such_server(said: Said, message: str) -> None:
    """What is no OpenAI-compatible server is refused when it is opened."""
    with serve_script({"/v1/models": said}) as script, pytest.raises(BackendError, match=message):
        connect(script)


def test_unknown_model() -> None:
    """A model the server does not list is not asked for; those it lists are named."""
    routes: dict[str, Route] = {"/v1/models": listing({"id": "qwen"}, {"id": "llama"})}
    with serve_script(routes) as script, pytest.raises(NotFound, match="no model 'm'; it has llama, qwen"):
        connect(script)


def test_adapters_of_vllm() -> None:
    """An adapter is asked for by its name, once it is listed."""
    models = listing({"id": "m", "owned_by": "vllm"}, {"id": "sql", "owned_by": "vllm", "parent": "m"})
    with serve_script({"/v1/models": models, CHAT: Said(GOOD)}) as script:
        backend = connect(script)
        assert "adapter" in backend.describe().capabilities
        collect(backend.stream(ChatRequest(ask("hi").messages, adapter="sql")))
        collect(backend.stream(ask("hi")))
        assert [body["model"] for body in script.bodies(CHAT)] == ["sql", "m"]
        with pytest.raises(UsageError, match="no adapter 'x'; it has sql"):
            next(backend.stream(ChatRequest(ask("hi").messages, adapter="x")))


def test_adapters_of_llama_server() -> None:
    """llama-server names its adapters by file; one is chosen by its number, with a scale."""
    routes: dict[str, Route] = {
        "/v1/models": listing({"id": "m", "owned_by": "llamacpp"}),
        "/lora-adapters?model=m": as_json(
            [{"id": 0, "path": "a/sql.gguf", "scale": 1.0}, {"id": 1, "path": "C:\\b.gguf"}]
        ),
        CHAT: Said(GOOD),
    }
    with serve_script(routes) as script:
        backend = connect(script)
        collect(backend.stream(ChatRequest(ask("hi").messages, adapter="b@0.5")))
        collect(backend.stream(ask("hi")))
        assert [body.get("lora") for body in script.bodies(CHAT)] == [[{"id": 1, "scale": 0.5}], None]


def test_vllm_counts_before_it_is_asked() -> None:
    """vLLM's own count of the conversation decides what fits, and how long the answer may be."""
    counted = as_json({"count": 30, "max_model_len": 40, "tokens": [1]})
    models = listing({"id": "m", "owned_by": "vllm", "max_model_len": 40})
    with serve_script({"/v1/models": models, "/tokenize": counted, CHAT: Said(GOOD)}) as script:
        collect(connect(script).stream(ask("hi")))
        assert script.bodies(CHAT)[0]["max_tokens"] == 10
        assert script.bodies("/tokenize")[0]["messages"] == [{"role": "user", "content": "hi"}]
        with pytest.raises(ContextOverflow, match="30 tokens, the window of m is 30"):
            next(connect(script, window=30).stream(ask("hi")))
        assert len(script.bodies(CHAT)) == 1


def test_tokens_are_counted_once() -> None:
    """The same text is not sent to the tokenizer twice."""
    models = listing({"id": "m", "owned_by": "llamacpp"})
    with serve_script({"/v1/models": models, "/tokenize": as_json({"tokens": [1, 2, 3]})}) as script:
        backend = connect(script)
        assert [backend.count_tokens("abc"), backend.count_tokens("abc"), backend.count_tokens("")] == [3, 3, 0]
        assert script.bodies("/tokenize") == [{"model": "m", "content": "abc", "add_special": False}]


@pytest.mark.parametrize(("grows", "works"), [(4, True), (0, False)])
def test_suffix_is_tried_out(grows: int, works: bool) -> None:
    """Whether a server reads a suffix shows in the prompt's tokens; one that ignores it is not asked to fill in."""

    def complete(asked: Asked) -> Said:
        if asked.body.get("stream"):
            return Said(events({"choices": [{"text": "x", "finish_reason": "stop"}]}))
        return as_json({"usage": {"prompt_tokens": 3 + (grows if asked.body["suffix"] else 0)}})

    with serve_script({"/v1/models": listing(), "/v1/completions": complete}) as script:
        backend = connect(script)
        request = ChatRequest(prefix="a", suffix="b", sampling=Sampling(max_tokens=5))
        if works:
            assert [collect(backend.stream(request))[0] for _ in range(2)] == ["x", "x"]
            assert len(script.bodies("/v1/completions")) == 4
        else:
            with pytest.raises(UsageError, match="ignores the suffix"):
                next(backend.stream(request))


def test_suffix_at_a_busy_server() -> None:
    """A server that is busy while its suffix is tried out has not shown that it reads none."""
    good = Said(events({"choices": [{"text": "x", "finish_reason": "stop"}]}))
    counts = [as_json({"usage": {"prompt_tokens": tokens}}) for tokens in (3, 7)]
    routes: dict[str, Route] = {"/v1/models": listing(), "/v1/completions": [Said(b"", 503), *counts, good]}
    with serve_script(routes) as script:
        backend = connect(script)
        request = ChatRequest(prefix="a", suffix="b")
        with pytest.raises(BackendError, match="not ready"):
            next(backend.stream(request))
        assert collect(backend.stream(request))[0] == "x"


def test_infill_of_llama_server() -> None:
    """llama-server fills in by a call of its own."""
    last = {"content": "", "stop": True, "stop_type": "eos", "tokens_evaluated": 6, "tokens_predicted": 2}
    routes: dict[str, Route] = {
        "/v1/models": listing({"id": "m", "owned_by": "llamacpp"}),
        "/infill": Said(events({"content": "x y", "stop": False}, last)),
    }
    with serve_script(routes) as script:
        found = collect(connect(script).stream(ChatRequest(prefix="a", suffix="b")))
        assert found == ("x y", Finished("stop", Usage(6, 0, 2)))


def test_no_tokens_wanted() -> None:
    """An answer of no tokens is none; nothing is sent for it."""
    with serve_script({"/v1/models": listing(), CHAT: Said(GOOD)}) as script:
        found = list(connect(script).stream(ask("hi", max_tokens=0)))
        assert found == [Finished("length", Usage(2))] and not script.bodies(CHAT)


def test_many_at_once() -> None:
    """Requests of several threads do not mix."""

    def echo(asked: Asked) -> Said:
        word = asked.body["messages"][0]["content"]
        return Said([events(delta(word)), 0.02, events(delta(word, "stop"))])

    with serve_script({"/v1/models": listing(), CHAT: echo}) as script:
        backend = connect(script)
        found: dict[str, str] = {}

        def run(word: str) -> None:
            found[word] = collect(backend.stream(ChatRequest((Message("user", word),))))[0]

        threads = [threading.Thread(target=run, args=(f"w{at}",)) for at in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert found == {f"w{at}": f"w{at}" * 2 for at in range(8)}
