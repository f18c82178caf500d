"""The memory a model needs, against what llama.cpp says it allocates, and by hand for kinds of models not at hand."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from localdev.core.errors import UsageError
from localdev.models.gguf import read_header, read_model
from localdev.models.memory import MemoryNeed, memory_need
from tests.backends.tiny_weights import read, write
from tests.models.conftest import TINY, Pair, gguf, pair

MIB = 1 << 20
KINDS = {"f16": 1, "q8_0": 8, "q4_0": 2}


def engine_says(path: Path, window: int, kind: str) -> dict[str, float]:
    """Load a model as the engine does on a processor and give what llama.cpp's log says it allocates, in MiB."""
    pytest.importorskip("llama_cpp")
    from localdev.backends.llamacpp.native import listening, load_library

    lib = load_library()
    log: list[str] = []
    with listening(log.append):
        params = lib.llama_model_default_params()
        params.use_extra_bufts, params.n_gpu_layers = False, 0
        model = lib.llama_model_load_from_file(str(path).encode(), params)
        context = lib.llama_context_default_params()
        context.n_ctx, context.n_batch, context.n_ubatch = window, 128, 128
        context.type_k = context.type_v = KINDS[kind]
        context.flash_attn_type = 1 if kind != "f16" else 0
        native = lib.llama_init_from_model(model, context)
        assert native, "".join(log)[-2000:]
        lib.llama_free(native)
        lib.llama_model_free(model)
    found: dict[str, float] = {}
    for what, size in re.findall(r"(model|KV|compute|output) buffer size = +([\d.]+) MiB", "".join(log)):
        found[what] = found.get(what, 0) + float(size)
    return found


@pytest.mark.parametrize("window", [512, 2048, 8192])
@pytest.mark.parametrize("kind", KINDS)
def test_the_tiny_model_needs_what_the_engine_allocates(kind: str, window: int) -> None:
    """Weights and state to the hundredth of a MiB that the log gives; buffers within 5 % and as much rounding."""
    need, real = memory_need(read_header(TINY), window, kind), engine_says(TINY, window, kind)
    assert need.weights / MIB == pytest.approx(real["model"], abs=0.01)
    assert need.state / MIB == pytest.approx(real["KV"], abs=0.01)
    assert need.buffers / MIB == pytest.approx(real["compute"] + real["output"], rel=0.05, abs=0.02)
    assert need.total == need.weights + need.state + need.buffers


def renamed(pairs: list[Pair], architecture: str) -> list[Pair]:
    """Give the pairs of the tiny model as those of another architecture."""
    found = [(key.replace("llama.", f"{architecture}."), kind, value) for key, kind, value in pairs]
    return [pair(key, architecture) if key == "general.architecture" else (key, kind, v) for key, kind, v in found]


def test_heads_that_differ_by_layer(tmp_path: Path) -> None:
    """A model whose layers have one, two and four heads of keys and values, which the engine loads."""
    pairs, weights = read()
    shared = (1, 2, 4, 2, 1)
    for layer, heads in enumerate(shared):
        for name in ("attn_k", "attn_v"):
            weights[f"blk.{layer}.{name}.weight"] = np.zeros((32 * heads, 128))
    key = "deci.attention.head_count_kv"
    pairs = [
        (key, 9, struct.pack("<IQ5I", 4, 5, *shared)) if each[0] == key else each for each in renamed(pairs, "deci")
    ]
    path = write(tmp_path / "m.gguf", pairs, weights)
    need = memory_need(read_model(path).header, 2048)
    assert need.state == (sum(shared) + 5 * 4) * 32 * 2 * 2048, "values are as wide as the widest"
    assert need.state / MIB == pytest.approx(engine_says(path, 2048, "f16")["KV"], abs=0.01)
    need = memory_need(read_model(path).header, 2048, "q8_0")
    assert need.state / MIB == pytest.approx(engine_says(path, 2048, "q8_0")["KV"], abs=0.01)


def test_sliding_windows(tmp_path: Path) -> None:
    """Layers with a sliding window keep the state of the whole one, as the engine asks for; the engine loads it."""
    pairs, weights = read()
    own = [
        *renamed(pairs, "cohere2"),
        ("cohere2.attention.layer_norm_epsilon", 6, struct.pack("<f", 1e-5)),
        ("cohere2.logit_scale", 6, struct.pack("<f", 1.0)),
        pair("cohere2.attention.sliding_window", 256),
    ]
    path = write(tmp_path / "m.gguf", own, {name: v for name, v in weights.items() if "ffn_norm" not in name})
    need = memory_need(read_model(path).header, 4096)
    assert need.state / MIB == pytest.approx(engine_says(path, 4096, "f16")["KV"], abs=0.01)


