"""One request over one connection, with a limit of its own for each wait. No proxy, no redirect, nothing kept open.

The standard library's client is used because the limit of a socket can be set anew before every read: the first token
may take minutes where the next must follow in seconds, and comments that only keep the connection alive do not count.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from localdev.backends.addresses import Address
from localdev.backends.alarm import Alarm, shut
from localdev.backends.said import one_line
from localdev.backends.secure import certificates, not_secure
from localdev.core.errors import BackendError, TimedOut, Unreachable
from localdev.core.headers import checked_secret

_MOST_BODY = 256 * 1024 * 1024  # a batch of embeddings as text is some megabytes
_READ = 65_536
_SHORTEST = 0.001  # a socket takes 0 to mean "do not wait at all"


class Reply:
    """A server's answer: status, headers, and a body that is read piece by piece."""

    def __init__(self, response: http.client.HTTPResponse, sock: socket.socket, where: str) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.getheaders()}
        self._response = response
        self._sock = sock
        self._where = where

    def read(self, deadline: float) -> bytes:
        """Give the bytes that are there, waiting until `deadline` (of the monotonic clock); none at the end.

        Raises:
            TimeoutError: nothing came in time.
            BackendError: the connection broke.
        """
        self._sock.settimeout(max(_SHORTEST, deadline - time.monotonic()))
        try:
            return self._response.read1(_READ)
        except TimeoutError:
            raise
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:
            # A connection closed by another thread shows in any of these.
            raise BackendError(
                f"the connection to {self._where} broke: {_short(error)}", "see the server's log, then try again"
            ) from error

    def read_all(self, deadline: float, most: int = _MOST_BODY) -> bytes:
        """Give the whole body, cut at `most` bytes.

        Raises:
            TimeoutError, BackendError: as for `read`.
        """
        pieces, size = [], 0
        while size < most and (piece := self.read(deadline)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)[:most]


class Channel:
    """Speaks to one server. Safe to use from several threads; `close` ends what is under way in all of them."""

    def __init__(self, address: Address, *, api_key: str = "", connect_seconds: float = 5.0) -> None:
        """Take where the server is; nothing is connected yet.

        Raises:
            ConfigError: the key is none that can be sent.
        """
        self.address = address
        self.closed = threading.Event()
        self._connect_seconds = connect_seconds
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        self._headers["Connection"] = "close"
        if key := checked_secret(api_key, variable="LOCALDEV_API_KEY", what="the server's key"):
            self._headers["Authorization"] = f"Bearer {key}"

    @contextlib.contextmanager
    def request(self, path: str, body: Mapping[str, Any] | None = None, *, deadline: float) -> Iterator[Reply]:
        """Send `body` (GET without one) and give the reply; the connection is closed on the way out.

        Raises:
            Unreachable: nothing answers at the address.
            TimedOut: no connection in time.
            TimeoutError: no status line before `deadline`.
            BackendError: the connection broke, or what came is not HTTP.
        """
        connection = self._connect()
        sock = connection.sock
        with self._lock:
            self._open.add(sock)
        try:
            if self.closed.is_set():  # while the connection was made
                raise BackendError(f"the connection to {self.address.url} was given up here", "ask again")
            left = deadline - time.monotonic()
            sock.settimeout(max(_SHORTEST, left))
            alarm = Alarm(left)
            alarm.watch(sock)
            data = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
            try:
                connection.request("GET" if data is None else "POST", path, data, self._headers)
                response = connection.getresponse()
            except TimeoutError:
                raise
            except (OSError, ValueError, http.client.HTTPException) as error:
                if alarm.rang:
                    raise TimeoutError from error
                raise BackendError(
                    f"{self.address.url} gave no answer that is HTTP: {_short(error)}",
                    "check the address, http or https, and the server's log",
                ) from error
            finally:
                alarm.stop()
            if alarm.rang:  # what had come until then may read as a whole head
                raise TimeoutError
            with contextlib.closing(response):
                yield Reply(response, sock, self.address.url)
        finally:
            with self._lock:
                self._open.discard(sock)
            # The response keeps the descriptor open until it is collected; the server must learn of it now.
            shut(sock)
            connection.close()

    def another(self) -> Channel:
        """Give a channel to the same server that is closed by itself."""
        found = Channel(self.address, connect_seconds=self._connect_seconds)
        found._headers = self._headers
        return found

    def close(self) -> None:
        """Break every connection that is open; their readers fail at once."""
        self.closed.set()
        with self._lock:
            for sock in self._open:
                shut(sock)

    def _connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        where = self.address
        connection: http.client.HTTPConnection
        if where.scheme == "https":
            connection = http.client.HTTPSConnection(
                where.host, where.port, timeout=self._connect_seconds, context=certificates()
            )
        else:
            connection = http.client.HTTPConnection(where.host, where.port, timeout=self._connect_seconds)
        try:
            connection.connect()
        except TimeoutError as error:
            raise TimedOut(
                f"no connection to {where.url} within {self._connect_seconds:g} s",
                "check the address and that the server runs, or raise remote.connect_seconds",
            ) from error
        except ssl.SSLError as error:
            raise not_secure(where.url, one_line(error)) from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(
                f"nothing answers at {where.url}: {_short(error)}",
                f"start the server, or correct {where.origin}",
            ) from error
        return connection


def _short(error: BaseException) -> str:
    """Give an error's text in one short line."""
    return one_line(getattr(error, "strerror", None) or error) or type(error).__name__
