"""The scripted backend."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localdev.backends.fake import FakeBackend, Reply, load_script
from localdev.core.chat import ChatRequest, Usage
from localdev.core.errors import BackendError, ContextOverflow, CutShort, NotFound, UsageError
from localdev.core.events import Finished, TextDelta
from tests.backends.conftest import ask, collect


@given(text=st.text(max_size=60), piece=st.integers(1, 9))
def test_pieces_join_to_the_reply(text: str, piece: int) -> None:
    """Whatever the size of the pieces, they make up the reply, and none is longer than asked."""
    backend = FakeBackend([text], piece=piece)
    events = list(backend.stream(ask("q")))
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(deltas) == text
    assert all(0 < len(delta) <= piece for delta in deltas)
    assert events[-1] == Finished("stop", Usage(1, 0, backend.count_tokens(text)))


def test_replies_in_order_and_by_match() -> None:
    """Plain replies are used up in order; one with a match answers each time it fits."""
    backend = FakeBackend(["one", Reply(match="cat", text="meow"), "two"])
    asked = ["x", "a cat", "y", "the cat again"]
    assert [collect(backend.stream(ask(text)))[0] for text in asked] == ["one", "meow", "two", "meow"]
    assert [request.messages[0].content for request in backend.requests] == asked
    with pytest.raises(BackendError, match="no reply left"):
        next(backend.stream(ask("z")))


def test_failure_after_pieces() -> None:
    """A scripted failure comes after so many pieces, with its own message."""
    stream = FakeBackend([Reply("abcdef", piece=2, fail_after=2, error="gone")]).stream(ask("q"))
    assert [next(stream), next(stream)] == [TextDelta("ab"), TextDelta("cd")]
    with pytest.raises(BackendError, match="gone"):
        next(stream)


def test_delay_and_reason() -> None:
    """Pieces take their time, and the reason is the script's."""
    started = time.monotonic()
    _, finished = collect(FakeBackend([Reply("abcd", piece=2, delay=0.02, reason="length")]).stream(ask("q")))
    assert time.monotonic() - started >= 0.04
    assert finished.reason == "length"


def test_closing_the_stream_stops_it() -> None:
    """After closing, no further piece is made."""
    backend = FakeBackend(["a long reply"], piece=1)
    stream = backend.stream(ask("q"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert backend.pieces == 1


def test_window_and_closing() -> None:
    """A request that fills the window is refused, and so is any after closing."""
    backend = FakeBackend(["x"], context_window=5)
    with pytest.raises(ContextOverflow, match="6 tokens"):
        next(backend.stream(ChatRequest(prefix="a" * 12, suffix="b" * 12)))
    assert collect(backend.stream(ChatRequest(prefix="a" * 12, suffix="b" * 4)))[0] == "x"
    backend.close()
    with pytest.raises(BackendError, match="closed"):
        next(backend.stream(ask("q")))


def test_stop_and_length() -> None:
    """Stop strings are heeded wherever pieces are cut, and so is the most tokens of an answer."""
    stopped = collect(FakeBackend(["one END two"], piece=2).stream(ask("q", stop=("END",))))
    assert stopped == ("one ", Finished("stop", Usage(1, 0, 3)))
    cut = collect(FakeBackend(["abcdefghij"]).stream(ask("q", max_tokens=2)))
    assert cut == ("abcdefgh", Finished("length", Usage(1, 0, 2)))


def test_schema() -> None:
    """A reply to a schema must follow it; one that is cut is an error."""
    request = ChatRequest(ask("q").messages, schema={"type": "object", "required": ["a"]})
    assert collect(FakeBackend(['{"a": 1}']).stream(request))[0] == '{"a": 1}'
    for reply, message in (("yes", "no JSON"), ("{}", "lacks 'a'")):
        with pytest.raises(BackendError, match=message):
            list(FakeBackend([reply]).stream(request))
    with pytest.raises(CutShort):
        list(FakeBackend([Reply('{"a":', reason="length")]).stream(request))


@pytest.mark.parametrize("more", [{"grammar": "g"}, {"adapter": "a"}, {"logprobs": 1}])
def test_what_a_script_cannot_do(more: dict[str, Any]) -> None:
    """Grammars, adapters and log-probabilities are refused, and use up no reply."""
    backend = FakeBackend(["x"])
    with pytest.raises(UsageError, match="the fake model has no"):
        next(backend.stream(ChatRequest(ask("q").messages, **more)))
    assert len(backend.requests) == 1 and collect(backend.stream(ask("q")))[0] == "x"


def test_script_file(tmp_path: Path) -> None:
    """A script file sets name, window and replies; a bare list is enough."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"name": "demo", "context_window": 100, "piece": 3, "replies": [{"text": "hello"}]}))
    backend = load_script(path)
    info = backend.describe()
    assert (info.name, info.backend, info.context_window) == ("demo", "fake", 100)
    assert [event.text for event in backend.stream(ask("q")) if isinstance(event, TextDelta)] == ["hel", "lo"]
    path.write_text('["only"]')
    assert collect(load_script(path).stream(ask("q")))[0] == "only"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"x"', "expected an object"),
        ('{"reply": []}', "unknown key 'reply'"),
        ('{"replies": "x"}', "replies must be of type list"),
        ("[3]", "expected an object"),
        ('[{"text": 3}]', "text must be of type str"),
        ('[{"delay": true}]', "delay must be of type float"),
        ('[{"reason": "tired"}]', "unknown reason"),
    ],
)
def test_wrong_scripts(script: str, message: str, tmp_path: Path) -> None:
    """What a script may not hold is named."""
    path = tmp_path / "script.json"
    path.write_text(script)
    with pytest.raises(UsageError, match=message):
        load_script(path)


def test_missing_script(tmp_path: Path) -> None:
    """A path that is not there is said to be so."""
    with pytest.raises(NotFound, match=r"none\.json"):
        load_script(tmp_path / "none.json")
