"""How much memory a model needs, told from its header: weights, the state of its tokens, and buffers to compute in.

Weights and state follow llama.cpp's own sums to the byte. Buffers are a formula fitted to what its CPU backend says it
allocates (llama-cpp-python 0.3.36), within 5 % for llama and qwen2. Not in it: the interpreter with its libraries
(some 60 MB), the tokenizer (some 150 bytes for each token and merge), and what a driver of a graphics processor takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from localdev.core.errors import UsageError
from localdev.models.gguf_header import GgufHeader
from localdev.models.gguf_tables import TENSOR_TYPES

_STEP = 128  # tokens the engine evaluates at a time on a processor
_PADDING = 256  # llama.cpp makes contexts this many tokens longer at most
_FLOAT = 4  # bytes
_MOST_LAYERS = 512
_FULL_ATTENTION_INTERVAL = 4  # llama.cpp's for hybrid models that do not say it
_INTERVAL_MODELS = ("qwen3next", "qwen35", "qwen35moe", "qwen4exp")
_BOTH_IN_EACH_LAYER = "falcon-h1"
_LAYERS_WITH_STATE = {"gemma3n": 20}  # the later layers use the state of earlier ones


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes for the weights, the state of a full window, and the buffers of a step."""

    weights: int
    state: int
    buffers: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.state + self.buffers


