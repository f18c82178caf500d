"""What `localdev models info` says of a LoRA adapter."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from localdev.core.errors import ModelError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localdev.core.folders import Folders
    from localdev.models.adapters import Lora
    from localdev.models.gguf import GgufModel
    from localdev.models.passport import Passport
    from localdev.models.store import ModelStore


def lora_facts(passport: Passport | None, model: GgufModel, store: ModelStore, folders: Folders) -> dict[str, Any]:
    """Give ranks, alpha and how many tensors it adapts, and the stored models that it fits; or why it is none."""
    from localdev.app.adapters import fitting
    from localdev.models.adapters import read_adapter

    try:
        lora = read_adapter(model.parts[0])
    except ModelError as error:
        return {"ranks": [], "alpha": 0.0, "tensors": 0, "fits": [], "error": str(error)}
    fits = fitting(passport, store, folders) if passport else _fitting(lora, store)
    return {
        "ranks": list(lora.ranks),
        "alpha": lora.alpha,
        "tensors": len(lora.pairs),
        "fits": list(fits),
        "error": "",
    }


def _fitting(lora: Lora, store: ModelStore) -> list[str]:
    """Give the names of the stored models that an adapter fits which is not stored itself."""
    from localdev.models.adapters import misfit, read_base

    fits = []
    for model in store.list():
        with contextlib.suppress(ModelError, NotFound):  # a damaged model fits nothing: whoever opens it is told
            if not misfit(lora, read_base(model.architecture, model.file)):
                fits.append(model.name)
    return fits


def lora_lines(adapter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give (label, text) of these."""
    if adapter["error"]:
        yield "unusable", adapter["error"]
        return
    yield "LoRA", f"{rank_and_alpha(adapter['ranks'], adapter['alpha'])}, of {adapter['tensors']} tensors"
    yield "fits", ", ".join(adapter["fits"]) or "none of the stored models"


def rank_and_alpha(ranks: Sequence[int], alpha: float) -> str:
    """Say them in a few words: `rank 8, alpha 16`."""
    return f"rank {', '.join(map(str, ranks))}, {f'alpha {alpha:g}' if alpha else 'no alpha'}"
