"""The parts of the OpenAI backend that are pure: addresses, bodies, failures, answers, thinking, schemas."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.backends.addresses import read_model
from localdev.backends.ollama_api.errors import refusal
from localdev.backends.openai_api.answer import AnswerReader
from localdev.backends.openai_api.bodies import checked_request, make_call
from localdev.backends.openai_api.dialects import DIALECTS
from localdev.backends.openai_api.events import ServerEvent
from localdev.backends.openai_api.failures import failure, overflow, retry_after
from localdev.backends.openai_api.probe import Server
from localdev.backends.options import BackendOptions, RemoteOptions
from localdev.backends.schema_check import breach
from localdev.backends.thinking import ThinkingSplitter
from localdev.core.chat import ChatRequest, Message, Sampling, TokenLogprob, Usage
from localdev.core.errors import BackendError, ConfigError, ContextOverflow, LocaldevError, NotFound, UsageError
from localdev.core.events import TextDelta, ThinkingDelta
from tests.backends.openai_server import delta, usage

URL = "http://127.0.0.1:8000/v1"
CHAT = (Message("user", "hi"),)


@pytest.mark.parametrize(
    ("model", "name", "url", "root"),
    [
        ("openai:m", "m", "http://127.0.0.1:8000/v1", ""),
        ("openai:org/m:4b", "org/m:4b", "http://127.0.0.1:8000/v1", ""),
        ("openai:m@https://host.example", "m", "https://host.example:443/v1", ""),
        ("openai:m@rev@http://[::1]:9/v1/", "m@rev", "http://[::1]:9/v1", ""),
        ("openai:m@http://localhost:9/gate/v1", "m", "http://localhost:9/gate/v1", "/gate"),
        ("openai:m@http://localhost/api", "m", "http://localhost:80/api", "/api"),
    ],
)
def test_addresses(model: str, name: str, url: str, root: str) -> None:
    """A model string names a model and, where it says so, its server."""
    found, address = read_model(model, URL)
    assert (found, address.url, address.root) == (name, url, root)


@pytest.mark.parametrize(
    "model",
    [
        "openai:",
        "openai:@http://localhost",
        "openai:m@http://",
        "openai:m@http://a b/v1",
        "openai:m@http://h:99999/v1",
        "openai:m@http://h/v1?key=1",
        "openai:m@http://h/v1\r\nX: y",
    ],
)
def test_wrong_addresses(model: str) -> None:
    """What is no model or no address is a usage error."""
    with pytest.raises(UsageError):
        read_model(model, URL)


def test_password_in_address() -> None:
    """A key does not belong into an address, and the error does not show it."""
    with pytest.raises(UsageError, match="password") as caught:
        read_model("openai:m@http://me:sesame@h/v1", URL)
    assert "sesame" not in str(caught.value) and "LOCALDEV_API_KEY" in caught.value.hint


def body_of(request: ChatRequest, kind: str, **more: Any) -> dict[str, Any]:
    """Write a request for one kind of server."""
    server = Server(DIALECTS[kind], **more)
    checked_request(request, server)
    return make_call(request, "m", server, limit=7, api="/v1", root="").body


def test_plain_body() -> None:
    """A server of an unknown kind is sent what belongs to the API, and nothing else."""
    assert body_of(ChatRequest(CHAT), "") == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 7,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": 0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
    }


@pytest.mark.parametrize(
    ("kind", "sampling", "expected"),
    [
        ("", Sampling(top_k=5, min_p=0.1, repeat_penalty=1.2), {"top_k": 5, "min_p": 0.1, "repeat_penalty": 1.2}),
        ("vllm", Sampling(), {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}),
        ("vllm", Sampling(repeat_penalty=1.2), {"repetition_penalty": 1.2}),
        ("llama-server", Sampling(), {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}),
        ("llama_cpp.server", Sampling(top_k=3), {"top_k": 3, "min_p": 0.0, "repeat_penalty": 1.0}),
        ("", Sampling(stop=("a", "", "b", "c", "d", "e")), {"stop": ["a", "b", "c", "d"]}),
        ("vllm", Sampling(stop=("a", "b", "c", "d", "e")), {"stop": ["a", "b", "c", "d", "e"]}),
    ],
)
def test_samplers(kind: str, sampling: Sampling, expected: dict[str, Any]) -> None:
    """Samplers beyond the API go to servers that know them, and to others only where they are set."""
    body = body_of(ChatRequest(CHAT, sampling=sampling), kind)
    assert {name: body[name] for name in expected} == expected


SCHEMA = {"type": "object"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}),
        ("tgi", {"type": "json_object", "value": SCHEMA}),
    ],
)
def test_schema_forms(kind: str, expected: dict[str, Any]) -> None:
    """Each kind of server is given a schema in the form it reads."""
    assert body_of(ChatRequest(CHAT, schema=SCHEMA), kind)["response_format"] == expected


def test_schema_as_grammar() -> None:
    """llama_cpp.server is given a grammar: its own turning of schemas lets control characters into texts."""
    body = body_of(ChatRequest(CHAT, schema={"type": "string"}), "llama_cpp.server")
    assert body["grammar"].count("root ::=") == 1 and "response_format" not in body


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("vllm", "structured_outputs", {"grammar": "g"}),
        ("vllm-old", "guided_grammar", "g"),
        ("llama-server", "grammar", "g"),
        ("llama_cpp.server", "grammar", "g"),
    ],
)
def test_grammar_forms(kind: str, field: str, value: object) -> None:
    """A grammar goes into the field that the server reads."""
    assert body_of(ChatRequest(CHAT, grammar="g"), kind)[field] == value


def test_fill_in_forms() -> None:
    """llama-server has a call of its own, others a suffix."""
    request = ChatRequest(prefix="a", suffix="b")
    assert {"prompt": "a", "suffix": "b", "max_tokens": 7}.items() <= body_of(request, "").items()
    body = body_of(request, "llama-server")
    assert {"input_prefix": "a", "input_suffix": "b", "n_predict": 7}.items() <= body.items()
    assert "suffix" not in body and "max_tokens" not in body


def test_adapters() -> None:
    """An adapter is another model's name on vLLM, a number with its scale on llama-server."""
    request = ChatRequest(CHAT, adapter="style")
    assert body_of(request, "vllm", adapters={"style": "style"})["model"] == "style"
    scaled = ChatRequest(CHAT, adapter="style@0.5")
    assert body_of(scaled, "llama-server", adapters={"style": 3})["lora"] == [{"id": 3, "scale": 0.5}]


