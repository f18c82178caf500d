"""What a model string names: a model, and the server that runs it."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass

from localdev.core.errors import ConfigError, UsageError

FORM = "openai:NAME or openai:NAME@URL, such as openai:qwen3-coder@http://127.0.0.1:8000/v1"
# A name may hold an @ of its own (`model@revision`), so only one in front of an address parts them.
_PARTS = re.compile(r"(?P<name>.+?)(?:@(?P<url>https?://.*))?", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: `api` is the root of the API (`.../v1`), `root` the server's own, both without a last slash.

    `host` and `port` are what is connected to.
    """

    scheme: str
    host: str
    port: int
    api: str
    root: str

    @property
    def url(self) -> str:
        """The address as a user would write it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{shown}:{self.port}{self.api}"


def read_model(model: str, default_url: str) -> tuple[str, Address]:
    """Give the model's name and the server's address of `openai:NAME` or `openai:NAME@URL`.

    Raises:
        UsageError: the string or the address in it cannot be read.
    """
    found = _PARTS.fullmatch(model.removeprefix("openai:").strip())
    if found is None or found["name"].startswith("@"):
        raise UsageError(f"{model!r} names no model", FORM)
    return found["name"], read_address(found["url"] or default_url)


def read_address(url: str) -> Address:
    """Take an address apart; one without a path means `/v1` on that server.

    Raises:
        UsageError: it is no http or https address of a server's API, or carries a name and a password.
    """
    hint = "give an address such as http://127.0.0.1:8000/v1"
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise UsageError(f"{url!r} is no address", hint) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no address of a server", hint)
    if parts.username is not None:
        raise UsageError(
            "the address of the server holds a name or a password", "put the key into LOCALDEV_API_KEY instead"
        )
    if parts.query or parts.fragment or not (parts.hostname + parts.path).isprintable() or " " in url.strip():
        raise UsageError(f"{url!r} has more than a host, a port and a path", hint)
    api = parts.path.rstrip("/") or "/v1"
    return Address(
        parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), api, api.removesuffix("/v1")
    )


def checked_key(key: str) -> str:
    """Give the key without the spaces and newlines around it; an error never shows it.

    Raises:
        ConfigError: no header may hold it.
    """
    key = key.strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            "LOCALDEV_API_KEY holds characters no header may",
            "set it to the server's key alone: one line of letters, digits and signs of ASCII",
        )
    return key
