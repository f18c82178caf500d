"""Pulling by an Ollama: it connects to its registry itself, and is asked to."""

from __future__ import annotations

import contextlib
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from localdev.app.pulling_ways import guarded, refuse_unlisted, write_down
from localdev.app.remote import Contact, allowance_for, remote_options
from localdev.core.errors import LocaldevError, UsageError
from localdev.core.events import Progress

if TYPE_CHECKING:
    from localdev.audit.hosts import HostPort
    from localdev.backends.ollama_api.models import OllamaModel
    from localdev.config.settings import Settings
    from localdev.core.ports import ProgressSink

_REGISTRY = "registry.ollama.ai"
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OllamaPull:
    """A model that an Ollama is to get: its name, the server, and the registry that the server connects to."""

    name: str
    url: str
    server: HostPort
    registry: HostPort


def read_ollama(text: str, settings: Settings) -> OllamaPull:
    """Read `ollama:NAME[:TAG]`, or that with `@URL`.

    Raises:
        UsageError: it names no model.
    """
    from localdev.audit.hosts import HostPort, spelled
    from localdev.backends.addresses import read_model

    name, address = read_model(text, settings.remote.ollama_url)
    # Ollama takes what stands before OWNER/NAME for a registry, whatever it looks like.
    registry = name.rpartition("/")[0].rpartition("/")[0] or _REGISTRY
    host, _, port = registry.partition(":")
    if not _HOST.fullmatch(host) or (port and not (port.isascii() and port.isdecimal() and len(port) <= 5)):
        raise UsageError(f"{registry} is no registry", "write ollama:NAME, or ollama:HOST/OWNER/NAME")
    server = HostPort(spelled(address.host), address.port)
    return OllamaPull(name, address.url, server, HostPort(spelled(host), int(port or 443)))


def pull_by_ollama(pull: OllamaPull, settings: Settings, contact: Contact, progress: ProgressSink) -> OllamaModel:
    """Have an Ollama get a model, and give its entry in the server's list.

    It is that server which connects, to its registry and to wherever that sends it on; localdev sees neither. The
    registry has to stand in `egress.allow` all the same, for without this command it would not be connected to.

    Raises:
        EgressRefused: the registry, or a server beyond this machine, is not allowed.
        LocaldevError: the server cannot be reached, or could not get it.
    """
    from localdev.backends.ollama_api.client import OllamaServer, full_name
    from localdev.backends.ollama_api.models import OllamaModel, list_models, pull_model

    entry: dict[str, Any] = {"source": f"ollama:{pull.name}", "by": pull.url, "registry": str(pull.registry)}
    entry["outcome"] = "cancelled"
    server = OllamaServer(pull.url, replace(remote_options("ollama", settings, contact), url=pull.url))
    try:
        with guarded(contact), _way_to_ollama(pull, settings, contact):
            for event in pull_model(server, pull.name):
                progress(event)
            progress(Progress(""))
            found = [each for each in list_models(server) if each.name == full_name(pull.name)]
        entry["outcome"] = "ok"
    except LocaldevError as error:
        entry.update(outcome="failed", error=error.code)
        raise
    finally:
        server.close()
        write_down(contact, "pull", **entry)
    return found[0] if found else OllamaModel(full_name(pull.name))


def refuse_unlisted_registry(pull: OllamaPull, settings: Settings, contact: Contact) -> None:
    """Refuse a registry, or a server beyond this machine, that does not stand in `egress.allow`.

    Raises:
        EgressRefused: with the setting to write.
    """
    from localdev.audit.hosts import is_loopback

    for host, what in (
        (pull.registry, f"Ollama at {pull.url} would connect to {pull.registry} for {pull.name}"),
        (pull.server, f"{pull.url} would be asked to get {pull.name}"),
    ):
        if not is_loopback(host.host):
            refuse_unlisted(host, settings.egress.allow, what, contact=contact)


def _way_to_ollama(pull: OllamaPull, settings: Settings, contact: Contact) -> AbstractContextManager[None]:
    """Open the way to the server, where its registry, and it itself if it is beyond this machine, are allowed."""
    from localdev.audit.allowance import allowed
    from localdev.audit.hosts import is_loopback

    refuse_unlisted_registry(pull, settings, contact)
    if is_loopback(pull.server.host):
        return contextlib.nullcontext()
    return allowed(allowance_for(pull.server, contact))