@pytest.mark.parametrize(
    ("kind", "request_", "message"),
    [
        ("", ChatRequest(), "empty"),
        ("vllm", ChatRequest(prefix="a"), "fill in"),
        ("", ChatRequest(prefix="a", schema={}), "schema or a grammar"),
        ("", ChatRequest(CHAT, grammar="g"), "no grammars"),
        ("", ChatRequest(CHAT, adapter="x"), "no adapters"),
        ("vllm", ChatRequest(CHAT, adapter="x"), "has no adapter 'x'; it has none"),
        ("llama-server", ChatRequest(CHAT, adapter="style@loud"), "scale"),
        ("vllm", ChatRequest(CHAT, adapter="style@0.5"), "cannot scale"),
    ],
)
def test_what_a_server_cannot_do(kind: str, request_: ChatRequest, message: str) -> None:
    """What a server is not known to do is refused before anything is sent."""
    with pytest.raises(UsageError, match=message):
        body_of(request_, kind, adapters={"style": 1} if "style" in request_.adapter else {})


@pytest.mark.parametrize(
    ("text", "prompt", "window"),
    [
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4500 in the "
            "messages, 500 in the completion). Please reduce the length of the messages or completion.",
            4500,
            4096,
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 900. This model's maximum context length is 1024 "
            "tokens and your request has 300 input tokens",
            300,
            1024,
        ),
        ("This model's maximum context length is 40 tokens. However, your request has 41 input tokens.", 41, 40),
        ("request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it", 5012, 4096),
        ("the request exceeds the available context size. try increasing the context size", 0, 0),
        ("Input validation error: `inputs` must have less than 1024 tokens. Given: 2000", 2000, 1024),
        ("`inputs` tokens + `max_new_tokens` must be <= 99. Given: 90 `inputs` tokens and 20 `max_new_tokens`", 90, 99),
    ],
)
def test_overflow_wordings(text: str, prompt: int, window: int) -> None:
    """Both numbers are read out of what servers say of a prompt that is too long."""
    found = overflow(json.dumps({"error": {"message": text}}).encode())
    assert found is not None and (found.prompt, found.window) == (prompt, window)


