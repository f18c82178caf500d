"""Which models of the catalogue a machine can run for a job: pure functions over their dimensions.

Nothing is measured here. What a model really does on a machine, `localdev models bench` measures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from localdev.models.catalogue import CatalogueModel

# Bits a weight takes, with what is kept more exactly: medians of the files of this catalogue.
BITS = {"Q4_0": 4.7, "Q4_K_M": 4.9, "Q8_0": 8.5, "F16": 16.0}
WINDOW = 8192
# Beside weights and state: buffers of a step (some 120 MB for 7 B weights), the interpreter (60 MB), the tokenizer
# (150 bytes for each of 300,000 tokens and merges); `models.memory` tells it of a file.
_BESIDE = 250_000_000
_F16_BYTES = 2
# Of a machine's memory a model may take so much: the system, an editor and a browser want the rest.
SHARE = 0.7
# A rule of thumb and no measurement: writing a token reads all weights it uses once, and two channels of DDR4 or DDR5
# memory as laptops have them bring some 40 GB a second.
BANDWIDTH = 40e9
# Fewer tokens a second than these are slower than people read; a completion is waited for at the cursor.
_PACE = {"complete": 20.0}
_READING_PACE = 5.0


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that a machine can run for a job: bytes of memory it takes, and tokens a second by a rule of thumb."""

    model: CatalogueModel
    memory_bytes: int
    tokens_s: float


def kv_bytes_per_token(layers: int, kv_heads: int, key: int, value: int, *, number: float = _F16_BYTES) -> float:
    """Give the bytes of a token's state: keys and values of each head in each layer, `number` bytes a number."""
    return layers * kv_heads * (key + value) * number


def weight_bytes(model: CatalogueModel) -> int:
    """Give the bytes of a model's weights in the file to be chosen: as its page says, else what is typical of such."""
    chosen = model.chosen()
    return chosen.bytes or round(model.parameters * BITS.get(chosen.quantisation, BITS["F16"]) / 8)


def memory_need(model: CatalogueModel, window: int = WINDOW) -> int:
    """Give the bytes it takes to run a model with a window of so many tokens, state kept in f16.

    A model that reads no more than its own window keeps no more. Layers that look at a short window alone keep all of
    it too, as the engine asks for. State of fixed size (state-space layers) is left out.
    """
    tokens = min(window, model.context)
    key, value = model.head, model.head_v or model.head
    state = tokens * kv_bytes_per_token(model.layers, model.kv_heads, key, value)
    if "search" in model.jobs:  # an embedder keeps nothing from text to text
        state = 0
    return weight_bytes(model) + round(state) + _BESIDE


def tokens_per_second(model: CatalogueModel, bandwidth: float = BANDWIDTH) -> float:
    """Give the tokens a second that a memory of `bandwidth` bytes a second allows, by a rule of thumb."""
    return bandwidth / (weight_bytes(model) * (model.active or model.parameters) / model.parameters)


def fits(
    models: Iterable[CatalogueModel], memory_bytes: int, job: str, *, window: int = WINDOW, engine: str = "gguf"
) -> list[Choice]:
    """Rank what does a job within a machine's memory: brisk before slow, recommended first, free to use, then larger.

    `memory_bytes` 0 means that it is not known, and then nothing is too large. Models that only another engine runs
    for that job are left out.
    """
    able = [model for model in models if job in model.jobs and model.only_on in ("", engine)]
    pace = _PACE.get(job, _READING_PACE)

    def merit(choice: Choice) -> tuple[bool, bool, bool, int]:
        model = choice.model
        return choice.tokens_s >= pace, job in model.recommended, model.commercial == "yes", model.parameters

    return sorted(_within(able, memory_bytes, window), key=merit, reverse=True)


def ranked(models: Iterable[CatalogueModel], memory_bytes: int, *, window: int = WINDOW) -> list[Choice]:
    """List what a machine's memory holds whatever its job: those recommended for the most jobs first, then larger."""

    def merit(choice: Choice) -> tuple[bool, int, int]:
        brisk = choice.tokens_s >= _READING_PACE
        return brisk, len(choice.model.recommended), choice.model.parameters

    return sorted(_within(models, memory_bytes, window), key=merit, reverse=True)


def _within(models: Iterable[CatalogueModel], memory_bytes: int, window: int) -> list[Choice]:
    """Give those that leave a machine room for all else; all where its memory is not known."""
    room = memory_bytes * SHARE if memory_bytes else float("inf")
    choices = [Choice(model, memory_need(model, window), tokens_per_second(model)) for model in models]
    return [choice for choice in choices if choice.memory_bytes <= room]
