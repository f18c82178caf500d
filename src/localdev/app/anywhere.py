"""What a job is given is made to mean the same in every process: full paths, and the secrets of whoever asks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from localdev.config.settings import Settings
from localdev.core.folders import expanded

# Variables that hold secrets: a job reads them from what it was given, never from the process it runs in.
STORE_TOKEN = "LOCALDEV_STORE_TOKEN"  # what the Chroma server of `index.store` asks for
API_KEY = "LOCALDEV_API_KEY"  # what an OpenAI-compatible server asks for
SECRETS = (STORE_TOKEN, API_KEY)

_SCRIPT = "fake:"


def secrets_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that hold secrets, as far as they are set."""
    return {name: environ[name] for name in SECRETS if environ.get(name)}


def anywhere(settings: Settings) -> Settings:
    """Give settings whose paths do not depend on the current folder.

    Raises:
        ConfigError: the embedder is named by a path that does.
    """
    if settings.search.embedder != "static":
        from localdev.app.embedders import read_form

        read_form(settings.search.embedder)
    by_job = {
        item.name: tuple(map(_full, getattr(settings.models, item.name)))
        for item in fields(settings.models)
        if getattr(settings.models, item.name)
    }
    changed: dict[str, Any] = {"models": replace(settings.models, **by_job)} if by_job else {}
    for item in fields(settings):
        section: Any = getattr(settings, item.name)
        adapter = getattr(section, "adapter", "")
        if adapter and _full_adapter(adapter) != adapter:
            changed[item.name] = replace(section, adapter=_full_adapter(adapter))
    if _full(settings.model) != settings.model:
        changed["model"] = _full(settings.model)
    return replace(settings, **changed) if changed else settings


def _full(model: str) -> str:
    """Give the full path of a model that is named by one; names and other kinds stay as they are."""
    if model.startswith(_SCRIPT):
        return _SCRIPT + os.path.abspath(model.removeprefix(_SCRIPT))
    if model.lower().endswith(".gguf") and not model.startswith("~") and ":" not in model[2:]:
        return os.path.abspath(model)
    return model


def _full_adapter(adapter: str) -> str:
    """Give the full path of an adapter, `PATH` or `PATH@SCALE`; the names that servers know theirs by stay."""
    path, at, scale = adapter.rpartition("@") if "@" in adapter else (adapter, "", "")
    if not path.lower().endswith(".gguf"):
        return adapter
    return os.path.abspath(expanded(Path(path))) + at + scale
