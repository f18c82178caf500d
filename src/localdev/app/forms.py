"""What `config set` can know of a value beyond its type: that it could never work, or that what it names is missing."""

from __future__ import annotations

from localdev.core.folders import Folders


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
        _refuse_unreadable_hosts(text)
    elif name in ("remote.ollama_url", "remote.openai_url"):
        from localdev.app.remote import server_of

        server_of(f"{name.removeprefix('remote.').removesuffix('_url')}:any", text)


def _refuse_unreadable_hosts(text: str) -> None:
    """Refuse what `egress.allow` could not be read from."""
    from localdev.audit.hosts import read_entry

    for entry in filter(None, map(str.strip, text.split(","))):
        read_entry(entry)


def missing(name: str, text: str, folders: Folders) -> str:
    """Say what a value names that is not there, as it may still come; empty when nothing is missing."""
    if name != "search.embedder":
        return ""
    from localdev.app.embedders import missing_part

    return missing_part(text, folders)
