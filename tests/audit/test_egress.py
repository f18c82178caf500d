"""The egress guard, in processes of its own: an audit hook cannot be taken out again.

No test can reach the outside world even where the guard fails: hosts are reserved names (`.invalid`) and addresses
(192.0.2.0/24, 2001:db8::/32), and a failing guard shows as another error than `EgressRefused`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localdev.audit.egress import ENVIRONMENT, is_loopback

_START = """
import json, sys
from localdev.audit import egress
from localdev.core.errors import EgressRefused
told = []
egress.install(lambda event, host: told.append((event, host)))

def outcome(call):
    try:
        call()
    except EgressRefused as error:
        return "refused" if error.hint else "no hint"
    except Exception as error:
        return type(error).__name__
    return "fine"
"""


def run(script: str, **environment: str) -> str:
    """Run a script in a process with the guard on; gives what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", _START + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


_WAYS_OUT = (
    "socket.socket().connect(('192.0.2.1', 80))",
    "socket.socket().connect_ex(('192.0.2.1', 80))",
    "socket.socket().connect(('0.0.0.0', 1))",
    "socket.socket().connect(('', 1))",
    "socket.socket().connect(('host.invalid', 80))",
    "socket.socket().connect_ex(('host.invalid', 80))",
    "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80, 0, 0))",
    "socket.socket(socket.AF_INET6).connect(('::ffff:192.0.2.1', 80))",
    "socket.socket(socket.AF_INET6).connect(('::', 80))",
    "socket.create_connection(('192.0.2.1', 80), 1)",
    "socket.create_connection(('host.invalid', 80), 1)",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', 0, ('192.0.2.1', 53))",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('host.invalid', 53))",
    "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
    "socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 53))",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('<broadcast>', 53))",
    "_socket.socket().connect(('192.0.2.1', 80))",
    "socket.getaddrinfo('host.invalid', 80)",
    "socket.getaddrinfo(b'host.invalid', 80)",
    "socket.getaddrinfo('0x7f.1', 80)",
    "socket.getaddrinfo('2130706433', 80)",
    "socket.getaddrinfo('017700000001', 80)",
    "socket.getaddrinfo('127.1', 80)",
    "socket.getaddrinfo('localhost.host.invalid', 80)",
    "socket.getaddrinfo('app.localhost', 80)",
    "socket.getaddrinfo('notlocalhost', 80)",
    "socket.gethostbyname('host.invalid')",
    "socket.gethostbyname_ex('host.invalid')",
    "socket.gethostbyaddr('192.0.2.1')",
    "socket.getnameinfo(('192.0.2.1', 80), 0)",
    "socket.getfqdn('192.0.2.1')",
    "urllib.request.urlopen('http://host.invalid/', timeout=1)",
    "urllib.request.urlopen('https://192.0.2.1/', timeout=1)",
    "http.client.HTTPConnection('2130706434').connect()",
    "asyncio.run(asyncio.open_connection('host.invalid', 80))",
    "asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
    "asyncio.run(datagram())",
    "threaded(lambda: socket.create_connection(('host.invalid', 80)))",
)

