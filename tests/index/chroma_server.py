"""A real Chroma server on loopback, and a small gate before it that asks for a token."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def chroma_server(folder: Path, port: int = 0) -> Iterator[str]:
    """Run `chroma run` over a folder; give its address once it answers."""
    port = port or free_port()
    program = Path(sys.executable).with_name("chroma")
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/v2/heartbeat")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


@contextlib.contextmanager
def answering(status: int, body: bytes, *, version: bytes = b"") -> Iterator[str]:
    """Run a server that gives the same answer to everything, but to the question for its version the one given."""

    class Same(http.server.BaseHTTPRequestHandler):
        """Answers."""

        def do_GET(self) -> None:
            """Answer."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = version and self.path.endswith("/version")
            said = version if asked else body
            self.send_response(200 if asked else status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815 - the name http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _served(Same) as url:
        yield url


@contextlib.contextmanager
def gate(url: str, token: str) -> Iterator[str]:
    """Run a gate that passes on what brings the token, and refuses the rest."""
    host = url.removeprefix("http://")

    class Gate(http.server.BaseHTTPRequestHandler):
        """Checks and passes on."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Pass one request on."""
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") == f"Bearer {token}":
                connection = http.client.HTTPConnection(host, timeout=30)
                connection.request(self.command, self.path, data, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
                connection.close()
            else:
                status, body = 401, b"{}"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _served(Gate) as found:
        yield found


@contextlib.contextmanager
def _served(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a handler in a thread."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
