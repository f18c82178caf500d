"""LoRA adapters of one loaded model: each file is loaded once, and switched between requests."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.native import complaints, reason
from localdev.core.errors import ModelError, NotFound, UsageError

_NO_ADAPTER = "expect general.type to be 'adapter'"  # llama.cpp's words
_HINT = "use an adapter that was made for this very model and converted to GGUF"


class AdapterShelf:
    """The adapters loaded so far; llama.cpp frees them with the model."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loaded: dict[Path, _Adapter] = {}

    def use(self, asked: str) -> None:
        """Switch to an adapter: a path to a `.gguf` file, perhaps with `@SCALE`; empty means none.

        Raises:
            NotFound, ModelError, UsageError: there is no such adapter, it does not fit this model, or the scale is no
                number. The one in use stays.
        """
        path, scale = self._find(asked) if asked else (None, 0.0)
        if path is None or scale == 0:  # an adapter of no weight is the model itself
            self._engine.use_adapter(None, 0.0, "")
            return
        loaded, now = self._loaded.get(path), _identity(path)
        if loaded is None or (now is not None and now != loaded.identity):  # one that is gone is not missed
            loaded = self._loaded[path] = self._load(path, now)
        self._engine.use_adapter(loaded.native, scale, f"{loaded.digest}@{scale:g}")

    def _find(self, asked: str) -> tuple[Path, float]:
        """Give file and scale."""
        name, at, number = asked.rpartition("@")
        if not at or asked.lower().endswith(".gguf"):
            name, number = asked, "1"
        if not name.lower().endswith(".gguf"):
            raise NotFound(f"unknown adapter {name!r}", "give the path of a .gguf file")
        try:
            scale = float(number)
        except ValueError as error:
            raise UsageError(f"the adapter's scale {number!r} is no number", "write it as PATH@0.5") from error
        if not -100 <= scale <= 100:
            raise UsageError(f"the adapter's scale is {number}", "give a scale between -100 and 100")
        return Path(name).absolute(), scale

    def _load(self, path: Path, identity: tuple[int, ...] | None) -> _Adapter:
        """Load a file."""
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
            why = reason()
            if _NO_ADAPTER in why:
                raise ModelError(f"{path} is a model, not an adapter", "give it to --model, or another file as adapter")
            raise ModelError(f"the adapter {path} does not fit this model: {why}", _HINT)
        if lib.llama_adapter_get_alora_n_invocation_tokens(adapter):
            raise ModelError(f"the adapter {path} is to be switched on within a prompt, which is not built", _HINT)
        return _Adapter(adapter, digest, identity)


@dataclass(frozen=True, slots=True)
class _Adapter:
    """A native adapter, the digest of its file's bytes, and which file it was."""

    native: Any
    digest: str
    identity: tuple[int, ...] | None


def _identity(path: Path) -> tuple[int, ...] | None:
    """Tell a file from another one of its name; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns)
