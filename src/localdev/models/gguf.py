"""Reads the header of a GGUF file defensively: every size and count is checked against the file before it is used.

A file that passes has all its tensors inside it, in the order and at the places llama.cpp expects them. What the
weights say, and whether the engine knows the architecture, only loading shows.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf_bytes import HINT, GgufBytes, Value
from localdev.models.gguf_tables import FILE_TYPES, TENSOR_TYPES

_MOST_KEYS = 1 << 16
_MOST_TENSORS = 1 << 16
_LONGEST_KEY = (1 << 16) - 1
_LONGEST_TENSOR_NAME = 63  # llama.cpp keeps 64 bytes with the closing zero
_MOST_DIMENSIONS = 4
_LARGEST = 1 << 63
_SPLIT_NAME = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_FIM_KEYS = {
    "prefix": ("tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"),
    "suffix": ("tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"),
    "middle": ("tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"),
}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says of itself.

    `parameters` counts the elements of all tensors, `tensor_bytes` their size with padding, `data_offset` where they
    begin. `fim_tokens` maps prefix, suffix and middle to token ids, as far as the file declares them. `metadata` holds
    the scalar and string values; of an array its length. `kind` is `model`, or `adapter` and the like.
    """

    version: int
    architecture: str
    kind: str
    name: str
    parameters: int
    quantisation: str
    context_length: int
    chat_template: str
    fim_tokens: Mapping[str, int]
    vocabulary: int
    tensor_count: int
    tensor_bytes: int
    data_offset: int
    file_size: int
    metadata: Mapping[str, Value] = field(repr=False)


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of `path`: in milliseconds, even for a hostile file in seconds and some 20 MB.

    Raises:
        NotFound: there is no such file, or it may not be read.
        ModelError: it is no file or one part of several, not GGUF, of an unknown version, truncated or inconsistent.
    """
    try:
        _refuse_other_than_single_files(path)
        with path.open("rb") as file:
            return _read(GgufBytes(file, os.fstat(file.fileno()).st_size, path), path)
    except OSError as error:
        raise NotFound(f"cannot read the model file {path}: {error.strerror or error}", "check the path") from error


def _refuse_other_than_single_files(path: Path) -> None:
    """Only single files are supported; opening a pipe would wait for whoever writes to it."""
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "no file"
        raise ModelError(f"{path} is {what}; this version runs single GGUF files only", "name the .gguf file itself")
    if _SPLIT_NAME.search(path.name):
        raise ModelError(
            f"{path.name} is one part of a model split over several files; this version runs single GGUF files only",
            "join the parts with llama-gguf-split --merge, or get the model as one file",
        )


def _read(source: GgufBytes, path: Path) -> GgufHeader:
    """Read everything in front of the tensor data."""
    version = _read_version(source, path)
    tensor_count, key_count = source.number("<Q", "the header"), source.number("<Q", "the header")
    if key_count > _MOST_KEYS or tensor_count > _MOST_TENSORS:
        raise source.fault(f"it claims {key_count} metadata keys and {tensor_count} tensors")
    source.need(key_count * 13 + tensor_count * 24, "the header")  # the least a key and a tensor entry can take
    metadata = _read_metadata(source, key_count)
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise source.fault("it names no architecture")
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or alignment < 1 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise source.fault(f"its alignment is {alignment!r}")
    sizes, parameters, data_bytes = _read_tensors(source, tensor_count, alignment)
    data_offset = -(-source.position // alignment) * alignment
    file_size = source.position + source.left()
    if sizes and data_offset + data_bytes > file_size:
        raise ModelError(
            f"{path} is truncated: its tensors need {data_offset + data_bytes} bytes, the file has {file_size}", HINT
        )
    return GgufHeader(
        version=version,
        architecture=architecture,
        kind=_text(metadata, "general.type") or "model",
        name=_text(metadata, "general.name"),
        parameters=parameters,
        quantisation=_quantisation(metadata, sizes),
        context_length=_whole(metadata, f"{architecture}.context_length"),
        chat_template=_text(metadata, "tokenizer.chat_template"),
        fim_tokens=_fim_tokens(metadata),
        vocabulary=_whole(metadata, "tokenizer.ggml.tokens"),
        tensor_count=tensor_count,
        tensor_bytes=data_bytes,
        data_offset=data_offset,
        file_size=file_size,
        metadata=metadata,
    )


def _read_version(source: GgufBytes, path: Path) -> int:
    """Check the magic bytes and give the version, 2 or 3."""
    if source.left() < 4 or source.take(4, "the magic") != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file", "models in other formats must be converted to GGUF first")
    version = source.number("<I", "the version")
    if version and not version & 0xFFFF:
        raise ModelError(f"{path} is a big-endian GGUF file", "get the little-endian file of the model")
    if version not in (2, 3):
        raise ModelError(f"{path} has GGUF version {version}; versions 2 and 3 are supported", HINT)
    return version


def _read_metadata(source: GgufBytes, count: int) -> dict[str, Value]:
    """Read the metadata pairs; a key that comes twice is an error, as in llama.cpp."""
    found: dict[str, Value] = {}
    for _ in range(count):
        key = source.text("a metadata key", _LONGEST_KEY)
        if key in found:
            raise source.fault(f"the metadata key {key!r} comes twice")
        kind = source.number("<I", f"the type of {key!r}")
        found[key] = source.value(kind, f"the value of {key!r}")
    return found


def _read_tensors(source: GgufBytes, count: int, alignment: int) -> tuple[Counter[str], int, int]:
    """Read the tensor entries and give (bytes per tensor type, elements, bytes of data with padding).

    llama.cpp wants the tensors one after another, each at the next aligned place, so anything else is an error.
    """
    sizes: Counter[str] = Counter()
    names: set[str] = set()
    elements_in_all = end = 0
    for _ in range(count):
        name = source.text("a tensor name", _LONGEST_TENSOR_NAME)
        if name in names:
            raise source.fault(f"the tensor {name!r} comes twice")
        names.add(name)
        type_name, elements, size = _read_extent(source, name)
        start = -(-end // alignment) * alignment
        offset = source.number("<Q", f"the place of tensor {name!r}")
        if offset != start:
            raise source.fault(f"tensor {name!r} is at {offset}, expected at {start}")
        sizes[type_name] += size
        elements_in_all += elements
        end = start + size
    return sizes, elements_in_all, end


def _read_extent(source: GgufBytes, name: str) -> tuple[str, int, int]:
    """Read shape and type of a tensor and give (type name, elements, bytes)."""
    dimensions = source.number("<I", f"the shape of tensor {name!r}")
    if dimensions > _MOST_DIMENSIONS:
        raise source.fault(f"tensor {name!r} has {dimensions} dimensions")
    shape = [source.number("<Q", f"the shape of tensor {name!r}") for _ in range(dimensions)]
    elements = 1
    for length in shape:
        elements *= length
    type_number = source.number("<I", f"the type of tensor {name!r}")
    if type_number not in TENSOR_TYPES:
        raise source.fault(f"tensor {name!r} has the unknown type {type_number}")
    type_name, per_block, block_bytes = TENSOR_TYPES[type_number]
    if elements >= _LARGEST or (shape[0] if shape else 1) % per_block:
        raise source.fault(f"tensor {name!r} has the impossible shape {shape} for the type {type_name}")
    return type_name, elements, elements // per_block * block_bytes


def _quantisation(metadata: Mapping[str, Value], sizes: Counter[str]) -> str:
    """Give the declared quantisation, else the tensor type that takes the most bytes."""
    declared = metadata.get("general.file_type")
    if isinstance(declared, int) and declared in FILE_TYPES:
        return FILE_TYPES[declared]
    return sizes.most_common(1)[0][0] if sizes else ""


def _fim_tokens(metadata: Mapping[str, Value]) -> dict[str, int]:
    """Give the declared fill-in-the-middle tokens; files before mid-2024 use the older key."""
    found = {}
    for part, keys in _FIM_KEYS.items():
        for key in keys:
            value = metadata.get(key)
            if type(value) is int and part not in found:
                found[part] = value
    return found


def _text(metadata: Mapping[str, Value], key: str) -> str:
    """Give a string value, empty when it is absent or something else."""
    value = metadata.get(key)
    return value if isinstance(value, str) else ""


def _whole(metadata: Mapping[str, Value], key: str) -> int:
    """Give a whole number, 0 when it is absent or something else."""
    value = metadata.get(key)
    return value if type(value) is int else 0
