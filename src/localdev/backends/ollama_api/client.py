"""One Ollama server: its address, and its answers or our errors."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any

from localdev.backends.ollama_api.errors import no_ollama, refusal
from localdev.backends.options import RemoteOptions
from localdev.core.errors import LocaldevError

# What reading an answer that is not JSON, or JSON of another shape, can raise: the client checks neither.
_ODD_SHAPES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)

# A proxy by SOCKS, an address without a port or a file of certificates that is gone make its import fail.
_READ_BY_LIBRARY = frozenset(
    {"OLLAMA_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
_SECONDS = re.compile(r"-?\d+(\.\d+)?")
_IMPORTING = threading.Lock()


def full_name(name: str) -> str:
    """Give a model's name with its tag, as the server lists it."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def keep_alive(options: RemoteOptions) -> str | float:
    """Give how long a model stays loaded, as the server reads it: a bare number is seconds, and -1 for ever."""
    said = options.keep_alive.strip()
    return float(said) if _SECONDS.fullmatch(said) else said


def sendable(text: str) -> str:
    """Give text that can be sent: half characters from broken file names become question marks."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


class OllamaServer:
    """Speaks with one server through its Python client. Threads may share it."""

    def __init__(self, url: str, options: RemoteOptions, *, origin: str = "remote.ollama_url") -> None:
        """Take a full address, and for hints where it was written; nothing is sent yet."""
        self.url = url
        self.origin = origin
        self._options = options
        self._client: Any = None
        self._transport: Any = None
        self.interrupted = False

    @property
    def client(self) -> Any:
        """The `ollama.Client`."""
        if self._client is None:
            self._client, self._transport = _new_client(self.url, self._options, self.origin)
        return self._client

    def another(self) -> OllamaServer:
        """Give connections of their own to the same server, which `interrupt` breaks off by themselves."""
        found = OllamaServer(self.url, self._options, origin=self.origin)
        found._client, found._transport = _new_client(self.url, self._options, self.origin)
        return found

    def interrupt(self) -> None:
        """Break off all that is asked from here on and under way, from another thread; only for one of `another`."""
        self.interrupted = True
        self._transport.interrupt()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and give its answer as plain JSON.

        For what the client's own methods leave out: their types know neither `truncate` in a request nor `remote_host`
        in an answer, and take no last part without a message, which Ollama's documentation shows.

        Raises:
            LocaldevError: as `speaking` does.
        """
        with self.speaking(str((body or {}).get("model", ""))):
            found: dict[str, Any] = self.client._request(dict, method, path, json=body)
        return found

    def parts(self, path: str, body: dict[str, Any]) -> Generator[dict[str, Any]]:
        """Send a request and yield the parts of its answer; closing the iterator ends the connection.

        Raises:
            LocaldevError: as `speaking` does.
        """
        yield from self.each(self.client._request(dict, "POST", path, json=body, stream=True), body["model"])

    def each(self, parts: Any, model: str) -> Generator[Any]:
        """Yield what an iterator of the client gives, its errors as ours.

        Raises:
            LocaldevError: as `speaking` does.
        """
        with contextlib.closing(parts):
            while True:
                with self.speaking(model):
                    part = next(parts, None)
                if part is None:
                    return
                yield part

    @contextlib.contextmanager
    def speaking(self, model: str = "") -> Iterator[None]:
        """Turn whatever goes wrong while the client is used into an error that says what, and what to do.

        Raises:
            Unreachable, TimedOut: nothing answers, or not in time.
            NotFound: `model` is not there; those that are there are listed.
            ContextOverflow, ModelError, UsageError, Busy, BackendError: what the server refused.
        """
        ollama = _library()
        try:
            yield
        except LocaldevError:
            raise
        except ollama.ResponseError as error:
            raise self._refusal(error, model) from error
        except _ODD_SHAPES as error:
            raise no_ollama(self.url, self.origin) from error

    def _refusal(self, error: Any, model: str) -> LocaldevError:
        """Give the error for an answer other than success."""
        text, known = str(error.error), []
        if model and "not found" in text:
            with contextlib.suppress(LocaldevError):
                known = self.names()
        return refusal(error.status_code, text, url=self.url, model=model, known=known, origin=self.origin)

    def names(self) -> list[str]:
        """Give the names of the models that are there."""
        with self.speaking():
            return [entry.model for entry in self.client.list().models if entry.model]

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()


def _library() -> Any:
    """Give the client library. As it is imported it makes a client of its own from the environment, which may fail."""
    if "ollama" in sys.modules:
        import ollama

        return ollama
    with _IMPORTING:
        kept = {name: os.environ.pop(name) for name in list(os.environ) if name.upper() in _READ_BY_LIBRARY}
        try:
            import ollama
        finally:
            os.environ.update(kept)
    return ollama


def _new_client(url: str, options: RemoteOptions, origin: str) -> tuple[Any, Any]:
    """Make a client and what sends its requests; no address, proxy or key is read from the environment."""
    from localdev.backends.ollama_api.transport import Transport

    transport = Transport(url, options, origin)
    return _library().Client(host=url, transport=transport, trust_env=False, follow_redirects=False), transport
