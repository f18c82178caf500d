"""Allowed hosts beyond loopback, in processes of their own: what is allowed passes, and only there and then.

Nothing leaves this machine: `0.0.0.0` is beyond loopback to the guard and yet ends here, and names are looked up by a
table in the place of the system's resolver.
"""

from __future__ import annotations

import sys

import pytest

from localdev.audit.allowance import Allowance
from localdev.audit.hosts import HostPort, read_entry, spelled
from localdev.core.errors import ConfigError
from tests.audit.test_egress import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="0.0.0.0 is this machine on Linux only")

_SERVED = """
import contextvars, socket, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from localdev.audit.allowance import Allowance, allowed

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *arguments):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
port = server.server_address[1]
threading.Thread(target=server.serve_forever, daemon=True).start()

table = {"gpu.invalid": "0.0.0.0", "two.invalid": "0.0.0.0", "stray.invalid": "0.0.0.0"}
asked = []
system = socket.getaddrinfo
def resolve(host, service, *rest, **named):
    sys.audit("socket.getaddrinfo", host, service, *([0] * 4))
    asked.append(host)
    key = host.lower().rstrip(".")
    return system(table.get(key, host), service, *rest, **named)
socket.getaddrinfo = resolve

opened = []
def allow(*entries):
    return allowed(Allowance(entries, lambda host, port: opened.append((host, port))))

def reach(host, port=port):
    return lambda: socket.create_connection((host, port), 5).close()
"""


def script(rest: str) -> str:
    """Run a script with a server on `port` and names that lead to it; gives what it prints."""
    return run(_SERVED + rest)


def test_only_inside_and_only_what_is_named() -> None:
    """A host and port pass inside the allowance, another port, host or moment does not."""
    found = script(
        "with allow(f'gpu.invalid:{port}'):\n"
        "    print(outcome(reach('gpu.invalid')), outcome(reach('GPU.invalid.')), outcome(reach('gpu.invalid', 1)),"
        " outcome(reach('stray.invalid')))\n"
        "print(outcome(reach('gpu.invalid')), outcome(reach('0.0.0.0')))\n"
        "print(opened == [('gpu.invalid', port)] * 2, len(told), 'stray.invalid' in asked)\n"
    )
    assert found.splitlines() == ["fine fine refused refused", "refused refused", "True 4 False"]


def test_an_address_is_allowed_by_its_name_only_after_the_lookup() -> None:
    """The address itself is refused until the allowed name was looked up, and then allowed on the name's port."""
    found = script(
        "with allow(f'gpu.invalid:{port}', f'two.invalid:1'):\n"
        "    first = outcome(reach('0.0.0.0'))\n"
        "    socket.getaddrinfo('gpu.invalid', port)\n"
        "    socket.getaddrinfo('two.invalid', 1)\n"
        "    print(first, outcome(reach('0.0.0.0')), outcome(reach('0.0.0.0', 2)))\n"
        "with allow('0.0.0.0'):\n"
        "    print(outcome(reach('0.0.0.0')), outcome(reach('gpu.invalid')))\n"
    )
    assert found.splitlines() == ["refused fine refused", "fine refused"]


def test_other_threads_have_none() -> None:
    """A thread starts without the allowance, unless the context is carried into it; two jobs do not mix."""
    found = script(
        "results = {}\n"
        "def note(name):\n"
        "    results[name] = outcome(reach('0.0.0.0'))\n"
        "with allow(f'0.0.0.0:{port}'):\n"
        "    context = contextvars.copy_context()\n"
        "    threads = [threading.Thread(target=note, args=('bare',)),\n"
        "               threading.Thread(target=context.run, args=(note, 'carried'))]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n"
        "    with allow('other.invalid'):\n"
        "        note('inner')\n"
        "    note('outer')\n"
        "print(sorted(results.items()))\n"
    )
    assert found == "[('bare', 'refused'), ('carried', 'fine'), ('inner', 'refused'), ('outer', 'fine')]"


@pytest.mark.parametrize(
    "client",
    [
        "import httpx; get = lambda url: httpx.Client(trust_env=False).get(url).text",
        "import ollama; get = lambda url: ollama.Client(url, trust_env=False).ps()",
        "import urllib.request as u; get = lambda url: u.build_opener(u.ProxyHandler({})).open(url).read()",
    ],
)
def test_clients_connect_in_the_callers_context(client: str) -> None:
    """What the backends speak through looks up and connects where the allowance holds."""
    found = script(
        f"{client}\n"
        "url = f'http://gpu.invalid:{port}/'\n"
        "with allow(f'gpu.invalid:{port}'):\n"
        "    inside = outcome(lambda: get(url))\n"
        "print(inside != 'refused', opened == [('gpu.invalid', port)], outcome(lambda: get(url)))\n"
    )
    assert found == "True True refused"


