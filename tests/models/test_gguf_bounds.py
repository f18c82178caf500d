"""Time and memory of reading hostile files: whatever stands in one, at most twice its size or 2 MiB is allocated."""

from __future__ import annotations

import os
import random
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf import read_model, read_tensors
from localdev.models.memory import memory_need
from tests.models.conftest import TINY, gguf, pair, tensor

FLOOR = 2 << 20
ARCHITECTURE = pair("general.architecture", "llama")
ASTRAL = "\U0001f600"  # makes a whole string take four bytes a character


def strings(count: int, item: bytes) -> bytes:
    """Encode an array of the same string."""
    return struct.pack("<IQ", 8, count) + (struct.pack("<Q", len(item)) + item) * count


def vocabulary(tokens: list[bytes]) -> bytes:
    """Encode an array of these tokens."""
    return struct.pack("<IQ", 8, len(tokens)) + b"".join(struct.pack("<Q", len(each)) + each for each in tokens)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "keys": lambda: gguf([ARCHITECTURE, *(pair(f"{number:0128d}", 2**32 - 1) for number in range(511))]),
    "keys of text": lambda: gguf([ARCHITECTURE, *(pair(f"k{number}", "a" * 400 + ASTRAL) for number in range(511))]),
    "tensors": lambda: gguf(
        [ARCHITECTURE],
        [tensor(f"{number:x}", [3, 3, 3, 3], offset=352 * number) for number in range(4096)],
        data=bytes(352 * 4096),
    ),
    "small tensors": lambda: gguf(
        [ARCHITECTURE],
        [tensor(f"{number:063x}", [1], offset=32 * number) for number in range(4096)],
        data=bytes(32 * 4096),
    ),
    "large template": lambda: gguf(
        [ARCHITECTURE, pair("a", "x" * 65_000 + ASTRAL), pair("tokenizer.chat_template", "x" * 212_000 + ASTRAL)]
    ),
    "long text": lambda: gguf([ARCHITECTURE, pair("a", ASTRAL * (1 << 20))]),
    "layers": lambda: gguf(
        [
            ARCHITECTURE,
            *(
                (f"llama{n}.{name}", 9, struct.pack("<IQ512Q", 10, 512, *[2**64 - 1] * 512))
                for n in range(2)
                for name in ("attention.sliding_window_pattern", "attention.recurrent_layers")
            ),
        ]
    ),
    "empty strings": lambda: gguf([ARCHITECTURE, ("x", 9, strings(1 << 15, b""))]),
    "empty tokens": lambda: gguf([ARCHITECTURE, ("tokenizer.ggml.tokens", 9, strings(1 << 15, b""))]),
    "small tokens": lambda: gguf(
        [ARCHITECTURE, ("tokenizer.ggml.tokens", 9, vocabulary([b"%x" % number for number in range(20_000)]))]
    ),
    "claims": lambda: b"GGUF" + struct.pack("<IQQ", 3, 4096, 512) + bytes(8),
    "a claimed text": lambda: gguf([ARCHITECTURE, ("a", 8, struct.pack("<Q", 60_000))], data=bytes(0)),
    "a claimed token": lambda: gguf([ARCHITECTURE, ("tokenizer.ggml.tokens", 9, strings(1, b"")[:-8] + b"\xff" * 8)]),
}


def read_all_ways(path: Path) -> None:
    """Read a file in every way there is; only errors of ours may come of it."""
    for read in (lambda: memory_need(read_model(path).header, 4096), lambda: read_tensors(path)):
        try:
            read()
        except (ModelError, NotFound) as error:
            assert str(error) and error.hint


def measured(path: Path) -> tuple[int, float]:
    """Read a file in every way there is and give (bytes at the peak, seconds)."""
    started = time.perf_counter()
    tracemalloc.start()
    try:
        read_all_ways(path)
        return tracemalloc.get_traced_memory()[1], time.perf_counter() - started
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", HOSTILE)
def test_memory_is_bounded(shape: str, write: Callable[..., Path]) -> None:
    """Neither what a file claims nor what it holds makes reading allocate more than the rule allows."""
    path = write(HOSTILE[shape]())
    read_all_ways(path)  # what is imported and compiled on the way is no part of it
    peak, _ = measured(path)
    assert peak <= max(2 * path.stat().st_size, FLOOR)


def test_changed_bytes_give_only_errors_of_ours(tmp_path: Path) -> None:
    """Whatever is changed, moved or doubled in a real header, reading ends soon, in bounds and with our errors."""
    draw = random.Random(5)
    whole, path = TINY.read_bytes(), tmp_path / "changed.gguf"
    interesting = [0, 1, 2, 3, 8, 9, 31, 127, 128, 255]
    for _ in range(120):
        data = bytearray(whole[: 1 << 16])
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(1500) if draw.random() < 0.7 else draw.randrange(len(data))
            kind = draw.random()
            if kind < 0.6:
                data[at] = draw.choice(interesting)
            elif kind < 0.8:
                data[at : at + 8] = struct.pack("<Q", draw.choice([0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]))
            else:
                data[at:at] = data[at : at + draw.randint(1, 64)]
        path.write_bytes(data)
        os.truncate(path, draw.choice([len(data), len(whole)]))
        peak, seconds = measured(path)
        assert peak <= max(2 * path.stat().st_size, FLOOR)
        assert seconds < 5