def test_overflow_in_fields() -> None:
    """llama-server says the numbers in fields; another error is none of these."""
    body = {"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8}}
    found = overflow(json.dumps(body).encode())
    assert found is not None and (found.prompt, found.window) == (9, 8)
    assert overflow(b'{"error":{"message":"unknown field"}}') is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "hint"),
    [
        (401, b'{"error":"no"}', BackendError, r"refused the key \(401\): no", "LOCALDEV_API_KEY"),
        (403, b"", BackendError, "refused the key", "LOCALDEV_API_KEY"),
        (404, b'{"detail":"Not Found"}', BackendError, "no such part", "address"),
        (404, b'{"error":{"message":"The model `m` does not exist."}}', NotFound, "does not know the model m", "lists"),
        (400, b'{"error":{"message":"bad top_k"}}', BackendError, "bad top_k", "documentation"),
        (422, b'{"detail":[{"msg":"field required"}]}', BackendError, "field required", "documentation"),
        (400, b'{"error":{"code":"context_length_exceeded"}}', ContextOverflow, "longer than the window", "less"),
        (302, b"", BackendError, "sends on to https://other.example", "address"),
        (500, b"<html><h1>oops</h1></html>", BackendError, "a page of HTML", "log"),
        (503, b'{"error":{"message":"Loading model"}}', BackendError, "Loading model", "loaded"),
        (429, b"", BackendError, "too many requests.*asks to wait 7 s", "later"),
        (500, b"\x1b[31mred\x07", BackendError, r"\?\[31mred\?", "log"),
    ],
)
def test_failures(status: int, body: bytes, kind: type[LocaldevError], message: str, hint: str) -> None:
    """Every status becomes an error that says what and what to do, in plain text."""
    headers = {"location": "https://other.example/", "retry-after": "7"}
    found = failure(status, headers, body, model="m", where="http://h/v1")
    assert type(found) is kind and hint in found.hint
    with pytest.raises(kind, match=message):
        raise found


def test_retry_after() -> None:
    """A number of seconds or a date is read, anything else is not there."""
    assert retry_after({"retry-after": "3"}) == 3
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def read_answer(
    *pieces: dict[str, Any] | str, form: str = "chat", stop: tuple[str, ...] = ()
) -> tuple[list[TextDelta | ThinkingDelta], AnswerReader]:
    """Read an answer in these pieces."""
    reader = AnswerReader(form, stop, where="http://h/v1", model="m", limit=1000)
    found = [
        event
        for piece in pieces
        for event in reader.take(ServerEvent(piece if isinstance(piece, str) else json.dumps(piece)))
    ]
    return [*found, *reader.finish()], reader


def test_answer() -> None:
    """Text, the reason and the counts are read; roles and empty pieces say nothing."""
    found, reader = read_answer(
        delta(role="assistant"), delta("a"), delta("b"), delta(reason="stop"), usage(5, 2, 3), "[DONE]"
    )
    assert found == [TextDelta("a"), TextDelta("b")]
    assert (reader.reason, reader.usage, reader.done) == ("stop", Usage(5, 3, 2), True)


def test_stop_strings_are_found_here_too() -> None:
    """A server that ignores stop strings does not get by with it, also where one spans pieces."""
    found, reader = read_answer(delta("one E"), delta("ND two"), stop=("END",))
    assert found == [TextDelta("one ")] and reader.stopped and reader.text == "one "


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thinking_in_a_field(name: str) -> None:
    """What a server keeps apart stays apart."""
    found, _ = read_answer(delta(**{name: "hm"}), delta("yes", reason="stop"))
    assert found == [ThinkingDelta("hm"), TextDelta("yes")]