def test_a_redirect_elsewhere_is_refused() -> None:
    """An allowed server cannot send the client on to a host that is not."""
    found = script(
        "import httpx\n"
        "def moved(self):\n"
        "    self.send_response(307)\n"
        "    self.send_header('location', f'http://stray.invalid:{port}/')\n"
        "    self.send_header('content-length', '0')\n"
        "    self.end_headers()\n"
        "Handler.do_GET = moved\n"
        "with allow(f'gpu.invalid:{port}'):\n"
        "    client = httpx.Client(follow_redirects=True, trust_env=False)\n"
        "    print(outcome(lambda: client.get(f'http://gpu.invalid:{port}/')), told)\n"
    )
    assert found == "refused [('getaddrinfo', 'stray.invalid')]"


def test_datagrams_follow_the_same_rule() -> None:
    """Datagrams pass to an allowed host alone."""
    found = script(
        "sock = socket.socket(type=socket.SOCK_DGRAM)\n"
        "with allow('0.0.0.0:9'):\n"
        "    for port in (9, 8):\n"
        "        print(outcome(lambda: sock.sendto(b'x', ('0.0.0.0', port))))\n"
        "    print(opened)\n"
    )
    assert found.splitlines() == ["fine", "refused", "[('0.0.0.0', 9)]"]


def test_a_listener_that_fails_keeps_the_connection_closed() -> None:
    """What cannot be written down is not done."""
    found = script(
        "def broken(host, port):\n"
        "    raise RuntimeError('no')\n"
        "with allowed(Allowance([f'0.0.0.0:{port}'], broken)):\n"
        "    print(outcome(reach('0.0.0.0')))\n"
    )
    assert found == "RuntimeError"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu", HostPort("gpu")),
        (" GPU.Example.:8000 ", HostPort("gpu.example", 8000)),
        ("10.0.0.5", HostPort("10.0.0.5")),
        ("10.0.0.5:80", HostPort("10.0.0.5", 80)),
        ("2001:DB8::1", HostPort("2001:db8::1")),
        ("[2001:db8:0::1]", HostPort("2001:db8::1")),
        ("[2001:db8::1]:8000", HostPort("2001:db8::1", 8000)),
        ("::ffff:10.0.0.5", HostPort("10.0.0.5")),
        ("bücher.example:1", HostPort("xn--bcher-kva.example", 1)),
        ("under_score.example", HostPort("under_score.example")),
    ],
)
def test_entries(text: str, expected: HostPort) -> None:
    """An entry is read into one spelling, and written as it would be set."""
    assert read_entry(text) == expected
    assert read_entry(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "*", "*.example", "10.0.0.0/8", "http://gpu:8000", "gpu:8000/v1", "gpu:", "gpu:x", "gpu:70000", ":80",
        "user@gpu", "a b", "[gpu]:80", "[2001:db8::1", "-gpu", "gpu..", "gpu:80:90", "gpu,other",
    ],
)  # fmt: skip
def test_entries_that_are_none(text: str) -> None:
    """Patterns, networks and addresses of pages are refused with the forms that work."""
    with pytest.raises(ConfigError, match=r"egress\.allow") as caught:
        read_entry(text)
    assert "HOST:PORT" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("gpu", 8000, True),
        ("GPU.", 8000, True),
        ("gpu", 8001, False),
        ("gpu.evil.example", 8000, False),
        ("xgpu", 8000, False),
        ("10.0.0.5", 1, True),
        ("::ffff:10.0.0.5", 1, True),
        ("10.0.0.50", 1, False),
        ("2001:db8::1", 443, True),
        ("2001:0db8::0001", 443, True),
        ("2001:db8::1", 80, False),
    ],
)
def test_what_an_allowance_covers(host: str, port: int, expected: bool) -> None:
    """Names and addresses are compared in one spelling, whole."""
    allowance = Allowance(["gpu:8000", "10.0.0.5", "[2001:db8::1]:443"])
    assert allowance.covers(host, port) is expected


def test_strangers_lookups_teach_nothing() -> None:
    """What another name leads to is not allowed, and an address teaches nothing about itself."""
    allowance = Allowance(["gpu:8000"])
    allowance.learn("other", ["10.0.0.9"])
    allowance.learn("gpu", ["10.0.0.5", "2001:DB8::5"])
    assert [allowance.covers(each, 8000) for each in ("10.0.0.9", "10.0.0.5", "2001:db8::5")] == [False, True, True]
    assert spelled("2001:DB8:0:0::5%eth0") == "2001:db8::5"
