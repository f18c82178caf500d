"""Make a language model of the shape of a small one, with random weights, to measure the engine with.

    python scripts/make_synthetic_model.py --vocab ggml-vocab-qwen2.gguf --out synthetic.gguf      # needs numpy

It has 24 layers of width 896, 14 heads (2 for keys and values) and a feed-forward of 4864, all in Q4_0: the shape of
the 0.5-billion-parameter models people run on laptops, hence their time for a token. Tokenizer and chat template are
those of the vocabulary-only file, of which several come with the source distribution of llama-cpp-python, under
`vendor/llama.cpp/models`. What it writes means nothing.
"""

from __future__ import annotations

import argparse
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from localdev.models.gguf_bytes import GgufBytes, Value
from localdev.models.gguf_tables import SCALARS, STRING

LAYERS, WIDTH, HIDDEN, HEADS, KV_HEADS, WINDOW, SEED = 24, 896, 4864, 14, 2, 32768, 7
_ALIGNMENT, _VERSION = 32, 3
_F32, _Q4_0 = 0, 2  # tensor types
_UINT32, _FLOAT32 = 4, 6  # value types
_BLOCK = 32  # weights that share a scale in Q4_0
# Weights are d * (-7..7) with zero twice as likely: their standard deviation is this many d.
_SPREAD = math.sqrt(2 * sum(step * step for step in range(1, 8)) / 16)
# Small against what the layers add, so that the next token is not simply the last one again (the output matrix is the
# embedding); the norm in front of the output then gives logits a standard deviation of 3.
_EMBEDDING = 0.02
_LOGITS = 3.0


@dataclass(frozen=True)
class Tensor:
    """One tensor to write: GGUF's name, the shape as numpy has it (rows, columns), and the spread of its weights.

    Vectors are float32: `centre` plus normal numbers times `spread`. Matrices are Q4_0.
    """

    name: str
    shape: tuple[int, ...]
    spread: float
    centre: float = 0.0

    @property
    def kind(self) -> int:
        """The tensor type."""
        return _F32 if len(self.shape) == 1 else _Q4_0

    @property
    def size(self) -> int:
        """Bytes without padding."""
        elements = math.prod(self.shape)
        return elements * 4 if self.kind == _F32 else elements // _BLOCK * 18


def tensors(vocabulary: int) -> Iterator[Tensor]:
    """List the model's tensors; a matrix of n columns spreads by 1 / sqrt(n) and so keeps the size of its input."""
    yield Tensor("token_embd.weight", (vocabulary, WIDTH), _EMBEDDING)
    yield Tensor("output_norm.weight", (WIDTH,), 0.0, _LOGITS / (_EMBEDDING * math.sqrt(WIDTH)))
    narrow = WIDTH // HEADS * KV_HEADS
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            yield Tensor(f"blk.{layer}.{norm}.weight", (WIDTH,), 0.1, 1.0)
        for name, rows in (("attn_q", WIDTH), ("attn_k", narrow), ("attn_v", narrow)):
            yield Tensor(f"blk.{layer}.{name}.weight", (rows, WIDTH), WIDTH**-0.5)
            yield Tensor(f"blk.{layer}.{name}.bias", (rows,), 0.1)
        yield Tensor(f"blk.{layer}.attn_output.weight", (WIDTH, WIDTH), WIDTH**-0.5)
        yield Tensor(f"blk.{layer}.ffn_gate.weight", (HIDDEN, WIDTH), WIDTH**-0.5)
        yield Tensor(f"blk.{layer}.ffn_up.weight", (HIDDEN, WIDTH), WIDTH**-0.5)
        yield Tensor(f"blk.{layer}.ffn_down.weight", (WIDTH, HIDDEN), HIDDEN**-0.5)


