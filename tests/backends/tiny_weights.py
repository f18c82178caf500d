"""The tiny model's weights in numpy: to compute what llama.cpp computes, and to write it in another form."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.models.conftest import TINY, Pair, gguf, pair, tensor

HEADS, KV_HEADS, HEAD, LAYERS, EPSILON = 4, 2, 32, 5, 1e-5
Weights = Mapping[str, np.ndarray]
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def read(path: Path = TINY) -> tuple[list[Pair], dict[str, np.ndarray]]:
    """Give the metadata pairs as they are in the file, and each tensor as float64 of shape (rows, columns)."""
    data = path.read_bytes()
    _, _, tensors, keys = struct.unpack_from("<4sIQQ", data)
    at, pairs, entries = 24, [], []
    for _ in range(keys):
        key, at = _text(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        end = _end_of_value(data, at + 4, kind)
        pairs.append((key, kind, data[at + 4 : end]))
        at = end
    for _ in range(tensors):
        name, at = _text(data, at)
        (dimensions,) = struct.unpack_from("<I", data, at)
        shape = struct.unpack_from(f"<{dimensions}Q", data, at + 4)
        kind, offset = struct.unpack_from("<IQ", data, at + 4 + 8 * dimensions)
        assert kind == 0, "float32 alone"
        entries.append((name, shape, offset))
        at += 16 + 8 * dimensions
    start = -(-at // 32) * 32
    return pairs, {
        name: np.frombuffer(data, "<f4", int(np.prod(shape)), start + offset).reshape(shape[::-1]).astype("f8")
        for name, shape, offset in entries
    }


def _text(data: bytes, at: int) -> tuple[str, int]:
    """Read a string; give it and where it ends."""
    (length,) = struct.unpack_from("<Q", data, at)
    return data[at + 8 : at + 8 + length].decode(), at + 8 + length


def _end_of_value(data: bytes, at: int, kind: int) -> int:
    """Give where a value ends."""
    if kind == 8:
        return _text(data, at)[1]
    if kind != 9:
        return at + _SIZES[kind]
    inner, count = struct.unpack_from("<IQ", data, at)
    at += 12
    for _ in range(count):
        at = _end_of_value(data, at, inner)
    return at


def write(path: Path, pairs: Sequence[Pair], weights: Weights) -> Path:
    """Write a model of float32 weights."""
    entries, data = [], b""
    for name, values in weights.items():
        entries.append(tensor(name, values.shape[::-1], offset=len(data)))
        data += values.astype("<f4").tobytes()
        data += bytes(-len(data) % 32)
    path.write_bytes(gguf(pairs, entries, data=data))
    return path


def write_wide(path: Path) -> Path:
    """Write the tiny model with all its rows filled up with zeros to a multiple of 256, which k-quants need.

    It computes the same: the added heads and columns give nothing. The norms divide by the mean over twice as many
    values, so that their weights are a root of two smaller, and the epsilon half as large.
    """
    pairs, weights = read()
    changed = {
        "llama.embedding_length": 2 * HEADS * HEAD,
        "llama.feed_forward_length": 512,
        "llama.attention.head_count": 2 * HEADS,
        "llama.attention.head_count_kv": 2 * KV_HEADS,
    }
    pairs = [pair(key, changed[key]) if key in changed else (key, kind, value) for key, kind, value in pairs]
    epsilon = "llama.attention.layer_norm_rms_epsilon"
    pairs = [(key, kind, struct.pack("<f", EPSILON / 2) if key == epsilon else value) for key, kind, value in pairs]
    return write(path, pairs, {name: _wider(name, values) for name, values in weights.items()})


def _wider(name: str, values: np.ndarray) -> np.ndarray:
    """Fill up one tensor."""
    if name.endswith("norm.weight"):
        return np.pad(values / np.sqrt(2), (0, values.size))
    target = {128: 256, 64: 128, 320: 512}
    wider: np.ndarray = np.pad(values, [(0, target.get(size, size) - size) for size in values.shape])
    return wider


def logits(tokens: Sequence[int], weights: Weights) -> np.ndarray:
    """Compute the network in float64: give the logits behind each token, shape (tokens, vocabulary)."""
    hidden = weights["token_embd.weight"][list(tokens)]
    for layer in range(LAYERS):
        part = {name.removeprefix(f"blk.{layer}."): values for name, values in weights.items()}
        hidden = hidden + _attention(_norm(hidden, part["attn_norm.weight"]), part)
        inner = _norm(hidden, part["ffn_norm.weight"])
        gate = inner @ part["ffn_gate.weight"].T
        hidden = hidden + (gate / (1 + np.exp(-gate)) * (inner @ part["ffn_up.weight"].T)) @ part["ffn_down.weight"].T
    rows: np.ndarray = _norm(hidden, weights["output_norm.weight"]) @ weights["token_embd.weight"].T
    return rows


def _norm(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Divide by the root of the mean square."""
    normed: np.ndarray = values / np.sqrt((values**2).mean(axis=-1, keepdims=True) + EPSILON) * weight
    return normed


def _attention(inner: np.ndarray, part: Weights) -> np.ndarray:
    """Let each token look at itself and those before it."""
    count = len(inner)
    found = {}
    for name, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
        projected = (inner @ part[f"attn_{name}.weight"].T).reshape(count, heads, HEAD)
        found[name] = _turned(projected) if name != "v" else projected
    outputs = []
    for head in range(HEADS):
        k, v = (found[name][:, head * KV_HEADS // HEADS] for name in "kv")
        scores = found["q"][:, head] @ k.T / np.sqrt(HEAD)
        scores[np.triu_indices(count, 1)] = -np.inf
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        outputs.append(shares / shares.sum(axis=1, keepdims=True) @ v)
    added: np.ndarray = np.concatenate(outputs, axis=1) @ part["attn_output.weight"].T
    return added


def _turned(values: np.ndarray) -> np.ndarray:
    """Turn each neighbouring pair of a head's values by its token's place (rotary positions)."""
    angles = np.arange(len(values))[:, None] / 10000.0 ** (np.arange(0, HEAD, 2) / HEAD)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = values[..., ::2], values[..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(values.shape)


def write_importance(path: Path, rows: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Path:
    """Write an importance matrix as `llama-imatrix` does: for each tensor (matrices, row) sums, (matrices,) counts."""
    entries, data = [], b""
    for name, (sums, counts) in rows.items():
        for suffix, values in (("in_sum2", sums), ("counts", counts.reshape(-1, 1))):
            entries.append(tensor(f"{name}.{suffix}", values.shape[::-1], offset=len(data)))
            data += values.astype("<f4").tobytes()
            data += bytes(-len(data) % 32)
    pairs = [pair("general.type", "imatrix"), pair("imatrix.chunk_count", 1), pair("imatrix.chunk_size", 512)]
    path.write_bytes(gguf(pairs, entries, data=data))
    return path


def write_split(folder: Path, path: Path) -> list[Path]:
    """Write the model at `path` anew in two parts, as llama.cpp's `gguf-split` names and marks them."""
    pairs, weights = read(path)
    folder.mkdir()
    found, names = [], list(weights)
    for number, part in enumerate((names[:20], names[20:])):
        marks: list[Pair] = [
            ("split.no", 2, struct.pack("<H", number)),
            ("split.count", 2, struct.pack("<H", 2)),
            ("split.tensors.count", 5, struct.pack("<i", len(names))),
        ]
        own = [*pairs, *marks] if number == 0 else marks
        target = folder / f"{path.stem}-{number + 1:05d}-of-00002.gguf"
        found.append(write(target, own, {name: weights[name] for name in part}))
    return found