def test_infill_form() -> None:
    """llama-server's own pieces hold text, counts and the reason."""
    found, reader = read_answer(
        {"content": "x", "stop": False},
        {
            "content": "",
            "stop": True,
            "stop_type": "limit",
            "tokens_evaluated": 9,
            "tokens_predicted": 1,
            "timings": {"cache_n": 4},
        },
        form="infill",
    )
    assert (found, reader.reason, reader.usage) == ([TextDelta("x")], "length", Usage(9, 4, 1))


def test_logprobs_of_completions() -> None:
    """The older form of log-probabilities is read too."""
    logprobs = {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"a": -0.5, "b": -1}]}
    found, _ = read_answer({"choices": [{"text": "a", "logprobs": logprobs}]}, form="text")
    assert isinstance(found[0], TextDelta)
    (one,) = found[0].logprobs
    assert (one.token, one.logprob, one.top) == ("a", -0.5, (("a", -0.5), ("b", -1.0)))


@pytest.mark.parametrize(
    ("piece", "kind", "message"),
    [
        ('{"choices": [{"del', BackendError, "no JSON"),
        ("[1]", BackendError, "no JSON"),
        ("[" * 100_000, BackendError, "no JSON"),
        ({"error": {"message": "CUDA out of memory", "code": 500}}, BackendError, "CUDA out of memory"),
        ({"error": "gone"}, BackendError, "gone"),
        ({"object": "error", "message": "old form"}, BackendError, "old form"),
        ({"error": {"code": "context_length_exceeded"}}, ContextOverflow, "longer"),
        (delta(reason="content_filter"), BackendError, "filter"),
        (delta(reason="tool_calls"), BackendError, "tool"),
        (delta(reason="weather"), BackendError, "weather"),
    ],
)
def test_pieces_that_end_it(piece: dict[str, Any] | str, kind: type[LocaldevError], message: str) -> None:
    """An error, a broken piece, or a reason that is no answer's ends the stream with an error."""
    with pytest.raises(kind, match=message):
        read_answer(delta("a"), piece)


@pytest.mark.parametrize(
    "piece",
    [{}, {"choices": None}, {"choices": ["x"]}, {"choices": [{"delta": None}]}, {"choices": [{}], "usage": 3}],
)
def test_odd_pieces(piece: dict[str, Any]) -> None:
    """A piece without text adds nothing."""
    assert read_answer(piece)[0] == []


@given(
    thought=st.text("ab<>/think\n", max_size=12),
    answer=st.text("ab<>/think\n", max_size=12),
    size=st.integers(1, 5),
)
def test_thinking_in_the_text(thought: str, answer: str, size: int) -> None:
    """However a text is cut, thinking and answer are parted at the first end mark."""
    if "</think>" in thought:
        return
    whole = f"<think>{thought}</think>{answer}"
    splitter = ThinkingSplitter()
    parts = [splitter.add(whole[at : at + size]) for at in range(0, len(whole), size)] + [splitter.finish()]
    assert "".join(part[0] for part in parts) == thought
    assert "".join(part[1] for part in parts) == answer.lstrip()


@given(text=st.text("<thinkab> ", max_size=14), size=st.integers(1, 4))
def test_text_without_thinking(text: str, size: int) -> None:
    """A text that does not begin with the mark is passed on unchanged."""
    if text.lstrip().startswith("<think>"):
        return
    splitter = ThinkingSplitter()
    parts = [splitter.add(text[at : at + size]) for at in range(0, len(text), size)] + [splitter.finish()]
    assert "".join(part[1] for part in parts) == text and not any(part[0] for part in parts)


