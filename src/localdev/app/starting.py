"""What a first-time user wants to know of a place: what works here now, and the exact commands that come next."""

from __future__ import annotations

import shlex
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.hints import suggested
from localdev.app.nearby import Nearby, look_for_ollama, look_for_openai
from localdev.core.errors import ConfigError, LocaldevError
from localdev.core.folders import Folders
from localdev.core.machine import memory_bytes
from localdev.core.sizes import counted, sized

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.models.catalogue_fit import Choice

# Servers have models for vectors too, and their lists do not say which; makers say it in the name.
_FOR_VECTORS = ("embed", "minilm", "bge-", "e5-", "rerank")


@dataclass(frozen=True, slots=True)
class Place:
    """What was found: `models` are stored ones that answer, `configured` those that the settings name for answers.

    `files` counts indexed files, `memory` is in bytes (0: not known), `servers` are those on this machine that answer.
    `allow` is what has to be written into `egress.allow` before a model can be pulled, empty when nothing has to.
    """

    root: Path
    git: bool
    files: int
    engine: bool
    memory: int
    models: tuple[str, ...] = ()
    configured: tuple[str, ...] = ()
    servers: tuple[Nearby, ...] = ()
    suggestion: Choice | None = None
    allow: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next: what for, and the commands in order."""

    what: str
    commands: tuple[str, ...]


def look(folders: Folders, root: Path, settings: Settings) -> Place:
    """Look at a repository, this machine and the servers on it; nothing is changed, and nothing beyond it is asked."""
    from localdev.app.engines import models_for
    from localdev.app.stored import index_status
    from localdev.config.display import shown
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore
    from localdev.source.walk import is_work_tree

    index = index_status(folders, root)
    memory = memory_bytes()
    return Place(
        root,
        git=is_work_tree(root),
        files=index["files"] if index["state"] == "ready" else 0,
        engine=find_spec("llama_cpp") is not None,
        memory=memory,
        models=tuple(each.name for each in ModelStore(folders.models).list() if not embeds(each.architecture)),
        configured=tuple(shown(models_for(settings, "ask"))),
        servers=tuple(_answering(settings)),
        suggestion=suggested(memory_bytes=memory),
        allow=_to_allow(settings),
    )


def _to_allow(settings: Settings) -> str:
    """Give the value of `egress.allow` with which the hub can be asked; empty when it can be already."""
    from localdev.audit.allowance import Allowance
    from localdev.audit.hosts import HostPort, is_loopback, spelled

    try:
        hub = urllib.parse.urlsplit(settings.remote.hub_url)
        host, port = hub.hostname or "", hub.port or 443
        if not host or is_loopback(host) or Allowance(settings.egress.allow).covers(host, port):
            return ""
    except (ValueError, ConfigError):  # `models pull` says what is wrong with it
        return ""
    return ",".join([*settings.egress.allow, str(HostPort(spelled(host), port))])


def _answering(settings: Settings) -> Iterator[Nearby]:
    """Give the servers on this machine that answer; none of them has to be there."""
    lookers: tuple[Callable[[Settings], Nearby], ...] = (look_for_ollama, look_for_openai)
    for looker in lookers:
        try:
            found = looker(settings)
        except LocaldevError:
            continue
        if found.asked:
            yield found


def works(place: Place) -> list[str]:
    """Say in a few lines what works now, each with the command to type."""
    if not place.git:
        where = f"{place.root} is no git repository: the folder itself is read"
    else:
        where = f"{place.root} is a git repository"
    indexed = f"{counted(place.files, 'file')} indexed" if place.files else "the first question builds the index"
    answering = _answering_model(place)
    how = f"in words, by {answering}" if answering else "with the passages themselves, as no model is ready"
    lines = [
        f"{where}; {indexed}",
        '`localdev search "QUERY"` ranks the code that fits, `localdev outline` maps what matters most',
        f'`localdev ask "QUESTION"` answers {how}',
    ]
    for server in place.servers:
        lines.append(f"{server.kind} answers at {server.url} with {counted(len(server.models), 'model')}")
    if place.memory:
        lines.append(f"{sized(place.memory)} of memory for models and all else")
    return lines


def _answering_model(place: Place) -> str:
    """Name the model that an answer would be written by, empty where none is ready; servers' models are not opened."""
    if place.configured:
        first = place.configured[0]
        return first if place.engine or _on_server(first) else ""
    return place.models[0] if place.engine and len(place.models) == 1 else ""


def _on_server(model: str) -> bool:
    """Say whether the embedded engine is not needed for a model."""
    from localdev.backends.registry import kind_of

    return kind_of(model) not in ("", "gguf")


def steps(place: Place) -> list[Step]:
    """List what comes next, in order; nothing where all is ready."""
    found = list(_model_steps(place))
    if not place.files:
        found.append(Step("to have the first, long run of indexing behind you", ("`localdev index`",)))
    return found


def _model_steps(place: Place) -> Iterator[Step]:
    """List what is missing for answers in words."""
    if _answering_model(place):
        return
    if not place.configured and not place.models:
        if served := _served(place):
            command = f"`localdev config set model {shlex.quote(served)}`"  # a server may call its models anything
            yield Step("for answers in words by a model that is there", (command,))
            return
        yield from _engine_step(place)
        yield from _get_steps(place)
        return
    yield from _engine_step(place)
    if not place.configured and len(place.models) > 1:
        choose = tuple(f"`localdev config set model {name}`" for name in place.models)
        yield Step("choose the model that answers", choose)


def _served(place: Place) -> str:
    """Name a model of a server as a setting does, one that answers rather than embeds; empty when there is none."""
    for server in place.servers:
        for model in server.models:
            if not any(part in model.lower() for part in _FOR_VECTORS):
                return f"{server.kind}:{model}"
    return ""


def _engine_step(place: Place) -> Iterator[Step]:
    """Say how the embedded engine is added."""
    if not place.engine:
        yield Step("add the engine that runs models here", ("`localdev setup llama`",))


def _get_steps(place: Place) -> Iterator[Step]:
    """Say how a model is had: pulled, or carried here from elsewhere."""
    if place.suggestion is None:
        yield Step(
            "add a model of yours (none of the catalogue fits this memory)", ("`localdev models add FILE.gguf`",)
        )
        return
    model, file = place.suggestion.model, place.suggestion.model.chosen()
    size = f", {sized(file.bytes)}" if file.bytes else ""
    need = f"{sized(place.suggestion.memory_bytes)} of memory"
    allow = (f"`localdev config set egress.allow {place.allow}`",) if place.allow else ()
    hosts = "; the hub has its files on further hosts, and pull says which to allow in the same way" if allow else ""
    yield Step(
        f"get a model, such as {model.title} ({model.licence}{size}, takes some {need}){hosts}",
        (*allow, f"`localdev models pull {model.pull()}`"),
    )
    if model.ollama and any(server.kind == "ollama" for server in place.servers):
        ours = f"ollama:{model.ollama}"
        commands = (f"`localdev models pull {ours}`", f"`localdev config set model {ours}`")
        yield Step("or have your Ollama get it, and answer with that", commands)
    name = file.file or "FILE.gguf"
    yield Step(
        f"or, without a network here, fetch {name} of {model.hub} elsewhere and bring it",
        (f"`localdev models add {name}`",),
    )
