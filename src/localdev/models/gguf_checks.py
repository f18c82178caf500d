"""Refuses what a GGUF file may say without being damaged, but would end the process that loads or runs it.

llama.cpp answers many wrong values with an exception, and others with an abort, a division by zero or a bad pointer:
those are looked for here, and those that are plainly nonsense. Found by reading its assertions and by loading altered
models (llama.cpp of llama-cpp-python 0.3.36). It is no proof: a hundred architectures read keys of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from localdev.models.gguf_bytes import Value
from localdev.models.gguf_contents import GgufContents, TensorEntry
from localdev.models.gguf_tables import EQUAL_HEADS, ROTATED_WHOLE

_MOST_LAYERS = 512  # LLAMA_MAX_LAYERS
_MOST_EXPERTS = 1024  # LLAMA_MAX_EXPERTS
_LARGEST = (1 << 31) - 1
_UNSPECIFIED = (1 << 32) - 1
_MOST_POOLING = 4
_ROPE_SCALING = {"none", "linear", "yarn", "longrope"}
# Types the engine computes with only inside, and plain integers and doubles, of which it makes no weights.
_NO_WEIGHTS = {"I8", "I16", "I64", "F64", "Q8_1", "Q8_K"}
_WHOLE_NUMBERS = "I32"
_TABLE_OF_EXPERTS = "ffn_gate_tid2eid"  # the one tensor of whole numbers that llama.cpp reads as a weight
_FLOATS_ONLY = ("_norm.weight", ".bias", "token_types.weight")
# Architectures whose token table has not a row for each token of the vocabulary: drafts for another model.
_DRAFTS = ("eagle", "dflash")
_NO_ROTATION = {
    *("gpt2", "gptj", "mpt", "refact", "bloom", "mamba", "mamba2", "jamba", "jina-bert-v2", "t5", "t5encoder", "jais"),
    *("rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7", "nemotron_h", "nemotron_h_moe", "kimi-linear", "bert"),
}
# Tokenizer -> the ids of the tokens that begin, end and separate, where a file names none (`llama-vocab.cpp`).
_DEFAULT_IDS: dict[str, dict[str, int]] = {
    "llama": {"bos": 1, "eos": 2},
    "bert": {"bos": 101, "seperator": 102},
    "gpt2": {"bos": 11, "eos": 11},
    "t5": {"eos": 1},
    "plamo2": {"bos": 1, "eos": 2},
}
_ADDED: dict[str, tuple[str, ...]] = {"llama": ("bos",), "bert": ("bos", "seperator"), "t5": ("eos",)}
Complaints = Iterator[str]


def complaint(contents: GgufContents) -> str:
    """Give the first reason not to load a model, empty when there is none."""
    checks: tuple[Callable[[GgufContents], Complaints], ...] = (_sizes, _heads, _experts, _scales, _tensors, _tokens)
    return next((each for check in checks for each in check(contents)), "")


def _key(contents: GgufContents, name: str) -> str:
    """Give the full name of a key of the architecture."""
    return f"{contents.text('general.architecture')}.{name}"


def _number(contents: GgufContents, name: str) -> int | None:
    """Give a whole number that describes the architecture."""
    return contents.whole(_key(contents, name))


def _sizes(contents: GgufContents) -> Complaints:
    """Refuse sizes of 0 and those beyond what llama.cpp counts to."""
    limits = {
        "block_count": (1, _MOST_LAYERS),
        "context_length": (1, _LARGEST),
        "embedding_length": (1, _LARGEST),
        "full_attention_interval": (1, _LARGEST),  # layers are divided by it
        "wkv.head_size": (1, _LARGEST),
        "attention.key_length": (1, _LARGEST),
        "attention.value_length": (1, _LARGEST),
        "attention.sliding_window": (0, _LARGEST),
        "nextn_predict_layers": (0, _number(contents, "block_count") or 0),
    }
    for name, (least, most) in limits.items():
        value = _number(contents, name)
        if value is not None and not least <= value <= most:
            yield f"its {name} is {value}, allowed are {least} to {most}"
    pooling = _number(contents, "pooling_type")
    if pooling is not None and pooling > _MOST_POOLING and pooling != _UNSPECIFIED:
        yield f"its pooling_type {pooling} is unknown"


def layers_of(contents: GgufContents, name: str, default: int = 0) -> list[int]:
    """Give a number for each layer, which the file has as one number for all or as an array."""
    count = min(_number(contents, "block_count") or 0, _MOST_LAYERS)
    each = contents.arrays.get(_key(contents, name))
    if each is not None:
        return list(each)
    value = _number(contents, name)
    return [default if value is None else value] * count


def _heads(contents: GgufContents) -> Complaints:
    """Refuse attention heads that cannot be shared or rotated."""
    count = _number(contents, "block_count")
    heads = layers_of(contents, "attention.head_count")
    shared = layers_of(contents, "attention.head_count_kv", -1)
    for name, each in (("head_count", heads), ("head_count_kv", shared)):
        if count is not None and len(each) != count:
            yield f"its attention.{name} has {len(each)} numbers for {count} layers"
        if any(value < -1 or value > _LARGEST for value in each):
            yield f"its attention.{name} is beyond all bounds"
    for head, kv in zip(heads, shared, strict=False):
        if head > 0 and kv > 0 and head % kv:
            yield f"{head} attention heads cannot share {kv} heads of keys and values"
    first = heads[0] if heads else 0
    width = _number(contents, "embedding_length") or 0
    length = _number(contents, "attention.key_length") or (width // first if first > 0 else 0)
    rotated = _number(contents, "rope.dimension_count")
    if first > 0 and rotated is not None and (rotated % 2 or rotated > max(length, 0)):
        yield f"its rope.dimension_count is {rotated} with heads of {length}"
    architecture = contents.text("general.architecture")
    value_length = _number(contents, "attention.value_length") or (width // first if first > 0 else 0)
    if first > 0 and architecture in EQUAL_HEADS and length != value_length:
        yield f"its keys have the length {length}, its values {value_length}"
    if first > 0 and architecture in ROTATED_WHOLE and rotated not in (None, length):
        yield f"its rope.dimension_count is {rotated} with heads of {length}"
    if first > 0 and length % 2 and rotated is None and architecture not in _NO_ROTATION:
        yield f"its attention heads have the odd length {length}"


def _experts(contents: GgufContents) -> Complaints:
    """Refuse numbers of experts that contradict each other."""
    experts = _number(contents, "expert_count") or 0
    used = max(layers_of(contents, "expert_used_count"), default=0)
    groups = _number(contents, "expert_group_count") or 0
    chosen = _number(contents, "expert_group_used_count") or 0
    if contents.text("general.architecture").startswith("hunyuan") and experts <= 1:
        return  # llama.cpp sets both to 0 for these
    if experts > _MOST_EXPERTS or used > experts or (experts and not used):
        yield f"it uses {used} of {experts} experts"
    if groups and (groups >= experts or (groups > 1 and (experts % groups or not 0 < chosen < groups))):
        yield f"it uses {chosen} of {groups} groups of {experts} experts"


def _scales(contents: GgufContents) -> Complaints:
    """Refuse an epsilon that is negative or no number, and an unknown kind of scaling."""
    for name in ("layer_norm_epsilon", "layer_norm_rms_epsilon", "group_norm_epsilon"):
        value: Value = contents.metadata.get(_key(contents, f"attention.{name}"))
        if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            yield f"its attention.{name} is {value}"
    scaling = contents.text(_key(contents, "rope.scaling.type"))
    if _key(contents, "rope.scaling.type") in contents.metadata and scaling not in _ROPE_SCALING:
        yield f"its rope.scaling.type {scaling[:40]!r} is unknown"


def _tensors(contents: GgufContents) -> Complaints:
    """Refuse tensors of types the engine cannot compute with where they stand, and a token table of another shape."""
    adapter = contents.text("general.type") == "adapter"  # of which llama.cpp leaves norms aside
    for name, tensor in contents.tensors.items():
        if tensor.type in _NO_WEIGHTS or (tensor.type == _WHOLE_NUMBERS and _TABLE_OF_EXPERTS not in name):
            yield f"tensor {name!r} has the type {tensor.type}, of which no weights are made"
        flat = all(length == 1 for length in tensor.shape[1:]) or name == "token_types.weight"
        if flat and not adapter and tensor.type != "F32" and name.endswith(_FLOATS_ONLY):
            yield f"tensor {name!r} has the type {tensor.type}; the engine needs it in F32"
    table = contents.tensors.get("token_embd.weight")
    if table is not None and not contents.text("general.architecture").startswith(_DRAFTS):
        yield from _token_table(contents, table)


def _token_table(contents: GgufContents, table: TensorEntry) -> Complaints:
    """Refuse a token table whose rows are not as wide as the model or not as many as its tokens."""
    width, tokens = _number(contents, "embedding_length"), contents.whole("tokenizer.ggml.tokens")
    width = _number(contents, "features_length") or width  # of voices the file says it so
    row, rows = table.shape[0] if table.shape else 1, math.prod(table.shape[1:])
    if width is not None and row != width:
        yield f"its embedding_length is {width}, but its token table has rows of {row}"
    if tokens is not None and rows != tokens:
        yield f"it has {tokens} tokens, but its token table has {rows} rows"


def _tokens(contents: GgufContents) -> Complaints:
    """Refuse a tokenizer that would have to add a token it does not have, or has no tokens at all."""
    model, count = contents.text("tokenizer.ggml.model"), contents.whole("tokenizer.ggml.tokens")
    if contents.tensors and (model in ("none", "no_vocab") or count == 0):
        yield "it has no vocabulary, so no text can be given to it"
    for key in ("token_type", "scores"):
        length = contents.whole(f"tokenizer.ggml.{key}")
        if count is not None and length is not None and length < count:
            yield f"it has {count} tokens, but {length} entries in tokenizer.ggml.{key}"
    if count is None:
        return
    for role in ("bos", "eos", "seperator"):  # spelt so in the format
        flag = contents.metadata.get(f"tokenizer.ggml.add_{role.removesuffix('erator')}_token")
        added = (
            role in _ADDED.get(model, ()) if flag is None or model == "bert" else flag is True and role != "seperator"
        )
        declared = contents.whole(f"tokenizer.ggml.{role}_token_id")
        ids = (declared, _DEFAULT_IDS.get(model, {}).get(role))
        if added and not any(each is not None and each < count for each in ids):
            yield f"its tokenizer adds a token ({role}) to every text that it does not have"
