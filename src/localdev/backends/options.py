"""What a backend is opened with, apart from the model itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

# What a server is asked before a question is answered from memory, but some (llama_cpp.server) only after the request
# that they are at: 30 s leave room for an ordinary answer.
_LOOK_SECONDS = 30.0
LOOK_HINT = "see whether the server is busy, or stuck; remote.first_token_seconds, but at most 30 s, is how long it has"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How the embedded engine runs a model.

    `threads` 0 means one per physical core. `gpu_layers` -1 puts as many layers on a GPU as fit, where the engine was
    built for one. `flash_attention` is `auto`, `on` or `off`; `kv_type` the type of the kept state (`f16`, `f32`,
    `q8_0`, `q4_0`); `lookup` the most tokens guessed ahead from the prompt (0: none). States of prefixes are kept under
    `states` up to `states_bytes` (None or 0: in memory only).
    `host_module` is what Python runs in the process of the engine, for a caller who has more to set up in it.
    """

    threads: int = 0
    gpu_layers: int = -1
    flash_attention: str = "auto"
    kv_type: str = "f16"
    lookup: int = 0
    states: Path | None = None
    states_bytes: int = 0
    host_module: str = "localdev.backends.engine.host"


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """How a server is spoken to.

    `url` is its address without a path of its own beyond the API's root. The times are in seconds: to connect, to the
    first token, and between two. `retries` are made only before the first token. `keep_alive` is how long an Ollama
    keeps the model loaded.
    """

    url: str = ""
    api_key: str = field(default="", repr=False)
    connect_seconds: float = 5.0
    first_token_seconds: float = 300.0
    gap_seconds: float = 60.0
    retries: int = 2
    keep_alive: str = "15m"

    @property
    def look_seconds(self) -> float:
        """Give how long finding out what a server is may take."""
        return min(self.first_token_seconds, _LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """How to open a model.

    `context_window` is the most tokens a request may use (prompt and answer); 0 takes the model's own window. `name`
    and `digest` are what `describe()` reports; an empty name becomes the file's stem.
    """

    context_window: int = 0
    name: str = ""
    digest: str = ""
    engine: EngineOptions = field(default_factory=EngineOptions)
    remote: RemoteOptions = field(default_factory=RemoteOptions)
