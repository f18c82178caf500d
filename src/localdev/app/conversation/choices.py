"""The models and adapters that a chat can choose from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from localdev.app.conversation.choosing import NONE, Choice
from localdev.app.conversation.desk import ModelChoice
from localdev.app.conversation.reaching import model_named
from localdev.app.engines import models_for
from localdev.core.errors import NotFound
from localdev.core.folders import expanded

if TYPE_CHECKING:
    from localdev.config.settings import Settings
    from localdev.core.folders import Folders
    from localdev.models.passport import Passport


def models(settings: Settings, folders: Folders, choice: Choice) -> tuple[ModelChoice, ...]:
    """List the models of the store and those that the settings name; the one that answers is marked."""
    from localdev.models.passport import embeds
    from localdev.models.store import ModelStore

    stored = [each for each in ModelStore(folders.models).list() if not embeds(each.architecture)]
    named = models_for(settings, "chat")
    used = choice.model or model_named(settings, folders)
    found = [ModelChoice(each.name, _about(each), each.name == used) for each in stored]
    known = {each.name for each in stored}
    others = [name for name in dict.fromkeys((*named, settings.model, choice.model)) if name and name != NONE]
    found += [ModelChoice(name, _where(name), name == used) for name in others if name not in known]
    return tuple(sorted(found, key=lambda each: (not each.chosen, each.name)))


def adapters(settings: Settings, folders: Folders, choice: Choice) -> tuple[ModelChoice, ...]:
    """List the adapters of the store with the models they fit; the one in use is marked."""
    from localdev.app.adapters import listed, split

    used = split(choice.adapter or settings.chat.adapter)[0]
    return tuple(
        ModelChoice(
            each.passport.name,
            f"fits {', '.join(each.fits)}" if each.fits else "fits none of the stored models",
            each.passport.name == used,
        )
        for each in listed(folders)
    )


def refuse_unknown(choice: Choice, folders: Folders) -> None:
    """Refuse a model or adapter that nobody has; one on a server is asked for by the job that needs it.

    Raises:
        NotFound: there is no such model, adapter or file; the known ones are named.
    """
    from localdev.app.adapters import split
    from localdev.models.store import ModelStore

    store, kinds = ModelStore(folders.models), {"model": choice.model, "adapter": split(choice.adapter)[0]}
    for kind, name in kinds.items():
        if name.lower().endswith(".gguf"):
            if not expanded(Path(name.removeprefix("gguf:"))).is_file():
                raise NotFound(f"there is no file {name}", "check the path")
        elif name not in ("", NONE) and (kind == "adapter" or ":" not in name):
            store.find(name, "adapter" if kind == "adapter" else "model")


def _about(model: Passport) -> str:
    """Say what a stored model is, on one line."""
    size = f"{model.size / 1e9:.1f} GB" if model.size >= 1e8 else f"{model.size / 1e6:.1f} MB"
    window = f"window {model.context_length:,}" if model.context_length else ""
    return ", ".join(part for part in (model.architecture, model.quantisation, size, window) if part)


def _where(name: str) -> str:
    """Say what a model that is no stored one is."""
    kind, colon, _ = name.partition(":")
    kinds = {"ollama": "in Ollama", "openai": "on a server", "fake": "a script"}
    return kinds.get(kind.lower(), "named in the settings") if colon else "named in the settings"
