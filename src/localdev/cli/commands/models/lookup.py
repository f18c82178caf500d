"""Finds what a name means where models and adapters are taken alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localdev.core.errors import NotFound

if TYPE_CHECKING:
    from localdev.core.folders import Folders
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore


def find_stored(store: ModelStore, text: str) -> Passport:
    """Give the stored model of this name, digest or path, and where there is none the adapter.

    Raises:
        NotFound: there is neither; the models are listed.
        UsageError: the digits fit several.
    """
    try:
        return store.find(text)
    except NotFound:
        try:
            return store.find(text, "adapter")
        except NotFound:
            pass
        raise


def adapters_for(model: Passport, store: ModelStore, folders: Folders) -> list[Passport]:
    """Give the stored adapters that fit a stored model."""
    from localdev.app.adapters import fitting

    return [adapter for adapter in store.list("adapter") if model.name in fitting(adapter, store, folders)]
