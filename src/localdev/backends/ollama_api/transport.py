"""HTTP to an Ollama, with the time-outs of `RemoteOptions` and faults in this program's own words.

This module imports httpx (100 ms), so it is itself imported only where a request is about to be made.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx  # noqa: TID253 - its classes are derived from; this module is imported late

from localdev.backends.options import RemoteOptions
from localdev.backends.said import one_line
from localdev.backends.secure import certificates, not_secure
from localdev.core.errors import BackendError, LocaldevError, TimedOut, Unreachable

# These wait for a model to be loaded and the prompt to be read; everything else is answered from memory or disk.
_WORK = ("/api/chat", "/api/generate", "/api/embed")
_PULL = "/api/pull"  # checking the digest of a large file is one long silence
_LONGEST_LINE = 64_000_000  # bytes; a batch of 32 vectors of 8,192 numbers has about 3 MB
_WRITE_SECONDS = 60.0
# Line separators to Python's `str.splitlines`, by which the client cuts the stream into JSON values, but plain
# characters to JSON: written as escapes they mean the same and cut nothing.
_SEPARATORS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


class Transport(httpx.BaseTransport):
    """Sends requests to one server: no proxy, no key but the configured one, no compression."""

    def __init__(self, url: str, options: RemoteOptions) -> None:
        # Without TLS its certificates need not be read, which takes 20 ms. No connection outlives its request: nobody
        # would close it, and one to a server beyond this machine would stay open unseen.
        self._inner = httpx.HTTPTransport(
            verify=certificates() if url.startswith("https") else False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._url = url
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
        first = options.first_token_seconds if works else options.gap_seconds
        gap = max(first, options.gap_seconds) if path.endswith(_PULL) else options.gap_seconds
        request.headers.pop("authorization", None)  # the client takes one from the environment
        if options.api_key:
            request.headers["authorization"] = f"Bearer {options.api_key}"
        request.headers["accept-encoding"] = "identity"
        times: dict[str, float | None] = {
            "connect": options.connect_seconds, "read": first, "write": _WRITE_SECONDS, "pool": None
        }  # fmt: skip
        request.extensions = {**request.extensions, "timeout": times, "trace": self._trace}
        try:
            response = self._inner.handle_request(request)
        except httpx.HTTPError as error:
            raise _fault(error, self._url, first, options) from error
        times["read"] = gap  # Ollama sends the headers together with the first token
        assert isinstance(response.stream, httpx.SyncByteStream)
        stream = _Lines(response.stream, self._url, gap, options)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    def interrupt(self) -> None:
        """Break off what is under way, from any thread: who waits for bytes gets an end of file."""
        self._interrupted = True
        for stream in list(self._connections):
            sock = stream.get_extra_info("socket")
            if sock is not None:
                # Closing alone would neither wake the thread that reads nor tell the server.
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        """Note each connection as it is opened."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            still = [stream for stream in self._connections if stream.get_extra_info("socket").fileno() >= 0]
            self._connections = [*still, info["return_value"]]
            if self._interrupted:
                self.interrupt()


class _Lines(httpx.SyncByteStream):
    """Hands a body on in whole lines, and gives up where none comes in time, even if bytes trickle in."""

    def __init__(self, stream: httpx.SyncByteStream, url: str, gap: float, options: RemoteOptions) -> None:
        self._stream = stream
        self._url = url
        self._gap = gap
        self._options = options

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
                    raise _late(self._url, self._gap, self._options)
                elif len(held) > _LONGEST_LINE:
                    raise BackendError(f"{self._url} sends a line without an end", "remote.ollama_url is no Ollama's")
        except httpx.HTTPError as error:
            raise _fault(error, self._url, self._gap, self._options) from error
        if held:
            yield _escaped(bytes(held))

    def close(self) -> None:
        """Close the connection where the body was not read to its end: the server then stops."""
        self._stream.close()


def _escaped(line: bytes) -> bytes:
    """Write line separators inside JSON texts as escapes."""
    for found, escape in _SEPARATORS:
        line = line.replace(found, escape)
    return line


def _fault(error: httpx.HTTPError, url: str, seconds: float, options: RemoteOptions) -> LocaldevError:
    """Say what went wrong between the two ends."""
    if isinstance(error, httpx.ConnectTimeout):
        return TimedOut(
            f"no connection to {url} within {options.connect_seconds:g} s",
            "check remote.ollama_url, or raise remote.connect_seconds",
        )
    if isinstance(error, httpx.ConnectError) and "[SSL" in str(error):
        return not_secure(url, one_line(error))
    if isinstance(error, httpx.ConnectError):
        return Unreachable(
            f"no Ollama answers at {url}: {error}", "start it with `ollama serve`, or correct remote.ollama_url"
        )
    if isinstance(error, httpx.TimeoutException):
        return _late(url, seconds, options)
    what = str(error).rstrip(".") or type(error).__name__
    return BackendError(f"the connection to {url} broke off: {what}", "look at Ollama's log, and ask again")


def _late(url: str, seconds: float, options: RemoteOptions) -> TimedOut:
    """Say that a server kept silent, and which setting waits longer."""
    key = "remote.first_token_seconds" if seconds == options.first_token_seconds else "remote.gap_seconds"
    return TimedOut(
        f"the Ollama at {url} said nothing for {seconds:g} s",
        f"a large model may still be loading or reading: ask again, or raise {key}",
    )
