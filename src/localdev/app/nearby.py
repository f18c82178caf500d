"""Servers of models on this machine: whether one answers where the settings say, and what it has. Nothing is sent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localdev.config.settings import Settings

_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Nearby:
    """A server that was looked for: its `models` by name where it was `asked`; one beyond this machine is not."""

    kind: str
    url: str
    asked: bool
    version: str = ""
    models: tuple[str, ...] = ()


def look_for_ollama(settings: Settings) -> Nearby:
    """Ask the Ollama that the settings name for its version and models.

    Raises:
        LocaldevError: it does not answer, or the setting is no address.
    """
    from localdev.audit.hosts import is_loopback
    from localdev.backends.addresses import read_address
    from localdev.backends.ollama_api.client import OllamaServer
    from localdev.backends.ollama_api.models import list_models, server_version
    from localdev.backends.options import RemoteOptions

    url = settings.remote.ollama_url
    address = read_address(url, "ollama")
    if not is_loopback(address.host):
        return Nearby("ollama", url, False)
    server = OllamaServer(address.url, RemoteOptions(connect_seconds=_SECONDS, first_token_seconds=_SECONDS))
    try:
        version, models = server_version(server), list_models(server)
    finally:
        server.close()
    return Nearby("ollama", server.url, True, version, tuple(model.name for model in models))


def look_for_openai(settings: Settings) -> Nearby:
    """Ask the OpenAI-compatible server that the settings name for its models.

    Raises:
        LocaldevError: it does not answer, or the setting is no address.
    """
    from localdev.app.anywhere import API_KEY
    from localdev.audit.hosts import is_loopback
    from localdev.backends.addresses import read_address
    from localdev.backends.openai_api.connection import Channel
    from localdev.backends.openai_api.probe import list_models

    url = settings.remote.openai_url
    address = read_address(url, "openai")
    if not is_loopback(address.host):
        return Nearby("openai", url, False)
    channel = Channel(address, api_key=os.environ.get(API_KEY, ""), connect_seconds=_SECONDS)
    models = sorted(list_models(channel, seconds=_SECONDS))
    return Nearby("openai", channel.address.url, True, "", tuple(models))
