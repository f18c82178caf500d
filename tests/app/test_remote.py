"""Servers beyond this machine: refused unless allowed, and then masked, guarded and written down.

Whole processes, for the guard cannot be taken out again. `0.0.0.0` is beyond this machine to the guard, but ends here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from localdev.app.remote import Contact, open_on_server, refuse_beyond, server_of
from localdev.audit.hosts import HostPort
from localdev.backends.fake import FakeBackend, Reply
from localdev.backends.options import BackendOptions, RemoteOptions
from localdev.config.settings import EgressSettings, Settings
from localdev.core.chat import ChatRequest, Message
from localdev.core.errors import EgressRefused, UsageError
from localdev.core.events import Finished, TextDelta

linux = pytest.mark.skipif(sys.platform != "linux", reason="0.0.0.0 is this machine on Linux only")
SECRET = "ghp_" + "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
_ANSWER = "The token is {name} [1]."


class Server(ThreadingHTTPServer):
    """Speaks as much of the OpenAI interface as one answer needs; keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    """Lists one model, and answers with the first placeholder that stands in the prompt."""

    server: Server

    def do_GET(self) -> None:
        """List the models."""
        if self.path.endswith("/models"):
            self._send({"object": "list", "data": [{"id": "m", "object": "model"}]})
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Stream an answer in small pieces."""
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.bodies.append(text)
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        prompt = json.loads(text)["messages"][-1]["content"]
        found = [word.strip("\"'") for word in prompt.split() if "SECRET_GITHUB" in word]
        answer = _ANSWER.format(name=found[0] if found else "nowhere")
        lines = [{"choices": [{"index": 0, "delta": {"content": letter}}]} for letter in answer]
        lines.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
        self._send(body, kind="text/event-stream")

    def _send(self, body: Any, kind: str = "application/json") -> None:
        """Send a whole body."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server on loopback."""
    found = Server()
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def ask(root: Path, port: int, *allow: str, model: str = "openai:m") -> subprocess.CompletedProcess[str]:
    """Ask in a process of its own."""
    (root / "keys.py").write_text(
        f'def deploy_token():\n    """The deploy token."""\n    token = "{SECRET}"\n    return token\n'
    )
    code = "import sys; from localdev.cli.main import main; sys.exit(main())"
    settings = {"LOCALDEV_REMOTE_OPENAI_URL": f"http://0.0.0.0:{port}/v1", "LOCALDEV_EGRESS_ALLOW": ",".join(allow)}
    return subprocess.run(
        [sys.executable, "-c", code, "ask", "--no-service", "--model", model, "what is the deploy token?"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=root,
        env={**os.environ, **settings, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
    )


@linux
def test_an_allowed_server_sees_no_credential(
    root: Path, server: Server, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    """What is sent holds a placeholder, what is shown the credential; masking and connection are said and written."""
    port = server.server_address[1]
    done = ask(root, port, f"0.0.0.0:{port}")
    assert done.returncode == 0, done.stderr
    assert f"The token is {SECRET} [1]." in done.stdout
    assert server.bodies and not any(SECRET in body for body in server.bodies)
    assert any("SECRET_GITHUB_1_" in body for body in server.bodies)
    assert "1 credential was masked before anything was sent to 0.0.0.0" in done.stderr
    assert "not encrypted" in done.stderr
    lines = journal()
    assert [line["credentials"] for line in lines if line["kind"] == "masked"] == [1]
    opened = [(line["host"], line["port"]) for line in lines if line["kind"] == "egress"]
    assert opened and set(opened) == {("0.0.0.0", port)}
    assert SECRET not in json.dumps(lines)


@linux
@pytest.mark.parametrize("allow", [(), ("other.example",), ("0.0.0.0:1",), ("*",)])
def test_a_server_that_is_not_allowed(root: Path, server: Server, allow: tuple[str, ...]) -> None:
    """Nothing is connected to, and the setting to write is named, with what stands there already."""
    port = server.server_address[1]
    done = ask(root, port, *allow)
    assert done.returncode in (2, 4) and "Traceback" not in done.stderr
    assert not server.bodies
    if allow != ("*",):
        assert "config set egress.allow " + ",".join([*allow, f"0.0.0.0:{port}"]) in done.stderr


def test_a_question_beyond_this_machine_can_be_cancelled() -> None:
    """What the caller knows as its request reaches the backend behind the masking and the guard."""
    inner = FakeBackend([Reply(text="a" * 400, delay=0.01)])
    settings = Settings(egress=EgressSettings(("gpu.example",)))
    options = BackendOptions(remote=RemoteOptions("https://gpu.example/v1"))
    backend = open_on_server("openai:m", options, settings, opener=lambda *_: inner, contact=Contact({}))
    request = ChatRequest((Message("user", f'token = "{SECRET}"'),))
    stream = backend.stream(request)
    assert isinstance(next(stream), TextDelta) and backend.cancel(request)
    last = list(stream)[-1]
    assert isinstance(last, Finished) and last.reason == "cancelled"
    assert SECRET not in inner.requests[0].messages[0].content


@pytest.mark.parametrize(
    ("model", "url", "expected"),
    [
        ("ollama:m", "http://gpu.example:11434", ("http", "gpu.example", 11434)),
        ("ollama:m:7b@https://gpu.example", "http://127.0.0.1:1", ("https", "gpu.example", 443)),
        ("openai:m", "https://gpu.example/v1", ("https", "gpu.example", 443)),
        ("openai:org/m@http://10.0.0.5:8000/v1", "http://127.0.0.1:1", ("http", "10.0.0.5", 8000)),
        ("openai:m", "http://[2001:db8::1]:8000/v1", ("http", "2001:db8::1", 8000)),
    ],
)
def test_the_server_of_a_model(model: str, url: str, expected: tuple[str, str, int]) -> None:
    """It is the one in the model's name, else that of the settings."""
    assert server_of(model, url) == expected


@pytest.mark.parametrize("model", ["ollama:m@http://", "ollama:m@http://h:x", "openai:m@http://me:pw@host/"])
def test_no_address(model: str) -> None:
    """An address that cannot be read is refused before anything else."""
    with pytest.raises(UsageError):
        server_of(model, "http://127.0.0.1:1")


def test_the_hint_can_be_typed_as_it_is() -> None:
    """It keeps what stands in the setting, and writes an IPv6 host so that its port can be told."""
    with pytest.raises(EgressRefused) as caught:
        refuse_beyond(HostPort("2001:db8::1", 8000), ("gpu.example",))
    assert "`localdev config set egress.allow gpu.example,[2001:db8::1]:8000`" in caught.value.hint
    refuse_beyond(HostPort("2001:db8::1", 8000), ("gpu.example", "[2001:db8::1]:8000"))
