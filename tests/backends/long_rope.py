"""A writer of the tiny model with rotations that depend on the size of the context, as the Phi-3 family has."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from tests.models.conftest import pair, tensor, text

HALF = 16  # half of the dimensions that are rotated
BORDER = 2048 + 256  # larger contexts take the factors for long ones


def write_long_rope(path: Path, tiny: Path) -> Path:
    """Write the tiny model with a window of twice its own, and other factors for contexts beyond `BORDER` tokens."""
    data = tiny.read_bytes()
    tensors, pairs = struct.unpack_from("<QQ", data, 8)
    first = end = data.index(b"token_embd.weight") - 8
    for _ in range(tensors):
        (length,) = struct.unpack_from("<Q", data, end)
        (dimensions,) = struct.unpack_from("<I", data, end + 8 + length)
        end += 8 + length + 4 + 8 * dimensions + 12
    weights = data[-(-end // 32) * 32 :]
    more = [pair("llama.rope.scaling.type", "longrope"), pair("llama.rope.scaling.original_context_length", BORDER)]
    window = text("llama.context_length") + struct.pack("<I", 4)
    header = data[24:first].replace(window + struct.pack("<I", 2048), window + struct.pack("<I", 4096))
    header += b"".join(text(key) + struct.pack("<I", kind) + value for key, kind, value in more)
    factors = [np.full(HALF, value, "<f4").tobytes() for value in (1.0, 3.0)]
    names = [f"rope_factors_{name}.weight" for name in ("short", "long")]
    added = b"".join(
        tensor(name, (HALF,), offset=len(weights) + number * len(factors[0])) for number, name in enumerate(names)
    )
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors + 2, pairs + len(more)) + header + data[first:end] + added
    path.write_bytes(head + bytes(-len(head) % 32) + weights + b"".join(factors))
    return path