def test_sliding_layers_with_other_heads(write: Callable[..., Path]) -> None:
    """Where a file lists the layers with a sliding window, these may have keys of another length."""
    shape = [pair("gemma4.block_count", 3), pair("gemma4.attention.head_count", 4)]
    shape += [pair("gemma4.attention.key_length", 64), pair("gemma4.attention.value_length", 64)]
    shape += [pair("gemma4.attention.key_length_swa", 32), pair("gemma4.attention.value_length_swa", 32)]
    slides = ("gemma4.attention.sliding_window_pattern", 9, struct.pack("<IQ3B", 7, 3, 1, 1, 0))
    assert need_of(write, "gemma4", *shape, slides, kind="q8_0").state == 1024 * 4 * 2 * 128 * 34 // 32
    kept = pair("gemma4.attention.shared_kv_layers", 1)
    assert need_of(write, "gemma4", *shape, slides, kept, kind="q8_0").state == 1024 * 4 * 2 * 64 * 34 // 32


def need_of(write_file: Callable[..., Path], architecture: str, *more: Pair, kind: str = "f16") -> MemoryNeed:
    """Give the need of a file of this architecture with these keys, without weights."""
    base = [pair("general.architecture", architecture), pair(f"{architecture}.embedding_length", 64)]
    return memory_need(read_header(write_file(gguf([*base, *more], [], data=b""))), 1024, kind)


def test_models_with_a_state_of_fixed_size(write: Callable[..., Path]) -> None:
    """Recurrent layers keep as much for one token as for all; hybrid models have both kinds of layers."""
    shape = [pair("mamba.block_count", 2), pair("mamba.ssm.conv_kernel", 4), pair("mamba.ssm.state_size", 16)]
    mamba = need_of(write, "mamba", *shape, pair("mamba.ssm.inner_size", 128), pair("mamba.attention.head_count", 0))
    assert mamba.state == 2 * (3 * 128 + 128 * 16) * 4
    rwkv = need_of(write, "rwkv7", pair("rwkv7.block_count", 3), pair("rwkv7.wkv.head_size", 64))
    assert rwkv.state == 3 * 64 * (2 + 64) * 4
    heads = ("lfm2.attention.head_count_kv", 9, struct.pack("<IQ3I", 4, 3, 0, 2, 0))
    hybrid = [pair("lfm2.block_count", 3), pair("lfm2.attention.head_count", 4), pair("lfm2.shortconv.l_cache", 3)]
    assert need_of(write, "lfm2", *hybrid, heads).state == 2 * 64 * 2 * 4 + 1024 * 2 * 16 * 2 * 2
    interval = [pair("qwen3next.block_count", 4), pair("qwen3next.attention.head_count", 4)]
    interval += [pair("qwen3next.ssm.state_size", 8), pair("qwen3next.ssm.inner_size", 16)]
    assert need_of(write, "qwen3next", *interval).state == 3 * 8 * 16 * 4 + 1024 * 64 * 2 * 2


def test_latent_attention_and_models_of_vectors(write: Callable[..., Path]) -> None:
    """MLA keeps one key for a token and no value; a model that looks both ways keeps nothing."""
    shape = [pair("deepseek2.block_count", 2), pair("deepseek2.attention.head_count", 4)]
    shape += [pair("deepseek2.attention.head_count_kv", 1), pair("deepseek2.attention.key_length", 576)]
    latent = need_of(write, "deepseek2", *shape, pair("deepseek2.attention.key_length_mla", 192))
    assert latent.state == 1024 * 2 * 576 * 2
    assert memory_need(read_header(TINY.with_name("tiny-bert.gguf")), 512).state == 0


def test_windows_and_types() -> None:
    """A window is rounded up as the engine does it; an unknown type is an error."""
    header = read_header(TINY)
    assert memory_need(header, 1000).state == memory_need(header, 1024).state
    assert memory_need(header, 0).state == 0
    with pytest.raises(UsageError, match="no type 'q7'"):
        memory_need(header, 512, "q7")
