"""Words of sentences that are used in several places.

A command in any text stands in backticks and begins with `localdev`; the door that shows it puts in what works there.
"""

from __future__ import annotations

from importlib.util import find_spec


def counted(number: int, noun: str) -> str:
    """Give `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def how_to_get_a_model(purpose: str = "for answers in words", *, engine: bool | None = None) -> str:
    """Say how to add a model, and the engine where it is not installed yet (None: look)."""
    if find_spec("llama_cpp") is not None if engine is None else engine:
        return f"{purpose}, `localdev models add FILE.gguf` adds a model"
    return f"{purpose}, `localdev setup llama` adds the engine, then `localdev models add FILE.gguf` a model"
