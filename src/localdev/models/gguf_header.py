"""What a GGUF file says of itself, in the few fields that the rest of the program asks for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localdev.core.errors import ModelError
from localdev.models.gguf_bytes import HINT, Value
from localdev.models.gguf_checks import complaint
from localdev.models.gguf_contents import GgufContents
from localdev.models.gguf_tables import FILE_TYPES

_FIM_KEYS = {
    "prefix": ("tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"),
    "suffix": ("tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"),
    "middle": ("tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"),
}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says of itself.

    `parameters` counts the elements of all tensors, `tensor_bytes` their size with padding, `data_offset` where they
    begin. `fim_tokens` maps prefix, suffix and middle to token ids, as far as the file declares them and has them.
    `metadata` holds the scalar and string values; of an array its length, but those with a number for each layer are
    in `arrays`. `kind` is `model`, or `adapter` and the like. Of a split model the counts and sizes are sums.
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
    arrays: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False)


def header_of(contents: GgufContents, path: Path) -> GgufHeader:
    """Make the header of what was read of a whole model.

    Raises:
        ModelError: it names no architecture, or says what would end the process that loads it.
    """
    architecture = contents.text("general.architecture")
    reason = complaint(contents) if architecture else "it names no architecture"
    if reason:
        raise ModelError(f"{path} is not a usable GGUF file: {reason}", HINT)
    sizes: Counter[str] = Counter()
    for tensor in contents.tensors.values():
        sizes[tensor.type] += tensor.size
    return GgufHeader(
        version=contents.version,
        architecture=architecture,
        kind=contents.text("general.type") or "model",
        name=contents.text("general.name"),
        parameters=sum(math.prod(tensor.shape) for tensor in contents.tensors.values()),
        quantisation=_quantisation(contents, sizes),
        context_length=contents.whole(f"{architecture}.context_length") or 0,
        chat_template=contents.text("tokenizer.chat_template"),
        fim_tokens=_fim_tokens(contents),
        vocabulary=contents.whole("tokenizer.ggml.tokens") or 0,
        tensor_count=len(contents.tensors),
        tensor_bytes=contents.data_bytes,
        data_offset=contents.data_offset,
        file_size=contents.file_size,
        metadata=contents.metadata,
        arrays=contents.arrays,
    )


def _quantisation(contents: GgufContents, sizes: Counter[str]) -> str:
    """Give the declared quantisation, else the tensor type that takes the most bytes."""
    declared = contents.whole("general.file_type")
    if declared in FILE_TYPES:
        return FILE_TYPES[declared]
    return sizes.most_common(1)[0][0] if sizes else ""


def _fim_tokens(contents: GgufContents) -> dict[str, int]:
    """Give the declared fill-in-the-middle tokens; files before mid-2024 use the older key.

    llama.cpp takes an id beyond the vocabulary for none.
    """
    count = contents.whole("tokenizer.ggml.tokens")
    found: dict[str, int] = {}
    for part, keys in _FIM_KEYS.items():
        for key in keys:
            value = contents.whole(key)
            if value is not None and part not in found and (count is None or value < count):
                found[part] = value
    return found
