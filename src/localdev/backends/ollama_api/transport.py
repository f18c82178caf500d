"""HTTP to an Ollama, with the time-outs of `RemoteOptions` and faults in this program's own words.

This module imports httpx (100 ms), so it is itself imported only where a request is about to be made.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx  # noqa: TID253 - its classes are derived from; this module is imported late

from localdev.backends.alarm import Alarm, shut
from localdev.backends.options import LOOK_HINT, RemoteOptions
from localdev.backends.said import one_line
from localdev.backends.secure import certificates, not_secure
from localdev.core.errors import BackendError, LocaldevError, TimedOut, Unreachable

# These wait for a model to be loaded and the prompt to be read; everything else is answered from memory or disk.
_WORK = ("/api/chat", "/api/generate", "/api/embed")
_PULL = "/api/pull"  # checking the digest of a large file is one long silence
_LONGEST_LINE = 64_000_000  # bytes; a batch of 32 vectors of 8,192 numbers has about 3 MB
_WRITE_SECONDS = 60.0
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
# Line separators to Python's `str.splitlines`, by which the client cuts the stream into JSON values, but plain
# characters to JSON: written as escapes they mean the same and cut nothing.
_SEPARATORS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


class Transport(httpx.BaseTransport):
    """Sends requests to one server: no proxy, no key but the configured one, no compression."""

    def __init__(self, url: str, options: RemoteOptions, origin: str) -> None:
        # Without TLS its certificates need not be read, which takes 20 ms. No connection outlives its request: nobody
        # would close it, and one to a server beyond this machine would stay open unseen.
        self._inner = httpx.HTTPTransport(
            verify=certificates() if url.startswith("https") else False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._url = url
        self._origin = origin
        self._options = options
        self._connections: list[Any] = []
        self._interrupted = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; what comes back is read line by line.

        Raises:
            Unreachable, TimedOut, BackendError: nothing answers, not in time, or the connection broke off.
        """
        options, path = self._options, request.url.path
        works = path.endswith((*_WORK, _PULL))
        first = options.first_token_seconds if works else options.look_seconds
        gap = max(first, options.gap_seconds) if path.endswith(_PULL) else options.gap_seconds
        request.headers.pop("authorization", None)  # the client takes one from the environment
        if options.api_key:
            request.headers["authorization"] = f"Bearer {options.api_key}"
        request.headers["accept-encoding"] = "identity"
        times: dict[str, float | None] = {
            "connect": options.connect_seconds, "read": first, "write": _WRITE_SECONDS, "pool": None
        }  # fmt: skip
        alarm = Alarm(first)

        def trace(event: str, info: dict[str, Any]) -> None:
            if event in _CONNECTED:
                alarm.watch(info["return_value"].get_extra_info("socket"))
                self._note(info["return_value"])

        request.extensions = {**request.extensions, "timeout": times, "trace": trace}
        faults = _Faults(self._url, self._origin, options, "" if works else path)
        try:
            response = self._inner.handle_request(request)
        except httpx.HTTPError as error:
            alarm.stop()
            raise faults.late(first) if alarm.rang else faults.of(error, first) from error
        except BaseException:
            alarm.stop()
            raise
        times["read"] = gap  # Ollama sends the headers together with the first token
        if works:
            alarm.stop()
        assert isinstance(response.stream, httpx.SyncByteStream)
        stream = _Lines(response.stream, gap if works else first, alarm, faults)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    def interrupt(self) -> None:
        """Break off what is under way, from any thread: who waits for bytes gets an end of file."""
        self._interrupted = True
        for stream in list(self._connections):
            shut(stream.get_extra_info("socket"))

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()

    def _note(self, stream: Any) -> None:
        """Note a connection as it is opened."""
        still = [stream for stream in self._connections if stream.get_extra_info("socket").fileno() >= 0]
        self._connections = [*still, stream]
        if self._interrupted:
            self.interrupt()


class _Lines(httpx.SyncByteStream):
    """Hands a body on in whole lines, and gives up where none comes in time, even if bytes trickle in."""

    def __init__(self, stream: httpx.SyncByteStream, gap: float, alarm: Alarm, faults: _Faults) -> None:
        self._stream = stream
        self._gap = gap
        self._alarm = alarm
        self._faults = faults

    def __iter__(self) -> Iterator[bytes]:
        held = bytearray()
        since = time.monotonic()
        try:
            for chunk in self._stream:
                held += chunk
                end = held.rfind(b"\n", len(held) - len(chunk)) + 1
                if end:
                    yield _escaped(bytes(held[:end]))
                    del held[:end]
                    since = time.monotonic()
                elif time.monotonic() - since > self._gap:
                    raise self._faults.late(self._gap)
                elif len(held) > _LONGEST_LINE:
                    raise self._faults.endless()
        except httpx.HTTPError as error:
            raise self._faults.late(self._gap) if self._alarm.rang else self._faults.of(error, self._gap) from error
        if self._alarm.rang:
            raise self._faults.late(self._gap)
        if held:
            yield _escaped(bytes(held))

    def close(self) -> None:
        """Close the connection where the body was not read to its end: the server then stops."""
        self._alarm.stop()
        self._stream.close()


def _escaped(line: bytes) -> bytes:
    """Write line separators inside JSON texts as escapes."""
    for found, escape in _SEPARATORS:
        line = line.replace(found, escape)
    return line


@dataclass(frozen=True, slots=True)
class _Faults:
    """Says what went wrong between the two ends; `path` is what was asked for, empty for an answer of a model."""

    url: str
    origin: str
    options: RemoteOptions
    path: str

    def of(self, error: httpx.HTTPError, seconds: float) -> LocaldevError:
        """Give the error for one of the transport's."""
        if isinstance(error, httpx.ConnectTimeout):
            return TimedOut(
                f"no connection to {self.url} within {self.options.connect_seconds:g} s",
                f"check {self.origin}, or raise remote.connect_seconds",
            )
        if isinstance(error, httpx.ConnectError) and "[SSL" in str(error):
            return not_secure(self.url, one_line(error))
        if isinstance(error, httpx.ConnectError):
            return Unreachable(
                f"no Ollama answers at {self.url}: {_NUMBER.sub('', str(error))}",
                f"start it with `ollama serve`, or correct {self.origin}",
            )
        if isinstance(error, httpx.TimeoutException):
            return self.late(seconds)
        what = _NUMBER.sub("", str(error)).rstrip(".") or type(error).__name__
        return BackendError(f"the connection to {self.url} broke off: {what}", "look at Ollama's log, and ask again")

    def late(self, seconds: float) -> TimedOut:
        """Say that a server kept silent, and which setting waits longer."""
        if self.path:
            return TimedOut(f"{self.url} did not answer {self.path} within {seconds:g} s", LOOK_HINT)
        key = "remote.first_token_seconds" if seconds == self.options.first_token_seconds else "remote.gap_seconds"
        return TimedOut(
            f"the Ollama at {self.url} said nothing for {seconds:g} s",
            f"a large model may still be loading or reading: ask again, or raise {key}",
        )

    def endless(self) -> BackendError:
        """Say that what comes is no Ollama's."""
        return BackendError(f"{self.url} sends a line without an end", f"check {self.origin}: that is no Ollama")
