"""What a model string names: a model, and the server that runs it. Addresses of servers are read here and only here.

No error shows what may hold a password: an address with an `@` in it.
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, field, replace

from localdev.core.errors import UsageError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API of a server is; `path` begins with a slash and does not end with one, or is empty.

    `origin` says for a hint where the address was written: a setting, or the model's name.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    origin: str = field(default="the address", compare=False)

    @property
    def place(self) -> str:
        """Host and port as they stand in an address."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{shown}:{self.port}"

    @property
    def url(self) -> str:
        """The address as a user would write it."""
        return f"{self.scheme}://{self.place}{self.path}"

    @property
    def root(self) -> str:
        """The path of the server itself, where that of an API ends with `/v1`."""
        return self.path.removesuffix("/v1")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How models of one kind are written; a host alone is an address where `bare_port` is not 0."""

    pattern: re.Pattern[str]
    example: str
    path: str = ""
    bare_port: int = 0
    credentials: str = "write it without"

    @property
    def form(self) -> str:
        """What to write."""
        return f"write KIND:NAME or KIND:NAME@URL, such as {self.example}"


_KINDS = {
    "ollama": _Kind(
        re.compile(r"(?P<name>[\w./:-]+)(?:@(?P<url>.*))?", re.DOTALL),
        "ollama:qwen2.5-coder:7b@http://127.0.0.1:11434",
        bare_port=11434,  # of `ollama serve`
    ),
    "openai": _Kind(
        # A name may hold an @ of its own (`model@revision`), so only one in front of an address parts them.
        re.compile(r"(?P<name>[^@](?:(?!://).)*?)(?:@(?P<url>https?://.*))?", re.DOTALL | re.IGNORECASE),
        "openai:qwen3-coder@http://127.0.0.1:8000/v1",
        path="/v1",
        credentials="put the key into LOCALDEV_API_KEY instead",
    ),
}


def read_model(model: str, url: str) -> tuple[str, Address]:
    """Give name and server of `KIND:NAME` or `KIND:NAME@URL`, KIND being `ollama` or `openai`; `url` is the setting's.

    Raises:
        UsageError: the string, or the address, cannot be read.
    """
    kind, _, rest = model.partition(":")
    known = _KINDS.get(kind.lower())
    found = known and known.pattern.fullmatch(rest.strip())
    if known is None or not found:
        form = (known or _KINDS["openai"]).form
        raise UsageError(f"{_shown(model)} names no model of a server", form)
    if found["url"] is None:
        return found["name"], read_address(url, kind.lower())
    return found["name"], replace(read_address(found["url"], kind.lower()), origin="the address after @")


def read_address(url: str, kind: str) -> Address:
    """Take the address in the settings of a server of a kind apart, and fill in what such servers have by default.

    Raises:
        UsageError: it is no http or https address, or holds more than a host, a port and a path.
    """
    known = _KINDS[kind]
    url = url.strip()
    bare = "://" not in url and known.bare_port != 0
    try:
        parts = urllib.parse.urlsplit(f"http://{url}" if bare else url)
        port = parts.port
    except ValueError:  # its text may hold a part of a password
        parts, port = urllib.parse.SplitResult("", "", "", "", ""), None
    if parts.username is not None:
        raise UsageError("the address of a server holds a name or a password", known.credentials)
    if (
        parts.scheme not in _PORTS
        or not parts.hostname
        or parts.query
        or parts.fragment
        or not url.isprintable()
        or " " in url
    ):
        raise UsageError(f"{_shown(url)} is no address of a server", f"{known.form}; only host, port and path count")
    port = port or (known.bare_port if bare else _PORTS[parts.scheme])
    return Address(parts.scheme, parts.hostname, port, parts.path.rstrip("/") or known.path, f"remote.{kind}_url")


def _shown(text: str) -> str:
    """Quote what a user wrote, unless a password may stand in it."""
    return "what is given (not shown, for a password may stand in it)" if "@" in text else repr(text)
