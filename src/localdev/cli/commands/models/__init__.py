"""`localdev models`: one file per verb, each of which registers itself on the group."""

from __future__ import annotations

from localdev.cli.commands.models import (
    adapters,
    add,
    bench,
    catalogue,
    export,
    import_,
    info,
    listing,
    perplexity,
    pull,
    quantize,
    remove,
    vet,
)
from localdev.cli.commands.models.group import app

__all__ = [
    "adapters",
    "add",
    "app",
    "bench",
    "catalogue",
    "export",
    "import_",
    "info",
    "listing",
    "perplexity",
    "pull",
    "quantize",
    "remove",
    "vet",
]
