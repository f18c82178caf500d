"""The model and adapter that a chat uses, and the settings that a job has with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from localdev.app.anywhere import anywhere
from localdev.config.settings import ModelsSettings, Settings

# Said instead of a name: no model, no adapter.
NONE = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """The model and the adapter (`NAME` or `NAME@SCALE`) chosen in a chat; empty: what the settings say."""

    model: str = ""
    adapter: str = ""


def settings_for(settings: Settings, job: str, *, model: str = "", adapter: str = "") -> Settings:
    """Give the settings of one job with a model and an adapter chosen for it, the same in every process.

    Raises:
        ConfigError: the embedder is named by a path that depends on the current folder.
    """
    if model:
        settings = replace(settings, model=model, models=ModelsSettings())
    section: Any = getattr(settings, job, None)
    if adapter and hasattr(section, "adapter"):
        changed: dict[str, Any] = {job: replace(section, adapter="" if adapter == NONE else adapter)}
        settings = replace(settings, **changed)
    return anywhere(settings)
