"""Models on servers: how they are spoken to, which are beyond this machine, and what stands between them and us.

A server on this machine is spoken to as it is. One beyond it has to stand in `egress.allow`; the guard lets just that
host through, credentials are masked in all that is sent, and the journal holds every connection.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localdev.app.anywhere import API_KEY, secrets_of
from localdev.core.errors import EgressRefused
from localdev.core.events import Notice
from localdev.core.sizes import counted

if TYPE_CHECKING:
    from localdev.audit.allowance import Allowance
    from localdev.audit.hosts import HostPort
    from localdev.backends.options import BackendOptions, RemoteOptions
    from localdev.config.settings import Settings
    from localdev.core.chat import ChatRequest, ModelInfo
    from localdev.core.events import BackendEvent
    from localdev.core.ports import ChatBackend, Embedder, FloatMatrix, Journal

    Allowed = Callable[[], AbstractContextManager[None]]

KINDS = ("ollama", "openai")


def _nobody(_notice: Notice) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What a job brings to speak with servers: the secrets of whoever asks, who is told, and the journal."""

    secrets: Mapping[str, str] = field(default_factory=lambda: secrets_of(os.environ), repr=False)
    tell: Callable[[Notice], None] = _nobody
    journal: Journal | None = None


def is_on_server(model: str) -> bool:
    """Say whether a model, or an embedder, is one of a server."""
    return model.partition(":")[0].lower() in KINDS and ":" in model


def remote_options(kind: str, settings: Settings, contact: Contact) -> RemoteOptions:
    """Give how the settings want a server of a kind spoken to; the key is for OpenAI-compatible ones."""
    from localdev.backends.options import RemoteOptions

    remote = settings.remote
    return RemoteOptions(
        url=remote.ollama_url if kind == "ollama" else remote.openai_url,
        api_key=contact.secrets.get(API_KEY, "") if kind == "openai" else "",
        connect_seconds=remote.connect_seconds,
        first_token_seconds=remote.first_token_seconds,
        gap_seconds=remote.gap_seconds,
        keep_alive=remote.keep_alive,
    )


def open_on_server(
    model: str,
    options: BackendOptions,
    settings: Settings,
    *,
    opener: Callable[[str, BackendOptions], ChatBackend],
    contact: Contact,
) -> ChatBackend:
    """Open a model on a server, with masking and the guard before one beyond this machine.

    Raises:
        EgressRefused: the server is beyond this machine and stands not in `egress.allow`.
        LocaldevError: what the backend says.
    """
    way = _way(model, options.remote.url, settings, contact)
    if way is None:
        return opener(model, options)
    from localdev.privacy.detectors import CREDENTIALS
    from localdev.privacy.masked import MaskedBackend

    with way.allowed():
        inner = opener(model, options)
    return MaskedBackend(_AllowedBackend(inner, way.allowed), CREDENTIALS, way.masked)


def open_embedder_on_server(
    model: str, settings: Settings, *, opener: Callable[[], Embedder], contact: Contact
) -> Embedder:
    """Open an embedder on a server in the same way.

    Raises:
        EgressRefused: the server is beyond this machine and stands not in `egress.allow`.
        LocaldevError: what the embedder says.
    """
    url = remote_options(model.partition(":")[0], settings, contact).url
    way = _way(model, url, settings, contact)
    if way is None:
        return opener()
    from localdev.privacy.detectors import CREDENTIALS
    from localdev.privacy.masked import MaskedEmbedder

    with way.allowed():
        inner = opener()
    return MaskedEmbedder(_AllowedEmbedder(inner, way.allowed), CREDENTIALS, way.record)


def server_of(model: str, url: str) -> tuple[str, str, int]:
    """Give scheme, host and port of the server that `KIND:NAME` or `KIND:NAME@URL` names; `url` is the setting's.

    Raises:
        UsageError: it names none.
    """
    from localdev.backends.addresses import read_model

    address = read_model(model, url)[1]
    return address.scheme, address.host, address.port


