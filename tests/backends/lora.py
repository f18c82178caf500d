"""A writer of small LoRA adapters for the tiny model."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.models.conftest import gguf, pair, tensor

WIDTH, RANK = 128, 4


def write_adapter(
    path: Path,
    *,
    seed: int = 1,
    width: int = WIDTH,
    architecture: str = "llama",
    kind: str = "adapter",
    layers: Sequence[int] = (0, 3),
) -> Path:
    """Write an adapter of random weights for the query matrices of some layers, strong enough to change answers."""
    draw = np.random.default_rng(seed)
    pairs = [
        pair("general.architecture", architecture),
        pair("general.type", kind),
        pair("adapter.type", "lora"),
        ("adapter.lora.alpha", 6, struct.pack("<f", RANK)),
    ]
    tensors, data = [], b""
    for layer in layers:
        for part, shape in (("lora_a", (width, RANK)), ("lora_b", (RANK, width))):
            tensors.append(tensor(f"blk.{layer}.attn_q.weight.{part}", shape, offset=len(data)))
            data += draw.normal(0, 0.6, shape).astype("<f4").tobytes()
    path.write_bytes(gguf(pairs, tensors, data=data))
    return path
