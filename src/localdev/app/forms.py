"""What `config set` can know of a value beyond its type: that it could never work, or that what it names is missing."""

from __future__ import annotations

from pathlib import Path

from localdev.config import values
from localdev.core.errors import NotFound
from localdev.core.folders import Folders, expanded


def refuse_unworkable(name: str, text: str) -> None:
    """Refuse a value that every later command would refuse.

    Raises:
        ConfigError, UsageError, EgressRefused, NotFound: what such a command would say.
    """
    if name == "search.embedder":
        from localdev.app.embedders import read_form

        read_form(text)
    elif name == "index.store":
        from localdev.index.places import checked_place

        checked_place(text)
    elif name == "egress.allow":
        from localdev.audit.hosts import read_entry

        for entry in _parts(name, text):
            read_entry(entry)
    elif name in ("remote.ollama_url", "remote.openai_url"):
        from localdev.app.remote import server_of

        server_of(f"{name.removeprefix('remote.').removesuffix('_url')}:any", text)


def missing(name: str, text: str, folders: Folders) -> str:
    """Say what a value names that is not there, as it may still come; empty when nothing is missing."""
    if name == "search.embedder":
        from localdev.app.embedders import missing_part

        return missing_part(text, folders)
    if name == "model" or name.startswith("models."):
        models = (text.strip(),) if name == "model" else _parts(name, text)
        return "; ".join(filter(None, (_missing_model(model, folders) for model in models)))
    return ""


def _missing_model(model: str, folders: Folders) -> str:
    """Say that a model is not there; what a server has is seen when it is asked."""
    from localdev.backends.registry import kind_of
    from localdev.models.store import ModelStore

    kind = kind_of(model)
    if kind == "gguf":
        path = expanded(Path(model))
        return "" if path.exists() else f"there is no {path} yet"
    if kind or not model:
        return ""
    try:
        ModelStore(folders.models).find(model)
    except NotFound as error:
        return f"{error}; {error.hint}"
    return ""


def _parts(name: str, text: str) -> tuple[str, ...]:
    """Give the parts of a list; none of a value that the key does not take, which setting it says."""
    found = values.parse(values.find_key(name, "config set"), text, "config set")
    return found if isinstance(found, tuple) else ()
