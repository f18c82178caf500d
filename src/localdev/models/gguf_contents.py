"""Reads what stands in front of the weights of one GGUF file: its metadata and the table of its tensors.

Reading allocates at most twice the size of the file, or 2 MiB where that is more: files are read in blocks, of arrays
only their length is kept (but for a few short ones), and the numbers of keys and tensors and the length of texts are
limited, each well above what any model has.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localdev.core.errors import ModelError
from localdev.models.gguf_bytes import HINT, LONGEST_KEPT, GgufBytes, Value
from localdev.models.gguf_tables import (
    ARCHITECTURE_KEY_TYPES,
    KEY_TYPES,
    REMOVED_TYPES,
    TENSOR_TYPES,
    WHOLE_NUMBERS,
    type_name,
)

# Real models have below 100 keys and below 3000 tensors.
_MOST_KEYS = 1 << 9
_MOST_TENSORS = 1 << 12
_LONGEST_KEY = 128
_TEMPLATES = "tokenizer.chat_template"
_LONGEST_TEMPLATE = 208 << 10  # bytes; the largest known are below 64 KiB
_LONGEST_TENSOR_NAME = 63  # llama.cpp keeps 64 bytes with the closing zero
_MOST_DIMENSIONS = 4
_LARGEST = 1 << 63
# llama.cpp aborts on tensors that are not at multiples of 32 (ggml `TENSOR_ALIGNMENT`).
_LEAST_ALIGNMENT, _MOST_ALIGNMENT = 32, 1 << 20
_KEY = re.compile(r"[!-~]+")  # the specification: ASCII, words with dots between
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MOST_NUMBERS = 512  # in an array that is kept: llama.cpp's limit of layers
# Arrays with a number for each layer, which say how much memory a model needs.
_PER_LAYER = (
    "attention.head_count",
    "attention.head_count_kv",
    "attention.sliding_window_pattern",
    "attention.recurrent_layers",
    "feed_forward_length",
    "expert_used_count",
)


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """A tensor as the header lists it: its shape (the length of a row first), the name of its type and where it is.

    `offset` counts bytes from the begin of the tensor data of its file, `size` is in bytes without padding.
    """

    shape: tuple[int, ...]
    type: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class GgufContents:
    """What stands in front of the weights: `arrays` holds those with a number for each layer, `metadata` the rest.

    `data_offset` is where the weights begin, `data_bytes` how much they take with padding between them.
    """

    version: int
    metadata: Mapping[str, Value]
    arrays: Mapping[str, tuple[int, ...]]
    tensors: Mapping[str, TensorEntry]
    data_offset: int
    data_bytes: int
    file_size: int

    def whole(self, key: str) -> int | None:
        """Give a whole number of the metadata, None when it is absent or something else."""
        value = self.metadata.get(key)
        return value if type(value) is int else None

    def text(self, key: str) -> str:
        """Give a string of the metadata, empty when it is absent or something else."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""


def read_contents(path: Path) -> GgufContents:
    """Read and check metadata and tensor table of one file.

    Raises:
        OSError: the file cannot be read.
        ModelError: not GGUF, of an unknown version, truncated or inconsistent.
    """
    with path.open("rb", buffering=0) as file:
        source = GgufBytes(file, os.fstat(file.fileno()).st_size, path)
        return _read(source, path)


