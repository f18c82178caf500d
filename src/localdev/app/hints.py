"""Words of sentences that are used in several places.

A command in any text stands in backticks and begins with `localdev`; the door that shows it puts in what works there.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from localdev.core.sizes import sized

if TYPE_CHECKING:
    from localdev.models.catalogue_fit import Choice


def how_to_get_a_model(purpose: str = "for answers in words", *, engine: bool | None = None, job: str = "ask") -> str:
    """Say how to add a model, with one that fits this machine as an example, and the engine (None: look for it)."""
    such = example(job)
    if find_spec("llama_cpp") is not None if engine is None else engine:
        return f"{purpose}, `localdev models add FILE.gguf` adds a model; {such} (`localdev init` says how)"
    return (
        f"{purpose}, `localdev setup llama` adds the engine, then `localdev models add FILE.gguf` a model; "
        f"{such} (`localdev init` says how)"
    )


def example(job: str = "ask") -> str:
    """Name one model of the catalogue that fits this machine, and its size."""
    chosen = suggested(job)
    if chosen is None:
        return "this machine has too little memory for any model of the catalogue"
    size = chosen.model.chosen().bytes
    return f"one that fits here is {chosen.model.title}" + (f", {sized(size)}" if size else "")


def suggested(job: str = "ask", *, memory_bytes: int | None = None) -> Choice | None:
    """Give the model of the catalogue to name first for a job on this machine; None when none fits."""
    from localdev.core.machine import memory_bytes as of_this_machine
    from localdev.models.catalogue import load_catalogue
    from localdev.models.catalogue_fit import fits

    memory = of_this_machine() if memory_bytes is None else memory_bytes
    return next(iter(fits(load_catalogue().models, memory, job)), None)