def refuse_beyond(host: HostPort, allow: Sequence[str]) -> None:
    """Refuse a host that does not stand in `egress.allow`.

    Raises:
        EgressRefused: with the setting to write; what stands there already is kept.
        ConfigError: an entry is no host.
    """
    from localdev.audit.allowance import Allowance

    if not Allowance(allow).covers(host.host, host.port):
        wanted = ",".join([*allow, str(host)])
        raise EgressRefused(
            f"{host} is not this machine, and egress.allow does not name it",
            f"to have your questions and code sent there, with credentials masked: "
            f"`localdev config set egress.allow {wanted}`",
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """The way to one server beyond this machine."""

    host: HostPort
    allowance: Allowance
    contact: Contact

    def allowed(self) -> AbstractContextManager[None]:
        """Open the host to this context, for as long as it is entered."""
        from localdev.audit.allowance import allowed

        return allowed(self.allowance)

    def masked(self, count: int) -> None:
        """Say and record that credentials were masked."""
        was = "was" if count == 1 else "were"
        said = f"{counted(count, 'credential')} {was} masked before anything was sent to {self.host.host}"
        self.contact.tell(Notice("info", said))
        self.record(count)

    def record(self, count: int) -> None:
        """Write down that credentials were masked: a whole repository is embedded without a word for each piece."""
        if self.contact.journal is not None:
            self.contact.journal.record("masked", {"host": self.host.host, "credentials": count})


def _way(model: str, url: str, settings: Settings, contact: Contact) -> _Way | None:
    """Give the way to the server of a model; None where that is this machine."""
    from localdev.audit.hosts import HostPort, is_loopback, spelled

    scheme, name, port = server_of(model, url)
    if is_loopback(name):
        return None
    host = HostPort(spelled(name), port)
    refuse_beyond(host, settings.egress.allow)
    if scheme == "http":
        contact.tell(Notice("info", f"what is sent to {host} is not encrypted: the address begins with http://"))

    # This host alone, whatever else is allowed: a server that sends us on to another one gets nowhere.
    return _Way(host, allowance_for(host, contact), contact)


def allowance_for(host: HostPort, contact: Contact) -> Allowance:
    """Give the allowance of one host; every connection to it is written down."""
    from localdev.audit.allowance import Allowance

    def opened(name: str, port: int) -> None:
        if contact.journal is not None:
            contact.journal.record("egress", {"host": name, "port": port})

    return Allowance([host], opened)


class _AllowedBackend:
    """A backend whose calls may speak to one server; `allowed` gives what opens it for as long as it is entered."""

    def __init__(self, inner: ChatBackend, allowed: Allowed) -> None:
        self._inner = inner
        self._allowed = allowed

    def describe(self) -> ModelInfo:
        """Say what the inner backend says."""
        return self._inner.describe()

    def count_tokens(self, text: str) -> int:
        """Count as the inner backend does."""
        with self._allowed():
            return self._inner.count_tokens(text)

    def stream(self, request: ChatRequest) -> Iterator[BackendEvent]:
        """Pass the events on; the allowance holds while the inner backend works, not while its events are read."""
        with self._allowed():
            events = self._inner.stream(request)
        try:
            while True:
                with self._allowed():
                    event = next(events, None)
                if event is None:
                    return
                yield event
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                with self._allowed():
                    close()

    def cancel(self, request: ChatRequest | None = None) -> bool:
        """Cancel as the inner backend does: it only closes connections."""
        return self._inner.cancel(request)

    def close(self) -> None:
        """Close the inner backend."""
        with self._allowed():
            self._inner.close()


class _AllowedEmbedder:
    """An embedder whose calls may speak to one server."""

    def __init__(self, inner: Embedder, allowed: Allowed) -> None:
        self._inner = inner
        self._allowed = allowed

    @property
    def name(self) -> str:
        """Identity of model and version."""
        return self._inner.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._inner.dimension

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Embed as the inner embedder does."""
        with self._allowed():
            return self._inner.embed(texts)
