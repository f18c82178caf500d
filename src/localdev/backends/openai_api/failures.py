"""From a status and a body to an error that says what happened and what to do."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localdev.backends.said import one_line
from localdev.core.errors import BackendError, ContextOverflow, LocaldevError, NotFound

PASSING = frozenset({429, 502, 503, 504})  # what may be over in a moment
_REFUSALS = (400, 413, 422, 500)  # with which of these a server refuses a long prompt differs
_OVERFLOW_KINDS = ("context_length_exceeded", "exceed_context_size_error")
# How servers word a prompt that does not fit, with the numbers where they give them.
_OVERFLOWS = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"maximum context length is (?P<window>\d+) tokens.*?\((?P<prompt>\d+) in (?:the messages|your prompt)",
        r"maximum context length is (?P<window>\d+) tokens.*?(?P<prompt>\d+) (?:input|prompt) tokens",
        r"maximum context length is (?P<window>\d+) tokens.*?requested (?P<prompt>\d+) tokens",
        r"maximum context length of (?P<window>\d+) tokens.*?(?P<prompt>\d+) (?:input )?tokens",
        r"request \((?P<prompt>\d+) tokens\) exceeds the available context size \((?P<window>\d+)",
        r"inputs?`? (?:tokens )?must have less than (?P<window>\d+) tokens. Given: (?P<prompt>\d+)",
        r"max_new_tokens` must be <= (?P<window>\d+). Given: (?P<prompt>\d+) `inputs`",
        r"keep the first (?P<prompt>\d+) tokens .*? context length of only (?P<window>\d+)",
        r"input \((?P<prompt>\d+) tokens\) is too large.*?size: (?P<window>\d+)",
        r"Requested tokens \((?P<prompt>\d+)\) exceed context window of (?P<window>\d+)",
        r"exceeds? (?:the )?(?:available|maximum|model's) context",
    )
]


@dataclass(frozen=True, slots=True)
class Overflow:
    """A prompt that a server refuses for its length; its numbers of tokens, 0 where it does not say them."""

    prompt: int = 0
    window: int = 0

    def error(self, model: str) -> ContextOverflow:
        """Give the error for a user."""
        numbers = f"the request has {self.prompt} tokens, the window of {model} is {self.window}"
        said = numbers if self.prompt and self.window else f"the request is longer than the window of {model}"
        return ContextOverflow(said, "ask for less context, or use a model with a larger window")


def failure(status: int, headers: Mapping[str, str], body: bytes, *, model: str, where: str) -> LocaldevError:
    """Give the error for a reply that is not what was asked for; `where` is the server's address."""
    said = message_of(body)
    told = f": {said}" if said else ""
    if 300 <= status < 400:
        return BackendError(
            f"{where} sends on to {one_line(headers.get('location', 'another address'))}, which is not followed",
            f"write the address that answers in place of {where}",
        )
    if status in (401, 403):
        return BackendError(f"{where} refused the key ({status}){told}", "put the server's key into LOCALDEV_API_KEY")
    if status in _REFUSALS and (too_long := overflow(body)):
        return too_long.error(model)
    if status == 404:
        if "model" in said.lower():
            return NotFound(f"{where} does not know the model {model}{told}", "name one that the server lists")
        return BackendError(f"{where} has no such part of the API ({status}){told}", "check the path of the address")
    if status == 429:
        return BackendError(f"{where} has too many requests ({status}){told}{_wait(headers)}", "try again later")
    if status in PASSING:
        return BackendError(
            f"{where} is not ready ({status}){told}{_wait(headers)}", "wait until it has loaded, or see its log"
        )
    if status >= 500:
        return BackendError(f"{where} failed ({status}){told}", "see the server's log")
    return BackendError(f"{where} refused the request ({status}){told}", "see the server's log and its documentation")


def message_of(body: bytes) -> str:
    """Give what a body says went wrong, in one line; that it is HTML where it is, and nothing where it is empty."""
    text = body[:20_000].decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return "it answers with a page of HTML, not the API" if text.startswith("<") else one_line(text)
    return one_line(said_by(found)) or one_line(text)


def said_by(found: Any) -> str:
    """Give the message inside an error object: OpenAI's `error.message`, or what others put there."""
    for key in ("error", "message", "detail", "msg"):
        if isinstance(found, list) and found:
            found = found[0]
        if isinstance(found, dict) and key in found:
            found = found[key]
    return found if isinstance(found, str) else ""


def overflow(body: bytes) -> Overflow | None:
    """Give what a body says of a prompt beyond the window; None where it says something else."""
    text = body[:20_000].decode("utf-8", "replace")
    try:
        error = json.loads(text)
    except (ValueError, RecursionError):
        error = None
    inner = error.get("error", error) if isinstance(error, dict) else None
    if (
        isinstance(inner, dict)
        and isinstance(inner.get("n_ctx"), int)
        and isinstance(inner.get("n_prompt_tokens"), int)
    ):
        return Overflow(inner["n_prompt_tokens"], inner["n_ctx"])
    for pattern in _OVERFLOWS:
        if found := pattern.search(text):
            groups = found.groupdict()
            return Overflow(int(groups.get("prompt") or 0), int(groups.get("window") or 0))
    return Overflow() if any(kind in text for kind in _OVERFLOW_KINDS) else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds a server asks to wait: a number, or a date in its header; None where it does not say."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal() and said.isascii():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _wait(headers: Mapping[str, str]) -> str:
    """Say how long the server asks to wait."""
    seconds = retry_after(headers)
    return "" if seconds is None else f"; it asks to wait {seconds:.0f} s"
