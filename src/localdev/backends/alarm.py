"""Ends a request that is not over in time, even if bytes trickle in, each of which a socket's own limit would allow."""

from __future__ import annotations

import contextlib
import socket
import threading


class Alarm:
    """Shuts one connection after so many seconds; `rang` says whether it did."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(max(0.0, seconds), self._ring)
        self._timer.daemon = True
        self._sock: socket.socket | None = None
        self.rang = False

    def watch(self, sock: socket.socket) -> None:
        """Take the connection to shut; the first one starts the time, one with TLS is made over another."""
        if self._sock is None:
            self._timer.start()
        self._sock = sock

    def stop(self) -> None:
        """Let the request go on."""
        self._timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        if self._sock is not None:
            shut(self._sock)


def shut(sock: socket.socket) -> None:
    """End a connection for both sides: closing alone would neither wake the thread that reads nor tell the server."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
