"""How much memory a model needs, told from its header: weights, the state of its tokens, and buffers to compute in.

Weights and state follow llama.cpp's own sums to the byte. Buffers are a formula fitted to what its CPU backend says it
allocates (llama-cpp-python 0.3.36), within 5 % for llama and qwen2. Not in it: the interpreter with its libraries
(some 60 MB), the tokenizer (some 150 bytes for each token and merge), and what a driver of a graphics processor takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localdev.core.errors import UsageError
from localdev.models.gguf_header import GgufHeader
from localdev.models.gguf_tables import TENSOR_TYPES

_STEP = 128  # tokens the engine evaluates at a time on a processor
_PADDING = 256  # llama.cpp makes contexts this many tokens longer at most
_FLOAT = 4  # bytes
_MOST_LAYERS = 512
# Architecture -> (layers in a period, of which one sees the whole window; whether that is the first), where the file
# does not list its layers; from the calls of `load_swa_pattern` in llama.cpp's models.
_PERIODS = {
    "gemma2": (2, False),
    "gemma3": (6, False),
    "gemma3n": (5, False),
    "gpt-oss": (2, False),
    "cohere2": (4, False),
    "cohere2moe": (4, True),
    "olmo2": (4, False),
    "exaone4": (4, False),
    "exaone-moe": (4, False),
    "llama4": (4, False),
    "afmoe": (4, False),
    "mellum": (4, False),
    "plamo3": (8, False),
    "smallthinker": (4, True),
    "laguna": (4, True),
}
_ASSUMED_WINDOWS = {"gemma2": 4096, "llama4": 8192}  # where llama.cpp has one and the file may have none
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
    buffers = _buffers(shape, tokens, header.vocabulary, flash=flash)
    return MemoryNeed(header.tensor_bytes, _state(shape, tokens, _bytes_per_element(kv_type)), buffers)


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

    def looks_back(self) -> bool:
        """Say whether tokens look back on others, whose state is then kept; models of vectors alone look both ways."""
        return self._header.metadata.get(f"{self.architecture}.attention.causal") is not False


def _slides(shape: _Shape) -> list[bool]:
    """Say of each layer whether it sees a sliding window alone."""
    listed = shape.flags("attention.sliding_window_pattern")
    period, full_first = _PERIODS.get(shape.architecture, (1, False))
    if listed is not None:
        return listed
    if not _sliding_window(shape) or period == 1:
        return [False] * shape.layers
    period = max(1, shape.number("attention.sliding_window_pattern", period))
    return [layer % period != (0 if full_first else period - 1) for layer in range(shape.layers)]


def _sliding_window(shape: _Shape) -> int:
    """Give the length of the sliding window in tokens, 0 for none."""
    return shape.number("attention.sliding_window", _ASSUMED_WINDOWS.get(shape.architecture, 0))


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


def _state(shape: _Shape, tokens: int, unit: tuple[int, int]) -> int:
    """Give the bytes of the state of a full window."""
    if not shape.looks_back():
        return 0
    sliding = min(tokens, -(-(_sliding_window(shape) + _STEP) // _PADDING) * _PADDING)
    kept = _LAYERS_WITH_STATE.get(shape.architecture, shape.layers - shape.number("attention.shared_kv_layers"))
    recurs, slides = _recurs(shape), _slides(shape)
    total = sum(recurs) * _fixed_state(shape) * _FLOAT
    for layer, (heads, slide) in enumerate(zip(shape.shared_heads, slides, strict=False)):
        if layer >= kept or (layer < len(recurs) and recurs[layer] and shape.architecture != _BOTH_IN_EACH_LAYER):
            continue
        for width in _widths(shape, slide=slide):
            total += (sliding if slide else tokens) * heads * width * unit[0] // unit[1]
    return total


def _widths(shape: _Shape, *, slide: bool) -> Iterator[int]:
    """Give the lengths of a key and of a value; models with a latent one (MLA) keep that as the key alone."""
    yield shape.number("attention.key_length_swa", shape.key_length) if slide else shape.key_length
    if not shape.has("attention.key_length_mla"):
        yield shape.number("attention.value_length_swa", shape.value_length) if slide else shape.value_length


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
