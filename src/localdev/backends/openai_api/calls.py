"""Calls of a server: short ones answered with JSON, and the one that streams, tried again before its first token."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localdev.backends.openai_api.connection import Channel, Reply
from localdev.backends.openai_api.failures import PASSING, failure, message_of, retry_after
from localdev.backends.options import RemoteOptions
from localdev.core.errors import BackendError, LocaldevError, TimedOut, Unreachable

CLOSED = "the model was closed"
_MOST_ERROR = 65_536
_FIRST_WAIT = 0.5  # seconds before the second try, doubled before each further one, and up to a half more by chance
_LONGEST_WAIT = 30.0  # a server that asks for more is busy for a while: the user should know at once


@dataclass(frozen=True, slots=True)
class Answer:
    """A short call's outcome: the status and the parsed body, None where it is no JSON."""

    status: int
    body: Any
    raw: bytes
    headers: Mapping[str, str]


def call(
    channel: Channel,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    seconds: float,
    late: TimedOut | None = None,
) -> Answer:
    """Make one short call; whatever the status is, it is given back. `late` is the error for one that takes too long.

    Raises:
        Unreachable, TimedOut, BackendError: no whole answer came, or not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    try:
        with channel.request(path, body, deadline=deadline) as reply:
            raw = reply.read_all(deadline)
            return Answer(reply.status, _parsed(raw), raw, reply.headers)
    except TimeoutError as error:
        raise late or TimedOut(
            f"{channel.address.url} did not answer within {seconds:g} s",
            "see whether the server is busy, or stuck, or raise remote.first_token_seconds",
        ) from error


def checked(channel: Channel, answer: Answer, model: str) -> Any:
    """Give the JSON of a call that must have worked.

    Raises:
        BackendError, NotFound, ContextOverflow: it did not, or answered with something else.
    """
    if answer.status != 200:
        raise failure(answer.status, answer.headers, answer.raw, model=model, where=channel.address.url)
    if answer.body is None:
        said = message_of(answer.raw) or "an empty body"
        raise BackendError(
            f"{channel.address.url} gave no JSON: {said}",
            "check that the address is the root of an OpenAI-compatible API",
        )
    return answer.body


@contextlib.contextmanager
def streamed(
    channel: Channel, path: str, body: Mapping[str, Any], *, remote: RemoteOptions, model: str
) -> Iterator[tuple[Reply, float]]:
    """Ask for a stream and give the reply once its status is good, with the time by which its first token is due.

    A failure to connect and a status that may pass are tried again, `remote.retries` times, after a wait that grows;
    a server that says how long to wait is heeded.

    Raises:
        Unreachable, TimedOut, BackendError, NotFound, ContextOverflow: there is no stream.
    """
    with contextlib.ExitStack() as stack:
        opened = _opened(stack, channel, path, body, remote=remote, model=model)
        yield opened


def _opened(
    stack: contextlib.ExitStack,
    channel: Channel,
    path: str,
    body: Mapping[str, Any],
    *,
    remote: RemoteOptions,
    model: str,
) -> tuple[Reply, float]:
    """Ask until there is a good reply, which stays open in `stack`, or no further try is due."""
    tried = 0
    while True:
        wait: float | None = None
        problem: LocaldevError
        deadline = time.monotonic() + remote.first_token_seconds
        try:
            reply = stack.enter_context(channel.request(path, body, deadline=deadline))
            if reply.status == 200:
                return reply, deadline
            raw = reply.read_all(deadline, _MOST_ERROR)
            problem = failure(reply.status, reply.headers, raw, model=model, where=channel.address.url)
            if reply.status not in PASSING:
                raise problem
            wait = retry_after(reply.headers)
        except TimeoutError as error:
            raise no_first_token(remote, channel) from error
        except Unreachable as unreachable:
            problem = unreachable
        stack.close()
        if tried == remote.retries or (wait or 0) > _LONGEST_WAIT:
            raise problem
        _pause(channel, wait if wait is not None else _FIRST_WAIT * 2**tried * random.uniform(1, 1.5))
        tried += 1


def no_first_token(remote: RemoteOptions, channel: Channel) -> TimedOut:
    """Give the error for an answer that does not begin."""
    return TimedOut(
        f"no first token from {channel.address.url} within {remote.first_token_seconds:g} s",
        "ask for less context, or raise remote.first_token_seconds",
    )


def _pause(channel: Channel, seconds: float) -> None:
    """Wait, unless the backend is closed meanwhile."""
    if channel.closed.wait(seconds):
        raise BackendError(CLOSED, "open it again")


def _parsed(raw: bytes) -> Any:
    """Give the JSON in a body, None where there is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
