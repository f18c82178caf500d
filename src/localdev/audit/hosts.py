"""Reading hosts: which are this machine, and what an entry of `egress.allow` names."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from localdev.core.errors import ConfigError

_IPV4_LOOPBACK = 127
_MAPPED = b"\0" * 10 + b"\xff\xff"  # what stands before an IPv4 address inside an IPv6 one
_LOOPBACK6 = b"\0" * 15 + b"\x01"
_LARGEST_PORT = 65_535
_ENTRY = re.compile(r"\[(?P<inner>[^\[\]]+)\](?::(?P<inner_port>\d+))?|(?P<host>[^\[\]:]+)(?::(?P<port>\d+))?")
# Letters, digits and the signs of host names and addresses; names in other scripts are compared in their ASCII form.
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_FORMS = (
    "egress.allow lists hosts, each as HOST or HOST:PORT: `gpu.example:8000`, `10.0.0.5`, `[2001:db8::1]:8000`; "
    "no address of a page, no pattern"
)


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host that may be spoken to: its name or address in one spelling, and the one port, 0 for any."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        """Give it as an entry of `egress.allow`."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{shown}:{self.port}" if self.port else shown


def read_entry(text: str) -> HostPort:
    """Read one entry of `egress.allow`.

    Raises:
        ConfigError: it is neither HOST nor HOST:PORT.
    """
    stripped = text.strip()
    address = packed(stripped)
    found = None if address is not None else _ENTRY.fullmatch(stripped)
    if address is None and found is None:
        raise ConfigError(f"egress.allow holds {text!r}, which is no host", _FORMS)
    host = stripped if found is None else found["inner"] or found["host"]
    port = int(found["inner_port"] or found["port"] or 0) if found else 0
    name = spelled(host)
    in_brackets = found is not None and found["inner"] is not None
    if packed(host) is None and (in_brackets or not _HOST.fullmatch(name)):
        raise ConfigError(f"egress.allow holds {text!r}, which is no host", _FORMS)
    if port > _LARGEST_PORT:
        raise ConfigError(f"egress.allow holds {text!r}: there is no port {port}", _FORMS)
    return HostPort(name, port)


@functools.lru_cache(maxsize=256)
def spelled(host: str) -> str:
    """Give one spelling of a host: small letters, no dot at the end, an address as it is usually written."""
    import _socket

    address = packed(host)
    if address is not None:
        mapped = address.removeprefix(_MAPPED)
        return _socket.inet_ntop(_socket.AF_INET if len(mapped) == 4 else _socket.AF_INET6, mapped)
    name = host.removesuffix(".").lower()
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name  # no name server knows it


def is_loopback(host: object) -> bool:
    """Say whether a host is surely this machine: 127.0.0.0/8, ::1, their mapped form, and `localhost`.

    Names below it (`app.localhost`) are looked up by a name server on many systems and do not count; nor do other
    spellings of an address (`127.1`, `0x7f.1`, `2130706433`), which are read differently by different systems, nor the
    wildcard `0.0.0.0`.
    """
    name = text_of(host)
    address = packed(name)
    if address is None:
        return name.lower() == "localhost"
    if len(address) == 4:
        return address[0] == _IPV4_LOOPBACK
    return address == _LOOPBACK6 or (address.startswith(_MAPPED) and address[12] == _IPV4_LOOPBACK)


def text_of(host: object) -> str:
    """Give a host as text; what is neither text nor bytes gives nothing."""
    if isinstance(host, bytes | bytearray):
        return host.decode("ascii", "replace")
    return host if isinstance(host, str) else ""


def packed(host: str) -> bytes | None:
    """Give the 4 or 16 bytes of an address in its usual spelling, `%scope` allowed for IPv6; None for anything else."""
    import _socket  # there already when a socket event comes, so that start-up never pays for it

    try:
        return _socket.inet_pton(_socket.AF_INET, host)
    except (OSError, ValueError):
        pass
    try:
        return _socket.inet_pton(_socket.AF_INET6, host.partition("%")[0])
    except (OSError, ValueError):
        return None
