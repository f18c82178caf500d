"""The egress guard: this process connects to this machine only, and to what an allowance names while it is entered.

It hangs on Python's audit events, so it sees every connection, datagram and name lookup that goes through Python's
socket module, whichever library asks, and it cannot be taken out again. A name that is not this machine's is refused
before it is looked up, an address before it is connected to. An allowance (`allowance.allowed`) opens the hosts that
the user wrote down: their names may be looked up, and the addresses that this gave be connected to.

What it cannot see:

* native code that opens sockets by itself: libraries in Rust or C++ (the engine, the tokenizers, the vector store),
  and Python code that goes through ctypes or the private `_socket` type (the latter is refused, but after the lookup);
* other processes, those started from here included (git, a browser, a test command);
* where a program that listens on this machine (a proxy, a tunnel) sends what it is given.

For the first of these `ENVIRONMENT` switches off what such libraries are known to report or fetch by themselves. A
network namespace or a firewall rule is the answer where a promise about the whole machine is needed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from localdev.audit.allowance import current
from localdev.audit.hosts import is_loopback, packed, text_of
from localdev.core.errors import EgressRefused

__all__ = ["ENVIRONMENT", "install", "is_loopback", "telling", "watch_lookups"]

# Set for this process and its children by `install`, whatever was there: reports of use, and downloads on demand.
ENVIRONMENT = {
    "ANONYMIZED_TELEMETRY": "False",  # chromadb before 1.5.4
    "OTEL_SDK_DISABLED": "true",  # opentelemetry, which chromadb brings along
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "WANDB_MODE": "disabled",
}

OnRefused = Callable[[str, str], None]
# Whom the running context tells of what was refused; where it has nobody, the process's own is told.
_TOLD: ContextVar[OnRefused | None] = ContextVar("localdev_egress_refused", default=None)

_HINT = (
    "localdev only talks to this machine (127.0.0.1, localhost, a local socket), and to servers of models whose hosts "
    "stand in the setting egress.allow"
)


class _Guard:
    """The one guard of this process: whether it is on, and whom it tells."""

    def __init__(self) -> None:
        self.installed = False
        self.names_guarded = False
        self.on_refused: OnRefused | None = None


_GUARD = _Guard()


def install(on_refused: OnRefused | None = None) -> None:
    """Switch the guard on for the rest of this process's life; again is harmless and only changes `on_refused`.

    `on_refused` is called with what was attempted (`connect`, `getaddrinfo`, ...) and the host, before the caller gets
    `EgressRefused`; not for what runs in a context that has its own (`telling`).
    """
    if on_refused is not None:
        _GUARD.on_refused = on_refused
    os.environ.update(ENVIRONMENT)
    if not _GUARD.installed:
        _GUARD.installed = True
        sys.addaudithook(_watch)


@contextlib.contextmanager
def telling(on_refused: OnRefused) -> Iterator[None]:
    """Tell `on_refused` of what is refused inside, in this context; threads and generators as for `allowance.allowed`.

    The guard itself is switched on by `install` alone.
    """
    token = _TOLD.set(on_refused)
    try:
        yield
    finally:
        _TOLD.reset(token)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Look at one audit event; there are thousands of others (imports, opened files) for each one of a socket."""
    if event.startswith("socket."):
        check = _CHECKS.get(event)
        if check is not None:
            check(event.removeprefix("socket."), arguments)


def _check_created(_event: str, _arguments: tuple[Any, ...]) -> None:
    """Wrap the socket class at the first socket.

    A method that is given a name instead of an address looks it up before it raises its audit event; the wrapped
    ones ask first.
    """
    module = sys.modules.get("socket")
    if module is None or _GUARD.names_guarded:
        return
    _GUARD.names_guarded = True
    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        original = getattr(module.socket, name, None)
        if original is not None:
            setattr(module.socket, name, _asking_first(name, original))


def _asking_first(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap one method of a socket; its address is the last argument, for `sendmsg` the fourth."""
    sends = name == "sendmsg"

    @functools.wraps(original)
    def ask(sock: Any, *arguments: Any) -> Any:
        if arguments and (not sends or len(arguments) > 3):
            _check_address(name, (sock, arguments[3] if sends else arguments[-1]))
        return original(sock, *arguments)

    return ask


def watch_lookups() -> None:
    """Let the allowance of a context learn what its lookups give; again is harmless.

    An audit event comes before a lookup and does not hold its outcome. A library that kept the original function for
    itself finds the addresses refused.
    """
    import socket

    original = socket.getaddrinfo
    if getattr(original, "localdev_watched", False):
        return

    @functools.wraps(original)
    def lookup(host: Any, *rest: Any, **named: Any) -> Any:
        found = original(host, *rest, **named)
        allowance = current()
        if allowance is not None and host:
            allowance.learn(text_of(host), (str(each[4][0]) for each in found))
        return found

    lookup.localdev_watched = True  # type: ignore[attr-defined]
    socket.getaddrinfo = lookup


def _check_address(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse an address that is neither a loopback one nor a path; None means a socket that is already connected."""
    import _socket

    sock, address = arguments[0], arguments[1]
    family = int(sock.family)
    if address is None or family == getattr(_socket, "AF_UNIX", None) or family == getattr(_socket, "AF_NETLINK", None):
        return
    host = address[0] if isinstance(address, tuple) and address else address
    internet = family in (_socket.AF_INET, _socket.AF_INET6)
    if not (internet and (is_loopback(host) or _allowed(host, address))):
        _refuse(event, host)


def _allowed(host: object, address: Any) -> bool:
    """Say whether the running context may connect to a host at the port of a socket address."""
    allowance = current()
    named = text_of(host)
    port = address[1] if isinstance(address, tuple) and len(address) > 1 else 0
    return bool(allowance and named and isinstance(port, int) and allowance.covers(named, port))


def _check_connect(event: str, arguments: tuple[Any, ...]) -> None:
    """Check a connection as it is made, and tell of one beyond this machine that is allowed."""
    _check_address(event, arguments)
    address, allowance = arguments[1], current()
    host = text_of(address[0]) if isinstance(address, tuple) and len(address) > 1 else ""
    if allowance and host and not is_loopback(host):
        allowance.opened(host, address[1])


def _check_lookup(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to look a name up; no name (the wildcard of a server) and a plain address need no lookup."""
    host = text_of(arguments[0])
    if host and not is_loopback(host) and packed(host) is None:
        allowance = current()
        if allowance is None or not allowance.knows(host):
            _refuse(event, host)


def _check_reverse(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to ask for the name of an address beyond this machine."""
    asked = arguments[0]
    host = asked[0] if isinstance(asked, tuple) and asked else asked
    if not is_loopback(host):
        _refuse(event, host)


_CHECKS: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
    "socket.__new__": _check_created,
    "socket.connect": _check_connect,
    "socket.sendto": _check_connect,
    "socket.sendmsg": _check_connect,
    "socket.getaddrinfo": _check_lookup,
    "socket.gethostbyname": _check_lookup,
    "socket.gethostbyaddr": _check_reverse,
    "socket.getnameinfo": _check_reverse,
}


def _refuse(event: str, host: object) -> None:
    """Tell the app and raise."""
    shown = text_of(host) or repr(host)
    error = EgressRefused(f"refused to connect to {shown}: it is not this machine", _HINT)
    told = _TOLD.get() or _GUARD.on_refused
    try:
        if told is not None:
            told(event, shown)
    finally:
        raise error  # also when telling failed: the connection must not come to be