@pytest.mark.parametrize(
    ("value", "schema", "wrong"),
    [
        ({"a": 1}, {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, ""),
        ({}, {"required": ["a"]}, "lacks 'a'"),
        ({"a": "1"}, {"properties": {"a": {"type": "integer"}}}, "answer.a is not of type integer"),
        ({"a": 1, "b": 2}, {"properties": {"a": {}}, "additionalProperties": False}, "has 'b'"),
        ({"b": "x"}, {"additionalProperties": {"type": "integer"}}, "answer.b"),
        ([1, "x"], {"items": {"type": "integer"}}, r"answer\[1\]"),
        ("c", {"enum": ["a", "b"]}, "none of"),
        (2, {"const": 3}, "is not 3"),
        (True, {"type": "integer"}, "not of type"),
        (True, {"type": ["null", "boolean"]}, ""),
        (1.0, {"type": "integer"}, ""),
        (1, {"type": "number"}, ""),
        (1, True, ""),
        (1, {"type": "something new"}, ""),
    ],
)
def test_schema_check(value: Any, schema: Any, wrong: str) -> None:
    """The words of a schema that matter most are looked at."""
    found = breach(value, schema)
    assert bool(found) == bool(wrong)
    assert re.search(wrong, found)


def test_key_that_no_header_may_hold() -> None:
    """Such a key is refused without being shown."""
    from localdev.core.headers import checked_secret

    def checked_key(key: str) -> str:
        return checked_secret(key, variable="LOCALDEV_API_KEY", what="the server's key")

    assert checked_key(" sesame\n") == "sesame"
    with pytest.raises(ConfigError) as caught:
        checked_key("ses\nöme")
    assert "ses" not in str(caught.value)


@pytest.mark.parametrize("thought", [{"reasoning_content": "hm"}, {"content": "<think>hm</think>"}])
def test_logprobs_of_thinking_are_left_out(thought: dict[str, str]) -> None:
    """Those that come with the answer are the answer's own."""
    logprobs: list[dict[str, Any]] = [
        {"content": [{"token": token, "logprob": -0.5, "top_logprobs": []}]} for token in ("hm", "yes")
    ]
    reader = AnswerReader("chat", (), where="here", model="m", limit=1000)
    pieces = [
        {"choices": [{"index": 0, "delta": inner, "logprobs": given}]}
        for inner, given in zip((thought, {"content": "yes"}), logprobs, strict=True)
    ]
    found = [event for piece in pieces for event in reader.take(ServerEvent(json.dumps(piece)))]
    assert found == [ThinkingDelta("hm"), TextDelta("yes", (TokenLogprob("yes", -0.5),))]


def test_a_key_is_not_shown() -> None:
    """Options in a log or an error hold no key."""
    assert "sesame" not in repr(BackendOptions(remote=RemoteOptions(api_key="sesame")))


def test_nothing_a_server_says_steers_a_terminal() -> None:
    """Its words come in one line of printable letters, addresses included."""
    for error in (
        failure(302, {"location": "http://h/\x1b]0;x\x07"}, b"", model="m", where="here"),
        failure(500, {}, b"\x1b[31m red\nline", model="m", where="here"),
        refusal(500, "\x1b[31m red\nline", url="here", model="m", known=()),
    ):
        assert str(error).isprintable()


A_LOGPROB = {"token": "a", "logprob": -1}


@pytest.mark.parametrize(
    "choices",
    [
        5,
        [{"finish_reason": {"a": 1}}],
        [{"logprobs": {"content": [A_LOGPROB | {"top_logprobs": 5}]}}],
        [{"logprobs": {"content": [A_LOGPROB | {"top_logprobs": [{"token": "b", "logprob": "x"}]}]}}],
        [{"logprobs": {"tokens": ["a"], "token_logprobs": 5}}],
        [{"logprobs": {"tokens": ["a"], "token_logprobs": [-1], "top_logprobs": [[1]]}}],
    ],
)
def test_pieces_of_another_shape(choices: Any) -> None:
    """JSON that is no piece of an answer is an error of the server's, never a failure of ours."""
    reader = AnswerReader("chat", (), where="here", model="m", limit=1000)
    with pytest.raises(BackendError, match="here sent a piece"):
        list(reader.take(ServerEvent(json.dumps({"choices": choices}))))
