"""Embedders by name: an explicit table, so that an unknown name is an error and never a substitution."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localdev.backends.embedders.static import StaticEmbedder
from localdev.core.errors import UsageError

if TYPE_CHECKING:
    from localdev.core.ports import Embedder

_MAKERS: dict[str, Callable[[], Embedder]] = {"static": StaticEmbedder}


def make_embedder(name: str = "static") -> Embedder:
    """Give the embedder called `name`, loaded.

    Raises UsageError for an unknown name, ModelError when the embedder's files are missing or damaged.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        raise UsageError(f"there is no embedder {name!r}", f"known embedders: {', '.join(sorted(_MAKERS))}")
    return maker()
