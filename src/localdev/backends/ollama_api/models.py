"""The models of an Ollama: which are there, what they are, and getting another."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from localdev.backends.ollama_api.client import OllamaServer, full_name
from localdev.core.errors import BackendError, EgressRefused
from localdev.core.events import Progress


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model in the server's list; `size` is in bytes."""

    name: str
    digest: str = ""
    size: int = 0
    family: str = ""
    parameters: str = ""
    quantization: str = ""


@dataclass(frozen=True, slots=True)
class OllamaDetails:
    """What the server knows of one model.

    `context_length` (tokens) and `embedding_length` are 0 where it does not say; `num_ctx` is the window its Modelfile
    asks for, 0 for none, `stop` what it ends answers at. `capabilities` are Ollama's words (completion, insert, tools,
    vision, embedding, thinking), None from versions before 0.6.4, which do not tell.
    """

    name: str
    digest: str = ""
    architecture: str = ""
    context_length: int = 0
    embedding_length: int = 0
    num_ctx: int = 0
    stop: tuple[str, ...] = ()
    template: str = ""
    capabilities: frozenset[str] | None = None
    details: dict[str, Any] = field(default_factory=dict)


def server_version(server: OllamaServer) -> str:
    """Give the version that the server says it has.

    Raises:
        LocaldevError: nothing answers, or no Ollama.
    """
    version = server.ask("GET", "/api/version").get("version")
    if not isinstance(version, str):
        raise BackendError(f"what answers at {server.url} does not say its version", f"check {server.origin}")
    return version


def list_models(server: OllamaServer) -> list[OllamaModel]:
    """List the models that are there, in the server's order.

    Raises:
        LocaldevError: nothing answers, or no Ollama.
    """
    with server.speaking():
        found = server.client.list().models
    return [
        OllamaModel(
            name=entry.model or "",
            digest=(entry.digest or "").removeprefix("sha256:"),
            size=int(entry.size or 0),
            family=(entry.details and entry.details.family) or "",
            parameters=(entry.details and entry.details.parameter_size) or "",
            quantization=(entry.details and entry.details.quantization_level) or "",
        )
        for entry in found
    ]


def show_model(server: OllamaServer, name: str) -> OllamaDetails:
    """Say what a model is.

    Raises:
        NotFound: it is not there; those that are there are listed.
        EgressRefused: it runs at somebody else's, with this server only passing everything on.
        LocaldevError: nothing answers, or no Ollama.
    """
    if _in_cloud(name):  # asking for it would already be passed on
        raise _runs_elsewhere(server, name, "ollama.com")
    shown = server.ask("POST", "/api/show", {"model": name})
    if shown.get("remote_host"):
        raise _runs_elsewhere(server, name, str(shown["remote_host"]))
    info = _mapping(shown.get("model_info"))
    architecture = str(info.get("general.architecture") or "")
    listed = shown.get("capabilities")
    parameters = _parameters(str(shown.get("parameters") or ""))
    return OllamaDetails(
        name=name,
        digest=next((model.digest for model in list_models(server) if model.name == full_name(name)), ""),
        architecture=architecture,
        context_length=_number(info.get(f"{architecture}.context_length")),
        embedding_length=_number(info.get(f"{architecture}.embedding_length")),
        num_ctx=max([int(text) for text in parameters.get("num_ctx", ()) if text.isdecimal()], default=0),
        stop=tuple(parameters.get("stop", ())),
        template=str(shown.get("template") or ""),
        capabilities=frozenset(map(str, listed)) if isinstance(listed, list) else None,
        details=_mapping(shown.get("details")),
    )


def pull_model(server: OllamaServer, name: str) -> Iterator[Progress]:
    """Have the server get a model, and say how far it is; closing the iterator leaves what came for the next time.

    Each event's `stage` is the server's own word (`pulling <digest>`, `verifying sha256 digest`, `success`), in bytes
    where it counts them.

    Raises:
        NotFound: there is no such model to be had.
        EgressRefused: it would run at somebody else's.
        LocaldevError: nothing answers, it failed, or ended before it was done.
    """
    if _in_cloud(name):
        raise _runs_elsewhere(server, name, "ollama.com")
    done = False
    with contextlib.closing(server.each(server.client.pull(name, stream=True), name)) as parts:
        for part in parts:
            done = part.status == "success"
            yield Progress(part.status or "", int(part.completed or 0), int(part.total or 0), unit="bytes")
    if not done:
        raise BackendError(f"{server.url} ended before {name} was there", "pull it again: it goes on where it was")


def _in_cloud(name: str) -> bool:
    """Tell the tags by which a server is asked to pass everything on to its maker's."""
    tag = full_name(name).rpartition(":")[2].lower()
    return tag == "cloud" or tag.endswith("-cloud")


def _runs_elsewhere(server: OllamaServer, name: str, host: str) -> EgressRefused:
    """Say where a model really runs."""
    return EgressRefused(
        f"{name} does not run on {server.url}: that passes every prompt on to {host}",
        "use a model that runs there itself (`ollama list` shows their sizes)",
    )


def _mapping(value: Any) -> dict[str, Any]:
    """Give a JSON object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    """Give a whole number above zero, 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _parameters(text: str) -> dict[str, list[str]]:
    """Read a Modelfile's parameters, a line each: name, blanks, value, texts in quotes; names may come again."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        value = value.strip()
        if value.startswith('"'):
            with contextlib.suppress(ValueError):
                value = str(json.loads(value))
        found.setdefault(name, []).append(value)
    return found