_TRY_ALL = """
import asyncio, http.client, socket, threading, urllib.request, _socket

async def datagram():
    await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("192.0.2.1", 53)
    )

def threaded(work):
    caught = []

    def guarded():
        try:
            work()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    raise caught[0]

found = {}
for call in json.load(sys.stdin):
    told.clear()
    found[call] = [outcome(lambda: eval(call)), len(told)]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[object]]:
    """Try every way out in one process; gives the outcome of each and how often the app was told."""
    done = subprocess.run(
        [sys.executable, "-c", _START + _TRY_ALL],
        input=json.dumps(_WAYS_OUT),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("call", _WAYS_OUT)
def test_beyond_loopback(call: str, outcomes: dict[str, list[object]]) -> None:
    """Every way out is refused with a hint, the app is told once, and nothing is looked up before."""
    assert outcomes[call] == ["refused", 1]


def test_this_machine(tmp_path: Path) -> None:
    """Connections, datagrams and lookups that stay on this machine work as ever."""
    script = f"""
    import asyncio, socket, threading, urllib.request
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(204)
            self.end_headers()
        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for host in ("127.0.0.1", "localhost", "LOCALHOST", "127.9.9.9" if sys.platform == "linux" else "127.0.0.1"):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
        if host != "127.9.9.9":
            assert opener.open(f"http://{{host}}:{{port}}/").status == 204, host
    mapped = socket.socket(socket.AF_INET6)
    if outcome(lambda: mapped.bind(("::", 0))) == "fine":
        socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", port))
    asyncio.run(asyncio.open_connection("127.0.0.1", port))
    first, second = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    first.bind(("", 0))
    second.sendto(b"x", ("127.0.0.1", first.getsockname()[1]))
    second.sendmsg([b"x"], [], 0, ("localhost", first.getsockname()[1]))
    second.connect(("127.0.0.1", first.getsockname()[1]))
    second.sendmsg([b"x"])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind({str(tmp_path / "s")!r})
    listener.listen()
    socket.socket(socket.AF_UNIX).connect({str(tmp_path / "s")!r})
    socket.getaddrinfo(None, 80, flags=socket.AI_PASSIVE)
    socket.getaddrinfo("0.0.0.0", 80)
    socket.getaddrinfo("::1", 80)
    socket.getaddrinfo("192.0.2.1", 80)
    pair = socket.socketpair()
    print(told)
    """
    assert run(script) == "[]"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        (b"127.0.0.1", True),
        (bytearray(b"localhost"), True),
        ("localhost", True),
        ("LocalHost", True),
        ("app.localhost", False),
        ("::1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:7f00:1", True),
        ("::ffff:8.8.8.8", False),
        ("::127.0.0.1", False),
        ("::", False),
        ("0.0.0.0", False),
        ("", False),
        (None, False),
        (2130706433, False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("0x7f000001", False),
        ("0177.0.0.1", False),
        ("127.1", False),
        ("127.0.0.1 ", False),
        ("127.0.0.1\0.host.invalid", False),
        ("127.0.0.1.host.invalid", False),
        ("localhost.", False),
        ("localhost.host.invalid", False),
        ("xlocalhost", False),
        (".localhost.host", False),
        ("１２７.0.0.1", False),
        ("ⓛocalhost", False),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("fe80::1", False),
        ("<broadcast>", False),
    ],
)
def test_hosts(host: object, expected: bool) -> None:
    """Only clear spellings of this machine count as loopback."""
    assert is_loopback(host) is expected


def test_it_stays(tmp_path: Path) -> None:
    """Undoing what can be undone, and installing again, leaves the guard in place; the callback can be changed."""
    script = """
    import importlib, socket, _socket
    egress.install()
    egress.install(lambda event, host: told.append(host))
    socket.socket().close()
    socket.socket.connect = _socket.socket.connect
    importlib.reload(socket)
    print(outcome(lambda: socket.socket().connect(("192.0.2.1", 80))), told)
    """
    assert run(script) == "refused ['192.0.2.1']"


def test_callback_that_fails() -> None:
    """A connection stays refused when telling the app goes wrong."""
    script = """
    import socket
    def broken(event, host):
        raise RuntimeError("full disk")
    egress.install(broken)
    print(outcome(lambda: socket.create_connection(("host.invalid", 80))))
    """
    assert run(script) == "refused"


def test_costs_nothing_at_start() -> None:
    """Switching the guard on imports neither the socket module nor what depends on it."""
    script = """
    print([name for name in ("socket", "_socket", "ssl", "ipaddress", "asyncio", "logging") if name in sys.modules])
    """
    assert run(script) == "[]"


def test_phoning_home_is_off() -> None:
    """Known reports of use and downloads of libraries are switched off, whatever the user's shell says."""
    script = """
    import os
    print(json.dumps({name: os.environ.get(name) for name in egress.ENVIRONMENT}))
    """
    assert json.loads(run(script, HF_HUB_OFFLINE="0", ANONYMIZED_TELEMETRY="True")) == ENVIRONMENT
