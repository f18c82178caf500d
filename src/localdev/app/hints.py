"""Sentences that name a command, in the form that works for how localdev was started."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path


def program() -> str:
    """Give what to type for localdev: the checkout's script where it was started from one."""
    checkout = os.environ.get("LOCALDEV_CHECKOUT", "")
    if not checkout:
        return "localdev"
    script = Path(checkout, "scripts", "localdev")
    try:
        return str(script.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or the current folder is gone: the full path works from anywhere
        return str(script)


def how_to_get_a_model(*, engine: bool | None = None) -> str:
    """Say how to add a model, and the engine where it is not installed yet (None: look)."""
    name = program()
    if find_spec("llama_cpp") is not None if engine is None else engine:
        return f"for answers in words, `{name} models add FILE.gguf` adds a model"
    return f"for answers in words, `{name} setup llama` adds the engine, then `{name} models add FILE.gguf` a model"