def read_tokenizer(path: Path) -> tuple[dict[str, bytes], int]:
    """Give a file's `tokenizer.*` entries as they are written in it, and the number of tokens."""
    kept: dict[str, bytes] = {}
    vocabulary: Value = 0
    raw = path.read_bytes()
    with path.open("rb") as file:
        source = GgufBytes(file, len(raw), path)
        if source.take(4, "the magic") != b"GGUF" or source.number("<I", "the version") != _VERSION:
            raise SystemExit(f"{path} is not a GGUF file of version {_VERSION}")
        source.number("<Q", "the header")
        for _ in range(source.number("<Q", "the header")):
            start = source.position
            key = source.text("a key", 1 << 16)
            value = source.value(source.kind(key), key)
            if key.startswith("tokenizer."):
                kept[key] = raw[start : source.position]
            if key == "tokenizer.ggml.tokens":
                vocabulary = value
    if not isinstance(vocabulary, int) or not vocabulary:
        raise SystemExit(f"{path} holds no vocabulary")
    return kept, vocabulary


def metadata() -> dict[str, str | int | float]:
    """Give what the file says of itself apart from its tokenizer."""
    return {
        "general.architecture": "qwen2",
        "general.name": "synthetic 0.5B",
        "general.file_type": 2,  # mostly Q4_0
        "qwen2.block_count": LAYERS,
        "qwen2.context_length": WINDOW,
        "qwen2.embedding_length": WIDTH,
        "qwen2.feed_forward_length": HIDDEN,
        "qwen2.attention.head_count": HEADS,
        "qwen2.attention.head_count_kv": KV_HEADS,
        "qwen2.rope.freq_base": 1e6,
        "qwen2.attention.layer_norm_rms_epsilon": 1e-6,
    }


def write(path: Path, tokenizer: Mapping[str, bytes], vocabulary: int) -> None:
    """Write the model; the same numpy draws the same file."""
    rng = np.random.default_rng(SEED)
    listed = list(tensors(vocabulary))
    own = metadata()
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", _VERSION, len(listed), len(own) + len(tokenizer)))
        for key, value in own.items():
            file.write(_entry(key, value))
        for entry in tokenizer.values():
            file.write(entry)
        offset = 0
        for tensor in listed:
            shape = tensor.shape[::-1]  # GGUF begins with the length of a row
            file.write(_string(tensor.name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape))
            file.write(struct.pack("<IQ", tensor.kind, offset))
            offset += -(-tensor.size // _ALIGNMENT) * _ALIGNMENT
        for tensor in listed:
            _pad(file)
            file.write(_draw(tensor, rng))
        _pad(file)


def _draw(tensor: Tensor, rng: np.random.Generator) -> bytes:
    """Draw the weights of a tensor in the form the file holds."""
    if tensor.kind == _F32:
        return (tensor.centre + tensor.spread * rng.standard_normal(tensor.shape)).astype("<f4").tobytes()
    blocks: npt.NDArray[np.uint8] = np.empty((math.prod(tensor.shape) // _BLOCK, 18), dtype=np.uint8)
    blocks[:, :2] = np.frombuffer(np.float16(tensor.spread / _SPREAD).tobytes(), dtype=np.uint8)
    blocks[:, 2:] = _NIBBLES[rng.integers(0, 256, (len(blocks), 16), dtype=np.uint8)]
    return blocks.tobytes()


# Two weights in a byte, each 0..15 for -8..7. -8 becomes 0: weights that lean to one side make all tokens look alike.
_NIBBLES = np.array([(high or 8) << 4 | (low or 8) for high in range(16) for low in range(16)], dtype=np.uint8)


def _entry(key: str, value: str | int | float) -> bytes:
    """Write one metadata entry."""
    if isinstance(value, str):
        return _string(key) + struct.pack("<I", STRING) + _string(value)
    kind = _UINT32 if isinstance(value, int) else _FLOAT32
    return _string(key) + struct.pack("<I", kind) + struct.pack(SCALARS[kind], value)


def _string(text: str) -> bytes:
    """Write a string with its length."""
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _pad(file: BinaryIO) -> None:
    """Fill up to the next aligned place."""
    file.write(bytes(-file.tell() % _ALIGNMENT))


def main() -> None:
    """Make the model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--vocab", type=Path, required=True, help="a GGUF file with a vocabulary alone")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write(options.out, *read_tokenizer(options.vocab))
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
