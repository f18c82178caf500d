"""The scripted backend: answers and failures from a list, for tests and demonstrations without a model.

A script is a list of replies, or an object `{"name": ..., "context_window": ..., "piece": ..., "replies": [...]}`.
A reply is a text, or an object:

    {"match": "ignored files", "text": "They are decided by ... [1]", "piece": 6, "delay": 0.02,
     "fail_after": 3, "error": "the engine went away", "reason": "length"}

A reply with `match` answers every request whose last message contains that text; the others are used up in order.
Stop strings and the most tokens of an answer are heeded; an answer to a schema must follow it, or the script is wrong.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from localdev.backends.schema_check import check_answer
from localdev.backends.text import TextAssembler
from localdev.core.chat import ChatRequest, ModelInfo, Usage
from localdev.core.errors import BackendError, ContextOverflow, NotFound, UsageError
from localdev.core.events import BackendEvent, Finished, TextDelta, ThinkingDelta
from localdev.core.under_way import UnderWay

_CHARS_PER_TOKEN = 4  # about what real tokenizers give for code


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer.

    `piece` is the number of characters per streamed piece (0: the backend's), `delay` the seconds before each piece.
    `fail_after` is the number of pieces after which the engine fails with `error`; -1 never. `thinking` comes in front.
    """

    text: str = ""
    match: str = ""
    piece: int = 0
    delay: float = 0.0
    fail_after: int = -1
    error: str = "the scripted engine failed"
    reason: Literal["stop", "length"] = "stop"
    thinking: str = ""


