"""What `localdev models info` says of a model of an Ollama."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localdev.cli.workplace import Workplace


def facts_of_server(model: str, place: Workplace) -> tuple[dict[str, Any], str]:
    """Give what an Ollama on this machine says of `ollama:NAME`, and the text of its template.

    Raises:
        UsageError: the server is beyond this machine, and nothing is asked there.
        LocaldevError: nothing answers, or it has no such model.
    """
    from localdev.app.remote import Contact, remote_options
    from localdev.audit.hosts import is_loopback
    from localdev.backends.addresses import read_model
    from localdev.backends.ollama_api.client import OllamaServer
    from localdev.backends.ollama_api.models import show_model
    from localdev.core.errors import UsageError

    name, address = read_model(model, place.settings.remote.ollama_url)
    if not is_loopback(address.host):
        raise UsageError(f"{address.url} is beyond this machine", f"ask there: `ollama show {name}`")
    server = OllamaServer(address.url, remote_options("ollama", place.settings, Contact()), origin=address.origin)
    try:
        shown = show_model(server, name)
    finally:
        server.close()
    return {
        "name": f"ollama:{shown.name}",
        "kind": "ollama",
        "server": address.url,
        "architecture": shown.architecture,
        "parameters": str(shown.details.get("parameter_size") or ""),
        "quantisation": str(shown.details.get("quantization_level") or ""),
        "context_length": shown.context_length,
        "num_ctx": shown.num_ctx,
        "capabilities": sorted(shown.capabilities) if shown.capabilities is not None else None,
        "digest": shown.digest,
    }, shown.template


def lines_of_server(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give (label, text) of what is known; empty texts are nothing to print."""
    yield "name", facts["name"]
    said = [facts["architecture"], facts["parameters"] and f"{facts['parameters']} parameters", facts["quantisation"]]
    yield "kind", ", ".join(filter(None, said))
    asked = f", its Modelfile asks for {facts['num_ctx']}" if facts["num_ctx"] else ""
    yield "context", f"{facts['context_length']} tokens{asked}" if facts["context_length"] else ""
    yield "can", ", ".join(facts["capabilities"] or ())
    yield "server", facts["server"]
    yield "digest", facts["digest"] and f"sha256 {facts['digest']}"
