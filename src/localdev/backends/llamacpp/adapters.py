"""LoRA adapters of one loaded model: each file is loaded once, and switched between requests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.native import complaints, reason
from localdev.core.errors import ModelError, NotFound, UsageError

_HINT = "use an adapter that was made for this very model and converted to GGUF"


class AdapterShelf:
    """The adapters known by name, and those loaded so far."""

    def __init__(self, engine: Engine, files: Mapping[str, Path]) -> None:
        self._engine = engine
        self._files = files
        self._loaded: dict[Path, tuple[Any, str]] = {}

    def use(self, asked: str) -> None:
        """Switch to an adapter: `NAME`, a path to a `.gguf` file, either with `@SCALE`; empty means none.

        Raises:
            NotFound, ModelError, UsageError: there is no such adapter, it does not fit this model, or the scale is no
                number. The one in use stays.
        """
        path, scale = self._find(asked) if asked else (None, 0.0)
        if path is None or scale == 0:  # an adapter of no weight is the model itself
            self._engine.use_adapter(None, 0.0, "")
            return
        if path not in self._loaded:
            self._loaded[path] = self._load(path)
        adapter, digest = self._loaded[path]
        self._engine.use_adapter(adapter, scale, f"{digest}@{scale:g}")

    def _find(self, asked: str) -> tuple[Path, float]:
        """Give file and scale."""
        name, at, number = asked.rpartition("@")
        if not at or asked in self._files:
            name, number = asked, "1"
        path = self._files.get(name) or (Path(name).absolute() if name.lower().endswith(".gguf") else None)
        if path is None:
            known = ", ".join(sorted(self._files)) or "none"
            raise NotFound(f"unknown adapter {name!r}; known: {known}", "use a known name, or a path to a .gguf file")
        try:
            scale = float(number)
        except ValueError as error:
            raise UsageError(f"the adapter's scale {number!r} is no number", "write it as NAME@0.5") from error
        if not -100 <= scale <= 100:
            raise UsageError(f"the adapter's scale is {number}", "give a scale between -100 and 100")
        return path, scale

    def _load(self, path: Path) -> tuple[Any, str]:
        """Load a file; give the native adapter and the digest of its bytes."""
        try:
            with path.open("rb") as file:
                magic = file.read(4)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        except OSError as error:
            raise NotFound(
                f"cannot read the adapter {path}: {error.strerror or error}", "check the path of the adapter"
            ) from error
        if magic != b"GGUF":
            raise ModelError(f"the adapter {path} is not a GGUF file", _HINT)
        engine, lib = self._engine, self._engine.lib
        complaints.clear()
        adapter = lib.llama_adapter_lora_init(engine.model, os.fsencode(path))
        if not adapter:
            raise ModelError(f"the adapter {path} does not fit this model: {reason()}", _HINT)
        if lib.llama_adapter_get_alora_n_invocation_tokens(adapter):
            raise ModelError(f"the adapter {path} is to be switched on within a prompt, which is not built", _HINT)
        return adapter, digest