def _read(source: GgufBytes, path: Path) -> GgufContents:
    """Read everything in front of the tensor data."""
    version, tensor_count, key_count = read_counts(source, path)
    metadata, arrays = _read_metadata(source, key_count)
    alignment = metadata.get("general.alignment", _LEAST_ALIGNMENT)
    if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1) or alignment > _MOST_ALIGNMENT:
        raise source.fault(f"its alignment is {alignment!r}")
    if tensor_count and alignment < _LEAST_ALIGNMENT:
        raise source.fault(f"its alignment is {alignment}, the engine needs {_LEAST_ALIGNMENT}")
    tensors, data_bytes = _read_tensors(source, tensor_count, alignment)
    data_offset = -(-source.position // alignment) * alignment
    file_size = source.position + source.left()
    if tensors and data_offset + data_bytes > file_size:
        raise ModelError(
            f"{path} is truncated: its tensors need {data_offset + data_bytes} bytes, the file has {file_size}", HINT
        )
    return GgufContents(version, metadata, arrays, tensors, data_offset, data_bytes, file_size)


def read_counts(source: GgufBytes, path: Path) -> tuple[int, int, int]:
    """Read the first 24 bytes and give (version 2 or 3, number of tensors, number of keys)."""
    if source.left() < 4 or source.take(4, "the magic") != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file", "models in other formats must be converted to GGUF first")
    version = source.number("<I", "the version")
    if version and not version & 0xFFFF:
        raise ModelError(f"{path} is a big-endian GGUF file", "get the little-endian file of the model")
    if version not in (2, 3):
        raise ModelError(f"{path} has GGUF version {version}; versions 2 and 3 are supported", HINT)
    tensor_count, key_count = source.number("<Q", "the header"), source.number("<Q", "the header")
    if key_count > _MOST_KEYS or tensor_count > _MOST_TENSORS:
        raise source.fault(
            f"it claims {key_count} metadata keys and {tensor_count} tensors (at most {_MOST_KEYS} and {_MOST_TENSORS})"
        )
    source.need(key_count * 13 + tensor_count * 24, "the header")  # the least a key and a tensor entry can take
    return version, tensor_count, key_count


def read_key(source: GgufBytes) -> str:
    """Read the next metadata key."""
    key = source.text("a metadata key", _LONGEST_KEY)
    if not _KEY.fullmatch(key):
        raise source.fault(f"the metadata key {key!r} is empty or not of printable ASCII")
    return key


def _read_metadata(source: GgufBytes, count: int) -> tuple[dict[str, Value], dict[str, tuple[int, ...]]]:
    """Read the metadata pairs; a key that comes twice is an error, as in llama.cpp."""
    found: dict[str, Value] = {}
    arrays: dict[str, tuple[int, ...]] = {}
    kinds: dict[str, int] = {}
    for _ in range(count):
        key = read_key(source)
        if key in found or key in arrays:
            raise source.fault(f"the metadata key {key!r} comes twice")
        kind = kinds[key] = source.kind(f"the type of {key!r}")
        what = f"the value of {key!r}"
        if key.partition(".")[2] in _PER_LAYER and kind >> 4 and kind & 15 in WHOLE_NUMBERS:
            if len(arrays) == len(_PER_LAYER):
                raise source.fault("several architectures describe their layers in it")
            arrays[key] = source.numbers(kind, _MOST_NUMBERS, what)
        else:
            template = key.startswith(_TEMPLATES)
            found[key] = source.value(kind, what, _LONGEST_TEMPLATE if template else LONGEST_KEPT)
            if template and found[key] is None:
                raise source.fault(f"{what}, a chat template, is too large")
    _refuse_wrong_types(source, kinds, found.get("general.architecture"))
    return found, arrays


def _refuse_wrong_types(source: GgufBytes, kinds: Mapping[str, int], architecture: Value) -> None:
    """Refuse a key of another type than llama.cpp reads it in."""
    prefix = f"{architecture}."
    for key, kind in kinds.items():
        wanted = KEY_TYPES.get(key)
        if wanted is None and key.startswith(prefix):
            wanted = ARCHITECTURE_KEY_TYPES.get(key[len(prefix) :])
        if wanted is not None and kind not in wanted:
            names = " or ".join(type_name(each) for each in wanted)
            raise source.fault(f"the metadata key {key!r} has the type {type_name(kind)} instead of {names}")


def _read_tensors(source: GgufBytes, count: int, alignment: int) -> tuple[dict[str, TensorEntry], int]:
    """Read the tensor entries and give them with the bytes of data, padding included.

    llama.cpp wants the tensors one after another, each at the next aligned place, so anything else is an error.
    """
    found: dict[str, TensorEntry] = {}
    end = 0
    for _ in range(count):
        name = source.text("a tensor name", _LONGEST_TENSOR_NAME)
        if not name or _CONTROL.search(name):
            raise source.fault(f"the tensor name {name!r} is empty or holds control characters")
        if name in found:
            raise source.fault(f"the tensor {name!r} comes twice")
        shape, kind, size = _read_extent(source, name)
        start = -(-end // alignment) * alignment
        offset = source.number("<Q", f"the place of tensor {name!r}")
        if offset != start:
            raise source.fault(f"tensor {name!r} is at {offset}, expected at {start}")
        found[name] = TensorEntry(shape, kind, offset, size)
        end = start + size
    return found, end


def _read_extent(source: GgufBytes, name: str) -> tuple[tuple[int, ...], str, int]:
    """Read shape and type of a tensor and give (shape, type name, bytes)."""
    dimensions = source.number("<I", f"the shape of tensor {name!r}")
    if dimensions > _MOST_DIMENSIONS:
        raise source.fault(f"tensor {name!r} has {dimensions} dimensions")
    shape = tuple(source.number("<Q", f"the shape of tensor {name!r}") for _ in range(dimensions))
    elements = 1
    for length in shape:
        elements *= length
    number = source.number("<I", f"the type of tensor {name!r}")
    if number in REMOVED_TYPES:
        raise source.fault(
            f"tensor {name!r} has the type {REMOVED_TYPES[number]}, which llama.cpp no longer reads",
            "get the model in a present quantisation, or quantise it anew from its F16 file",
        )
    if number not in TENSOR_TYPES:
        raise source.fault(f"tensor {name!r} has the unknown type {number}")
    kind, per_block, block_bytes = TENSOR_TYPES[number]
    if not 0 < elements < _LARGEST or (shape[0] if shape else 1) % per_block:
        raise source.fault(f"tensor {name!r} has the impossible shape {list(shape)} for the type {kind}")
    return shape, kind, elements // per_block * block_bytes
