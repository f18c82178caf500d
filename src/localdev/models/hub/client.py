"""HTTP to a hub and to where it sends us on: no cookie, no proxy, no compression, no redirect that was not looked at.

Before each connection the caller's gate is asked, and holds for as long as the answer is read. The token goes to the
hub's own scheme, host and port alone.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from localdev import __version__
from localdev.core.errors import BackendError, EgressRefused
from localdev.core.headers import checked_secret
from localdev.models.hub.faults import TOKEN, Asked, Passing, of_connection, of_status
from localdev.models.hub.sources import checked_url

if TYPE_CHECKING:
    import httpx

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 8
# Bytes of JSON: some repositories list tens of thousands of files. Read, it can take 30 times as much memory.
_LONGEST_ANSWER = 16 << 20
_WRITE_SECONDS = 60.0
# What the hub says of a file where it sends us on to another host; that host's own answer does not hold it.
_LINKED = ("x-repo-commit", "x-linked-etag", "x-linked-size")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Give host and port as they stand in an address, a usual port left out."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == {"http": 80, "https": 443}.get(self.scheme) else f"{shown}:{self.port}"


# Opens the way to an origin while entered, or raises EgressRefused; the second is who redirected there, if anybody did.
Gate = Callable[[Origin, Origin | None], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds: to connect, between two pieces of an answer, for a whole answer that is no file; and between tries.

    `tries` are made again without progress before giving up, the first after `pause`, each next after twice as long.
    A server that asks to wait longer than `longest` is not waited for.
    """

    connect: float = 5.0
    gap: float = 60.0
    answer: float = 120.0
    pause: float = 1.0
    longest: float = 300.0
    tries: int = 5

    def before(self, trial: int, asked: float | None) -> float:
        """Give how long to wait before a trial, from 1."""
        return asked if asked is not None else min(self.pause * 2 ** (trial - 1), 60.0)


class Reply:
    """An answer: its status, its headers together with what the hub said on the way, and its body in pieces."""

    def __init__(self, response: httpx.Response, linked: Mapping[str, str], origin: Origin) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.linked = {name: self.headers[name] for name in _LINKED if name in self.headers} | dict(linked)
        self.origin = origin

    def pieces(self) -> Iterator[bytes]:
        """Give the body as it comes, nothing decompressed.

        Raises:
            Passing: the connection broke off.
        """
        import httpx

        try:
            yield from self._response.iter_raw()  # sized pieces would be held back, and lost when it breaks off
        except httpx.HTTPError as error:
            raise of_connection(error, str(self.origin)) from error

    def first_piece(self) -> bytes:
        """Give what comes first of the body, whatever becomes of the rest: enough for what an error says."""
        with contextlib.suppress(Passing):
            return next(self.pieces(), b"")
        return b""


