"""Reads a reply to the end of its answer, each wait with its own limit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from localdev.backends.openai_api.answer import AnswerReader
from localdev.backends.openai_api.calls import CLOSED, no_first_token
from localdev.backends.openai_api.connection import Channel, Reply
from localdev.backends.openai_api.events import EventParser
from localdev.backends.openai_api.failures import message_of
from localdev.backends.options import RemoteOptions
from localdev.core.errors import BackendError, TimedOut
from localdev.core.events import BackendEvent

# The counts come right after the end of the answer; a server that sends none is not waited for longer.
_LAST_SECONDS = 5.0


def read_answer(
    channel: Channel, reply: Reply, due: float, reader: AnswerReader, *, remote: RemoteOptions
) -> Iterator[BackendEvent]:
    """Yield what a reply adds to an answer, until that is over; the first token must come until `due`.

    Raises:
        TimedOut: it does not, or the next one takes too long.
        BackendError, ContextOverflow: the reply is no stream, an error stands in it, or the channel was closed.
    """
    kind = reply.headers.get("content-type", "")
    if kind and "event-stream" not in kind:
        with contextlib.suppress(TimeoutError):
            kind = message_of(reply.read_all(due, 20_000)) or kind
        raise BackendError(f"{channel.address.url} does not stream: {kind}", "check the address of the API")
    parser, ended = EventParser(), 0.0
    while not (reader.done or reader.stopped):
        data = _next(channel, reply, due, reader, remote=remote)
        for event in parser.feed(data) if data else parser.finish():
            yield from reader.take(event)
            if channel.closed.is_set():
                raise BackendError(CLOSED, "ask again")
            if reader.done or reader.stopped:
                break
            if reader.reason:
                ended = ended or time.monotonic()
                due = ended + min(_LAST_SECONDS, remote.gap_seconds)
            elif reader.started:  # from then on any event is a sign of life, and comments are not
                due = time.monotonic() + remote.gap_seconds
        if not data:
            break
    yield from reader.finish()


def _next(channel: Channel, reply: Reply, due: float, reader: AnswerReader, *, remote: RemoteOptions) -> bytes:
    """Wait for the next bytes; what is slow or broken after the answer's end does not spoil it."""
    try:
        data = reply.read(due)
    except (TimeoutError, BackendError) as error:
        if reader.reason and not channel.closed.is_set():
            return b""
        if isinstance(error, BackendError):
            raise
        if not reader.started:
            raise no_first_token(remote, channel) from error
        raise TimedOut(
            f"{channel.address.url} was silent for {remote.gap_seconds:g} s in the middle of an answer",
            "see the server's log, or raise remote.gap_seconds",
        ) from error
    if channel.closed.is_set():  # it reads as the end of the stream, or as what had come before
        raise BackendError(CLOSED, "ask again")
    return data