def memory_need(header: GgufHeader, window: int, kv_type: str = "f16") -> MemoryNeed:
    """Tell what a model needs with a window of `window` tokens and a state of the type `kv_type` (f16, q8_0, ...).

    Raises:
        UsageError: there is no such type.
    """
    shape = _Shape(header)
    tokens = -(-max(0, window) // _PADDING) * _PADDING
    flash = kv_type.lower() not in ("f16", "f32", "bf16")  # the engine switches it on for a state in fewer bits
    state = _state(shape, tokens, _bytes_per_element(kv_type), flash=flash)
    buffers = _buffers(shape, tokens, header.vocabulary, flash=flash)
    return MemoryNeed(header.tensor_bytes, state, buffers)


def _bytes_per_element(kv_type: str) -> tuple[int, int]:
    """Give the bytes and the elements of a block of a state."""
    for name, elements, size in TENSOR_TYPES.values():
        if name.lower() == kv_type.lower():
            return size, elements
    raise UsageError(f"there is no type {kv_type!r} to keep a state in", "use f16, q8_0 or q4_0")


class _Shape:
    """The numbers of a model that its memory depends on, with llama.cpp's defaults."""

    def __init__(self, header: GgufHeader) -> None:
        self._header = header
        self.architecture = header.architecture
        self.layers = max(0, min(_MOST_LAYERS, self.number("block_count")) - self.number("nextn_predict_layers"))
        self.width = self.number("embedding_length")
        self.heads = self.each("attention.head_count")
        self.shared_heads = self.each("attention.head_count_kv") if self.has("attention.head_count_kv") else self.heads
        first = max(1, self.heads[0] if self.heads else 1)
        self.key_length = self.number("attention.key_length", self.width // first)
        self.value_length = self.number("attention.value_length", self.width // first)
        self.hidden = max(self.each("feed_forward_length"), default=0)
        experts = max(self.each("expert_used_count"), default=0)
        self.hidden = max(self.hidden, experts * self.number("expert_feed_forward_length"))

    def has(self, name: str) -> bool:
        """Say whether the file has this key."""
        key = f"{self.architecture}.{name}"
        return key in self._header.metadata or key in self._header.arrays

    def number(self, name: str, default: int = 0) -> int:
        """Give a whole number, `default` where the file has none."""
        value = self._header.metadata.get(f"{self.architecture}.{name}")
        return value if type(value) is int else default

    def each(self, name: str) -> list[int]:
        """Give a number for each layer that is evaluated."""
        found = self._header.arrays.get(f"{self.architecture}.{name}")
        if found is None:
            return [self.number(name)] * self.layers
        return [max(0, value) for value in found[: self.layers]]

    def flags(self, name: str) -> list[bool] | None:
        """Give a flag for each layer, None where the file lists none."""
        listed = f"{self.architecture}.{name}" in self._header.arrays
        return [bool(value) for value in self.each(name)] if listed else None

    def key_width(self, *, slide: bool) -> int:
        """Give the length of a key of one head."""
        return self.number("attention.key_length_swa", self.key_length) if slide else self.key_length

    def value_width(self, *, slide: bool) -> int:
        """Give the length of a value of one head; models with a latent key (MLA) keep that alone."""
        if self.has("attention.key_length_mla"):
            return 0
        return self.number("attention.value_length_swa", self.value_length) if slide else self.value_length

    def looks_back(self) -> bool:
        """Say whether tokens look back on others, whose state is then kept; models of vectors alone look both ways."""
        return self._header.metadata.get(f"{self.architecture}.attention.causal") is not False


def _recurs(shape: _Shape) -> list[bool]:
    """Say of each layer whether it keeps a state of fixed size instead of one for each token."""
    if not (shape.has("ssm.state_size") or shape.has("shortconv.l_cache") or shape.has("kda.head_dim")):
        return [shape.has("wkv.head_size")] * shape.layers
    listed = shape.flags("attention.recurrent_layers")
    if listed is not None:
        return listed
    if shape.architecture in _INTERVAL_MODELS:
        interval = max(1, shape.number("full_attention_interval", _FULL_ATTENTION_INTERVAL))
        return [(layer + 1) % interval != 0 for layer in range(shape.layers)]
    if shape.architecture == _BOTH_IN_EACH_LAYER:
        return [True] * shape.layers
    idle = [wide if shape.architecture.startswith("nemotron_h") else 0 for wide in shape.each("feed_forward_length")]
    return [not heads and not wide for heads, wide in zip(shape.shared_heads, idle, strict=False)]


def _state(shape: _Shape, tokens: int, unit: tuple[int, int], *, flash: bool) -> int:
    """Give the bytes of the state of a full window.

    Layers that see a sliding window alone keep the whole one too, as the engine asks for (`swa_full`): so it can go
    back to any token. Their keys and values may be of another length. Without flash attention llama.cpp makes the
    values of all layers as wide as the widest.
    """
    if not shape.looks_back():
        return 0
    kept = _LAYERS_WITH_STATE.get(shape.architecture, shape.layers - shape.number("attention.shared_kv_layers"))
    recurs = _recurs(shape)
    slides = shape.flags("attention.sliding_window_pattern") or [False] * shape.layers
    layers = list(zip(shape.shared_heads, slides, strict=False))
    total = sum(recurs) * _fixed_state(shape) * _FLOAT
    widest = max((heads * shape.value_width(slide=slide) for heads, slide in layers), default=0)
    for layer, (heads, slide) in enumerate(layers):
        if layer >= kept or (layer < len(recurs) and recurs[layer] and shape.architecture != _BOTH_IN_EACH_LAYER):
            continue
        values = heads * shape.value_width(slide=slide) if flash else widest
        total += tokens * (heads * shape.key_width(slide=slide) + values) * unit[0] // unit[1]
    return total


def _fixed_state(shape: _Shape) -> int:
    """Give the elements that a recurrent layer keeps (`n_embd_r` and `n_embd_s` in `llama-hparams.cpp`)."""
    head, kernel = shape.number("wkv.head_size"), shape.number("ssm.conv_kernel")
    if head:
        return shape.width * (shape.number("token_shift_count", 2) + head)
    if shape.number("shortconv.l_cache"):
        return shape.width * (shape.number("shortconv.l_cache") - 1)
    heads, size = max(shape.heads, default=0), shape.number("kda.head_dim")
    if size:
        return heads * size * (3 * (kernel - 1 if kernel else 3) + size)
    inner, state = shape.number("ssm.inner_size"), shape.number("ssm.state_size")
    return max(0, kernel - 1) * (inner + 2 * shape.number("ssm.group_count") * state) + inner * state


def _buffers(shape: _Shape, tokens: int, vocabulary: int, *, flash: bool) -> int:
    """Give the bytes for a step: the largest of what the last layer, attention and the inner layer need at a time.

    Attention needs a score for each head, token of the step and token of the window, and a mask; flash attention needs
    the mask alone, in half the bytes. To this come the scores of the last token.
    """
    step = min(_STEP, tokens)
    heads = max(shape.heads, default=0) if shape.looks_back() else 0
    shared = max(shape.shared_heads, default=0) * shape.key_length
    across = (tokens // 2 if flash else tokens) if heads else 0
    scores = 0 if flash else heads * tokens
    stages = (
        vocabulary + 3 * shape.width,
        across + scores + 5 * shape.width + 2 * shared,
        across + 3 * shape.hidden + 4 * shape.width,
    )
    return _FLOAT * (step * max(stages) + vocabulary)