class FakeBackend:
    """Plays a script; `requests` records what was asked and `pieces` counts what was streamed, for tests to read."""

    def __init__(
        self, replies: Sequence[Reply | str], *, name: str = "fake", context_window: int = 8192, piece: int = 4
    ) -> None:
        every = [Reply(text=reply) if isinstance(reply, str) else reply for reply in replies]
        self._matched = [reply for reply in every if reply.match]
        self._in_order = [reply for reply in every if not reply.match]
        self._used = 0
        self._info = ModelInfo(name, "fake", context_window, capabilities=frozenset({"chat", "fim", "schema"}))
        self._piece = piece
        self._closed = False
        self._under_way = UnderWay()
        self.requests: list[ChatRequest] = []
        self.pieces = 0

    def describe(self) -> ModelInfo:
        """Say the script's name and window."""
        return self._info

    def count_tokens(self, text: str) -> int:
        """Count four characters as one token, rounded up."""
        return -(-len(text) // _CHARS_PER_TOKEN)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Yield the scripted reply in pieces, then one `Finished`; closing the iterator ends it there.

        Raises:
            BackendError: the script says so, has no reply left or one against the schema, or the backend is closed.
            ContextOverflow: the request leaves no room for an answer in the scripted window.
            CutShort: the answer to a schema came to its most tokens.
            UsageError: the request is empty, or asks for what no script can do.
        """
        if self._closed:
            raise BackendError("the fake model was closed", "open it again")
        self.requests.append(request)
        _refuse(request)
        prompt = sum(self.count_tokens(message.content) for message in request.messages)
        prompt += self.count_tokens(request.prefix + request.suffix)
        if prompt >= self._info.context_window:
            raise ContextOverflow(
                f"the request has {prompt} tokens, the window of {self._info.name} {self._info.context_window}",
                "ask for less context",
            )
        reply = self._choose(request.messages[-1].content if request.messages else request.prefix)
        ended = threading.Event()
        with self._under_way.entered(request, ended.set):
            yield from self._play(reply, prompt, request, ended)

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """End the stream of a request (None: every one) before its next piece; False where there is none."""
        return self._under_way.cancel(request)

    def close(self) -> None:
        """Refuse further requests."""
        self._closed = True

    def _choose(self, asked: str) -> Reply:
        """Give the first reply that matches, else the next one in order."""
        for reply in self._matched:
            if reply.match in asked:
                return reply
        if self._used == len(self._in_order):
            raise BackendError("the fake model's script has no reply left", "add a reply to the script")
        self._used += 1
        return self._in_order[self._used - 1]

    def _play(
        self, reply: Reply, prompt_tokens: int, request: ChatRequest, ended: threading.Event
    ) -> Iterator[BackendEvent]:
        """Stream one reply as far as the request wants it."""
        room = min(request.sampling.max_tokens, self._info.context_window - prompt_tokens)
        text, reason = reply.text, reply.reason
        if self.count_tokens(text) > room:
            text, reason = text[: room * _CHARS_PER_TOKEN], "length"
        size = max(1, reply.piece or self._piece)
        writer = TextAssembler(request.sampling.stop)
        if reply.thinking:
            yield ThinkingDelta(reply.thinking)
        for number, at in enumerate(range(0, len(text), size)):
            if number == reply.fail_after or writer.stopped:
                break
            if ended.wait(reply.delay):
                yield Finished("cancelled", Usage(prompt_tokens, 0, self.count_tokens(text[:at])))
                return
            self.pieces += 1
            if piece := writer.add(text[at : at + size].encode("utf-8", "surrogatepass")):
                yield TextDelta(piece)
        if reply.fail_after >= 0:
            raise BackendError(reply.error, "this failure stands in the fake model's script")
        if rest := writer.finish():
            yield TextDelta(rest)
        if request.schema is not None:
            check_answer(
                text, request.schema, cut=reason == "length", who="the fake model's script", hint="correct the script"
            )
        yield Finished("stop" if writer.stopped else reason, Usage(prompt_tokens, 0, self.count_tokens(text)))


def _refuse(request: ChatRequest) -> None:
    """Refuse an empty request, and what a list of answers cannot do."""
    if not (request.messages or request.prefix or request.suffix):
        raise UsageError("the request is empty", "give messages, or a prefix and a suffix")
    for asked, what in ((request.grammar, "grammars"), (request.adapter, "adapters"), (request.logprobs, "logprobs")):
        if asked:
            raise UsageError(f"the fake model has no {what}", "use a GGUF model")


def load_script(path: Path) -> FakeBackend:
    """Read a script file.

    Raises:
        NotFound: there is no such file.
        UsageError: it is not JSON, or holds an unknown key or a value of the wrong type.
    """
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFound(f"cannot read the fake model's script {path}: {error.strerror}", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the fake model's script {path} is not JSON: {error}", "correct the file") from error
    outer: dict[str, Any] = {"replies": script} if isinstance(script, list) else script
    _check(outer, {"name": str, "context_window": int, "piece": int, "replies": list}, path)
    replies = [_read_reply(entry, path) for entry in outer.get("replies", [])]
    return FakeBackend(
        replies,
        name=outer.get("name", "fake"),
        context_window=outer.get("context_window", 8192),
        piece=outer.get("piece", 4),
    )


def _read_reply(entry: Any, path: Path) -> Reply:
    """Turn one entry of a script into a reply."""
    if isinstance(entry, str):
        return Reply(text=entry)
    kinds = {field.name: type(field.default) for field in fields(Reply)}
    _check(entry, kinds, path)
    if entry.get("reason", "stop") not in ("stop", "length"):
        raise UsageError(f"{path}: unknown reason {entry['reason']!r}", "use stop or length")
    return Reply(**entry)


def _check(found: Any, kinds: dict[str, type], path: Path) -> None:
    """Refuse what is not an object, unknown keys, and values of a wrong type (a whole number may stand for a float)."""
    if not isinstance(found, dict):
        raise UsageError(f"{path}: expected an object or a text, found {type(found).__name__}", "correct the file")
    for key, value in found.items():
        if key not in kinds:
            raise UsageError(f"{path}: unknown key {key!r}", f"known keys: {', '.join(kinds)}")
        allowed = (int, float) if kinds[key] is float else kinds[key]
        if not isinstance(value, allowed) or isinstance(value, bool):
            raise UsageError(f"{path}: {key} must be of type {kinds[key].__name__}", "correct the file")