class HubClient:
    """Asks one hub. Made for one command: it is not shared by threads."""

    def __init__(self, url: str, gate: Gate, *, token: str = "", waits: Waits | None = None) -> None:
        """Take the hub's address; nothing is sent yet.

        Raises:
            ConfigError: it is no address, or the token cannot be one.
        """
        self.url = checked_url(url)
        self.waits = waits or Waits()
        self._gate = gate
        self._token = checked_secret(token, variable=TOKEN, what="a token of the hub")
        self._transports: dict[bool, httpx.HTTPTransport] = {}

    @property
    def with_token(self) -> bool:
        """Whether a token is sent to the hub."""
        return bool(self._token)

    def answer(self, path: str, asked: Asked) -> Any:
        """Give the JSON that the hub answers a path with.

        Raises:
            Passing: it did not; another try may mend it.
            EgressRefused: the hub, or where it sends us on to, may not be connected to.
            BackendError: what it answers is no JSON.
        """
        late = time.monotonic() + self.waits.answer
        body = bytearray()
        with self.opened(path, asked) as reply:
            for piece in reply.pieces():
                body += piece
                if len(body) > _LONGEST_ANSWER or time.monotonic() > late:
                    raise BackendError(
                        f"{reply.origin} sends an answer without an end", "see whether remote.hub_url names a hub"
                    )
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BackendError(
                f"{reply.origin} answers with something other than JSON", "see whether remote.hub_url names a hub"
            ) from error

    @contextlib.contextmanager
    def opened(self, path: str, asked: Asked, *, offset: int = 0) -> Iterator[Reply]:
        """Ask for a path, follow redirects, and give the answer to be read; 416 is one too where `offset` is not 0.

        Raises:
            Passing: nobody answers, or with anything but success.
            EgressRefused: the hub, or where it sends us on to, may not be connected to.
            BackendError: the redirects lead nowhere.
        """
        import httpx

        linked: Mapping[str, str] = {}
        url, sent_by = httpx.URL(self.url + path), None
        for _ in range(_MOST_REDIRECTS + 1):
            origin = _origin(url)
            with self._gate(origin, sent_by), contextlib.closing(self._send(url, origin, offset)) as response:
                reply = Reply(response, linked, origin)
                if reply.status not in _REDIRECTS:
                    if reply.status not in (200, 206) and not (reply.status == 416 and offset):
                        body = reply.first_piece()
                        asked = replace(asked, elsewhere=origin != _origin(httpx.URL(self.url)))
                        raise of_status(reply.status, reply.headers, body, asked=asked, place=str(origin))
                    yield reply
                    return
                if origin == _origin(httpx.URL(self.url)):
                    linked = reply.linked
                url, sent_by = _target(url, reply.headers.get("location", "")), origin
        raise BackendError(
            f"{origin} sends us round in circles for {asked.what}", "see whether remote.hub_url is right"
        )

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()

    def _send(self, url: httpx.URL, origin: Origin, offset: int) -> httpx.Response:
        """Send one request and give its answer, not yet read."""
        import httpx

        headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": f"localdev/{__version__}"}
        if offset:
            headers["range"] = f"bytes={offset}-"
        if self._token and origin == _origin(httpx.URL(self.url)):
            headers["authorization"] = f"Bearer {self._token}"
        waits = self.waits
        times = {"connect": waits.connect, "read": waits.gap, "write": _WRITE_SECONDS, "pool": None}
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": times})
        try:
            return self._transport(secure=origin.scheme == "https").handle_request(request)
        except httpx.HTTPError as error:
            raise of_connection(error, str(origin)) from error

    def _transport(self, *, secure: bool) -> httpx.HTTPTransport:
        """Give what sends; without TLS the certificates need not be read, which takes 20 ms."""
        import ssl

        import httpx

        if secure not in self._transports:
            self._transports[secure] = httpx.HTTPTransport(
                verify=ssl.create_default_context() if secure else False, trust_env=False
            )
        return self._transports[secure]


def patiently(action: Callable[[], None], waits: Waits, tell: Callable[[str], None], *, got: Callable[[], int]) -> None:
    """Do something until it succeeds, again after passing trouble; `got` tells how many bytes have come.

    Trying starts to count anew when at least 64 KiB have come since the last time.

    Raises:
        LocaldevError: it failed for good, or too often.
    """
    trial = 0
    while True:
        before = got()
        try:
            action()
            return
        except Passing as passing:
            trial = 1 if got() - before >= 1 << 16 else trial + 1
            if trial > waits.tries or (passing.wait or 0) > waits.longest:
                raise passing.error from passing
            seconds = waits.before(trial, passing.wait)
            tell(f"{passing.error}; trying again in {seconds:.0f} s")
            time.sleep(seconds)


def _target(url: httpx.URL, location: str) -> httpx.URL:
    """Give where a redirect leads to; whether it may be followed is the gate's to say."""
    import httpx

    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError):
        target = httpx.URL("")
    sound = bool(location) and target.scheme in ("http", "https") and bool(target.raw_host)
    if not sound or target.userinfo or target.port == 0:
        shown = location.partition("?")[0][:200]
        raise EgressRefused(
            f"{_origin(url)} sends us on to {shown!r}, which is no address of a server",
            "nothing was fetched from there",
        )
    return target


def _origin(url: httpx.URL) -> Origin:
    """Give what is connected to: the host as it goes over the network, and not as it would be shown to people."""
    port = {"http": 80, "https": 443}[url.scheme] if url.port is None else url.port
    return Origin(url.scheme, url.raw_host.decode("ascii"), port)
