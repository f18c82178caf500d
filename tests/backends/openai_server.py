"""Servers for the tests of the OpenAI backend: the real one of llama-cpp-python, and one that plays a script."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TINY = Path(__file__).parent.parent / "data" / "tiny.gguf"
NAME = "tiny"
WINDOW = 512
_READY_SECONDS = 60


def free_port() -> int:
    """Give a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serve_gguf(model: Path, name: str, *, window: int = WINDOW, embedding: bool = False) -> Iterator[str]:
    """Run `llama_cpp.server` with a model as a process of its own; gives the address of its API."""
    port = free_port()
    # Its default breaks a stream off when another request comes; nothing of the network or a home is needed.
    options = {
        "model": model,
        "model_alias": name,
        "host": "127.0.0.1",
        "port": port,
        "n_ctx": window,
        "n_threads": 1,
        "n_gpu_layers": 0,
        "interrupt_requests": False,
        "embedding": embedding,
    }
    words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    command = [sys.executable, "-m", "llama_cpp.server", *words]
    server = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "HOME": os.devnull, "HF_HUB_OFFLINE": "1"},
    )
    try:
        _wait(server, port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the server lists its models."""
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/v1/models")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"llama_cpp.server did not start (exit code {server.poll()})")


@dataclass
class Said:
    """A scripted reply: the pieces of its body, a number among them being seconds to wait."""

    body: Sequence[bytes | float] | bytes = b""
    status: int = 200
    kind: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


Route = Said | list[Said] | Callable[[Asked], Said]


class Script:
    """What a scripted server says by path; a list is used up, its last reply kept. Unknown paths are not found."""

    def __init__(self, routes: dict[str, Route]) -> None:
        self.routes = routes
        self.asked: list[Asked] = []
        self.left = threading.Event()  # set when a client went away before its reply was whole
        self.url = ""

    def choose(self, asked: Asked) -> Said:
        """Give the reply for a request."""
        self.asked.append(asked)
        route = self.routes.get(asked.path, Said(b'{"detail":"Not Found"}', 404, "application/json"))
        if isinstance(route, list):
            return route.pop(0) if len(route) > 1 else route[0]
        return route(asked) if callable(route) else route

    def bodies(self, path: str) -> list[Any]:
        """Give what was sent to a path."""
        return [asked.body for asked in self.asked if asked.path == path]


@contextlib.contextmanager
def serve_script(routes: dict[str, Route]) -> Iterator[Script]:
    """Run a scripted server on loopback."""
    script = Script(routes)

    class Handler(http.server.BaseHTTPRequestHandler):
        """Plays the script."""

        def _play(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = script.choose(Asked(self.command, self.path, headers, json.loads(raw) if raw else None))
            try:
                self.send_response(said.status)
                self.send_header("Content-Type", said.kind)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in [said.body] if isinstance(said.body, bytes) else said.body:
                    if isinstance(piece, bytes):
                        self.wfile.write(piece)
                        self.wfile.flush()
                    else:
                        time.sleep(piece)
            except OSError:
                script.left.set()

        do_GET = do_POST = _play  # noqa: N815 - the names the library calls

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def as_json(value: Any, status: int = 200, **headers: str) -> Said:
    """Make a reply of JSON."""
    return Said(json.dumps(value).encode(), status, "application/json", headers)


def listing(*entries: dict[str, Any]) -> Said:
    """Make a list of models, of the one called `m` unless others are given."""
    return as_json({"object": "list", "data": list(entries) or [{"id": "m", "owned_by": "somebody"}]})


def events(*pieces: dict[str, Any] | str) -> bytes:
    """Write server-sent events."""
    return b"".join(
        b"data: " + (piece if isinstance(piece, str) else json.dumps(piece)).encode() + b"\n\n" for piece in pieces
    )


def delta(text: str = "", reason: str | None = None, **more: Any) -> dict[str, Any]:
    """Make one piece of a streamed chat."""
    return {"choices": [{"index": 0, "delta": {"content": text} if text else more, "finish_reason": reason}]}


def usage(prompt: int, completion: int, cached: int | None = None) -> dict[str, Any]:
    """Make the piece that carries the counts."""
    found: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if cached is not None:
        found["prompt_tokens_details"] = {"cached_tokens": cached}
    return {"choices": [], "usage": found}
