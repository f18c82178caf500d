"""How far what is asked in a chat can go: the models, the embedder and the store that the settings name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.core.folders import Folders

OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where text can go: `offline`, or the hosts beyond this machine; `beyond` says that there are some.

    `model` is the one that would answer, empty where none would.
    """

    label: str
    beyond: bool = False
    model: str = ""


def reach(settings: Settings, folders: Folders, *, without: bool = False) -> Reach:
    """Say where a question can go, and the code that is sent along; `without` a model only search counts.

    A host that `egress.allow` does not name is refused when it comes to it, so nothing goes there.

    Raises:
        ConfigError: an entry of `egress.allow` is no host.
        UsageError: a model names no server.
    """
    from localdev.audit.allowance import Allowance

    allowance = Allowance(settings.egress.allow)
    hosts = dict.fromkeys(
        host if allowance.covers(host, port) else "" for host, port in _beyond(settings, without=without)
    )
    named = [host for host in hosts if host]
    model = "" if without else _shown(model_named(settings, folders))
    if named:
        return Reach(", ".join(named), True, model)
    return Reach(f"{OFFLINE} (host not allowed)" if hosts else OFFLINE, False, model)


def _shown(model: str) -> str:
    """Give a model as its answers will name it: of a file the name alone."""
    if not model.lower().endswith(".gguf") or ":" in model[2:]:
        return model
    from localdev.models.names import stem

    return stem(Path(model))


def model_named(settings: Settings, folders: Folders) -> str:
    """Name the model that would be asked first: what the settings say, or the only one of the store."""
    from localdev.app.engines import models_for

    named = models_for(settings, "chat")
    if named:
        return named[0]
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    stored = [each.name for each in ModelStore(folders.models).list() if not embeds(each.architecture)]
    return stored[0] if len(stored) == 1 else ""


def _beyond(settings: Settings, *, without: bool) -> list[tuple[str, int]]:
    """List the servers beyond this machine that the settings name."""
    from urllib.parse import urlsplit

    from localdev.app.engines import models_for
    from localdev.app.remote import Contact, is_on_server, remote_options, server_of
    from localdev.audit.hosts import is_loopback, spelled

    names = [] if without else list(models_for(settings, "chat"))
    names = [name for name in [*names, settings.search.embedder] if is_on_server(name)]
    found = []
    for name in names:
        url = remote_options(name.partition(":")[0].lower(), settings, Contact({})).url
        _, host, port = server_of(name, url)
        found.append((host, port))
    if "://" in settings.index.store:
        store = urlsplit(settings.index.store)
        found.append((store.hostname or "", store.port or 0))
    return [(spelled(host), port) for host, port in found if not is_loopback(host)]
