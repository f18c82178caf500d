"""Which backend runs which model: one explicit table, nothing discovered, nothing substituted.

A new backend is a new file and one line in `FACTORIES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from localdev.backends.engine.process import ProcessBackend
from localdev.backends.fake import load_script
from localdev.backends.options import BackendOptions
from localdev.core.errors import UsageError
from localdev.core.ports import ChatBackend

Factory = Callable[[str, BackendOptions], ChatBackend]


def _open_gguf(model: str, options: BackendOptions) -> ChatBackend:
    """Load a GGUF file in a process of its own; `model` is its path."""
    return ProcessBackend(Path(model), options)


def _open_fake(model: str, options: BackendOptions) -> ChatBackend:
    """Open a script; `model` is `fake:PATH`. The script itself says the window, so the options do not apply."""
    return load_script(Path(model.removeprefix("fake:")))


def _open_ollama(model: str, options: BackendOptions) -> ChatBackend:
    """Find a model of an Ollama; `model` is `ollama:NAME[:TAG][@URL]`."""
    from localdev.backends.ollama_api.backend import OllamaBackend

    return OllamaBackend(model, options)


def _open_openai(model: str, options: BackendOptions) -> ChatBackend:
    """Find a server's model; `model` is `openai:NAME` or `openai:NAME@URL`."""
    from localdev.backends.openai_api.backend import OpenAIBackend  # brings http and ssl: some 30 ms

    return OpenAIBackend(model, options)


FACTORIES: dict[str, Factory] = {
    "gguf": _open_gguf,
    "fake": _open_fake,
    "ollama": _open_ollama,
    "openai": _open_openai,
}
FORMS = "a name that `localdev models list` shows, a path to a .gguf file, ollama:NAME, or openai:NAME"
# At least two letters, so that the drive in `C:\models\a.gguf` is not taken for a kind.
_SCHEME = re.compile(r"([a-z][a-z0-9+-]+):", re.IGNORECASE)


def kind_of(model: str) -> str:
    """Give the backend kind a model string names, known or not: `gguf`, `fake`, another scheme, or empty."""
    scheme = _SCHEME.match(model)
    if scheme:
        return scheme[1].lower()
    return "gguf" if model.lower().endswith(".gguf") else ""


def open_backend(model: str, *, options: BackendOptions | None = None) -> ChatBackend:
    """Open the backend for `model`: a path that ends in `.gguf`, or `fake:SCRIPT.json`.

    Names from the model store are not known here; the caller turns them into paths first.

    Raises:
        UsageError: the kind is unknown or not built in this version.
        ModelError, MissingExtra, NotFound: what the chosen backend says.
    """
    kind = kind_of(model)
    if kind not in FACTORIES:
        what = (
            f"models of the kind {kind!r} are not built in this version"
            if kind
            else f"unknown kind of model: {model!r}"
        )
        raise UsageError(what, f"use {FORMS}")
    return FACTORIES[kind](model, options or BackendOptions())
