"""What a backend is opened with, apart from the model itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """How to open a model.

    `context_window` is the most tokens a request may use (prompt and answer); 0 takes the model's own window.
    `threads` 0 means one per physical core. `gpu_layers` -1 puts as many layers as there are on a GPU, where the engine
    was built for one. `name` and `digest` are what `describe()` reports; an empty name becomes the file's stem.
    """

    context_window: int = 0
    threads: int = 0
    gpu_layers: int = -1
    name: str = ""
    digest: str = ""
