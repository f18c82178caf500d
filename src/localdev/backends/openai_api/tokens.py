"""Counts tokens with the server's own tokenizer where it has one, else by an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localdev.backends.openai_api.calls import call, checked
from localdev.backends.openai_api.connection import Channel
from localdev.backends.openai_api.probe import Server
from localdev.backends.token_estimate import TokenEstimate
from localdev.core.chat import Message
from localdev.core.errors import BackendError

_REMEMBERED = 1024


class TokenCounter:
    """Counts for one model of one server; what was counted is remembered."""

    def __init__(self, channel: Channel, server: Server, model: str, *, seconds: float) -> None:
        """Take the server; a count may take `seconds`, since some servers answer one request at a time."""
        self._channel = channel
        self._server = server
        self._model = model
        self._seconds = seconds
        self._counts: dict[str, int] = {}
        self._estimate = TokenEstimate()
        self.exact = bool(server.tokenizer)

    def count(self, text: str, channel: Channel | None = None) -> int:
        """Count the tokens of plain text, without marks for its start or end; `channel` is a request's own.

        Raises:
            BackendError, Unreachable, TimedOut: the server does not answer, or not with a number.
        """
        if not text:
            return 0
        if not self.exact:
            return self.estimate(text)
        if self._server.tokenizer.startswith("/extras/"):
            # It adds the marks of a beginning, which an empty text is made of.
            return max(0, self._known(text, channel) - self._known("", channel))
        return self._known(text, channel)

    def estimate(self, text: str) -> int:
        """Give about how many tokens a text has."""
        return self._estimate.tokens(text)

    def learn(self, text: str, counted: int) -> None:
        """Take what the server counted for a whole prompt, to estimate better."""
        self._estimate.learn(text, counted)

    def chat(self, messages: Sequence[Message], channel: Channel) -> tuple[int, bool]:
        """Count a conversation: (tokens, whether that is exact).

        vLLM counts it with its template; elsewhere it is what the messages hold, without the template's own tokens.
        """
        if self._server.dialect.kind == "vllm":
            written = [{"role": message.role, "content": message.content} for message in messages]
            body = {"model": self._model, "messages": written, "add_generation_prompt": True}
            return self._post(body, channel), True
        return sum(self.count(message.content, channel) for message in messages), False

    def _known(self, text: str, channel: Channel | None) -> int:
        """Ask the server, unless this was asked before."""
        found = self._counts.get(text)
        if found is None:
            if len(self._counts) >= _REMEMBERED:
                self._counts.clear()
            found = self._counts[text] = self._ask(text, channel or self._channel)
        return found

    def _ask(self, text: str, channel: Channel) -> int:
        """Ask the server."""
        bodies: dict[str, dict[str, Any]] = {
            "vllm": {"model": self._model, "prompt": text, "add_special_tokens": False},
            "llama-server": {"model": self._model, "content": text, "add_special": False},
            "llama_cpp.server": {"model": self._model, "input": text},
            "tgi": {"inputs": text, "add_special_tokens": False},
        }
        return self._post(bodies[self._server.dialect.kind], channel)

    def _post(self, body: dict[str, Any], channel: Channel) -> int:
        """Call the tokenizer, which stands beside the API, not in it, and read its count: a number or a list."""
        path = channel.address.root + self._server.tokenizer
        found = checked(channel, call(channel, path, body, seconds=self._seconds), self._model)
        if isinstance(found, dict):
            found = found.get("count", found.get("tokens"))
        if isinstance(found, list):
            return len(found)
        if isinstance(found, int):
            return found
        raise BackendError(f"the tokenizer of {channel.address.url} gives no number", "see the server's log")
