"""What a sound file may say that would end the engine's process: refused, while files that are only unusual pass."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from localdev.core.errors import ModelError
from localdev.models.gguf import read_header, read_model
from tests.models.conftest import TINY, Pair, gguf, pair, tensor

WIDTH, LAYERS = 64, 3
BASE = (
    pair("general.architecture", "llama"),
    pair("llama.block_count", LAYERS),
    pair("llama.context_length", 512),
    pair("llama.embedding_length", WIDTH),
    pair("llama.attention.head_count", 4),
    pair("llama.attention.head_count_kv", 2),
)
NUMBERS = {4: "I", 5: "i", 6: "f", 7: "?"}


def number(key: str, value: float) -> Pair:
    """Make a pair of a 32-bit float."""
    return (key, 6, struct.pack("<f", value))


def flag(key: str, value: bool = True) -> Pair:
    """Make a pair of a truth value."""
    return (key, 7, bytes([value]))


def numbers(key: str, kind: int, values: Sequence[float]) -> Pair:
    """Make an array of numbers."""
    return (key, 9, struct.pack(f"<IQ{len(values)}{NUMBERS[kind]}", kind, len(values), *values))


def tokens(*found: bytes) -> Pair:
    """Make a vocabulary."""
    data = b"".join(struct.pack("<Q", len(token)) + token for token in found)
    return ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, len(found)) + data)


def model(*changes: Pair, kinds: Sequence[tuple[str, Sequence[int], int]] = (), without: str = "") -> bytes:
    """Make a file of the base with some pairs changed or added, one left out, and tensors by (name, shape, type)."""
    pairs = {each[0]: each for each in (*BASE, *changes) if each[0] != without}
    entries = [
        tensor(name, shape, kind=kind, offset=(1 << 16) * place) for place, (name, shape, kind) in enumerate(kinds)
    ]
    return gguf(list(pairs.values()), entries, data=bytes((1 << 16) * len(entries)))


def table(rows: int, width: int = WIDTH) -> list[tuple[str, Sequence[int], int]]:
    """Give a token table."""
    return [("token_embd.weight", (width, rows), 0)]


REFUSED = {
    "no layers": (model(pair("llama.block_count", 0)), "block_count is 0"),
    "many layers": (model(pair("llama.block_count", 513)), "block_count is 513"),
    "no window": (model(pair("llama.context_length", 0)), "context_length is 0"),
    "endless window": (model(pair("llama.context_length", 2**31)), "context_length is 2147483648"),
    "no width": (model(pair("llama.embedding_length", 0)), "embedding_length is 0"),
    "layers ahead": (model(pair("llama.nextn_predict_layers", 4)), "nextn_predict_layers is 4"),
    "divided by": (model(pair("llama.full_attention_interval", 0)), "full_attention_interval is 0"),
    "endless sliding": (model(pair("llama.attention.sliding_window", 2**32 - 1)), "sliding_window is"),
    "empty keys": (model(pair("llama.attention.key_length", 0)), "key_length is 0"),
    "pooling": (model(pair("llama.pooling_type", 5)), "pooling_type 5"),
    "heads shared": (model(pair("llama.attention.head_count_kv", 3)), "4 attention heads cannot share 3"),
    "heads of a layer": (model(numbers("llama.attention.head_count_kv", 5, (2, 3, 0))), "cannot share 3"),
    "negative heads": (model(numbers("llama.attention.head_count_kv", 5, (2, -2, 2))), "beyond all bounds"),
    "too few layers": (model(numbers("llama.attention.head_count", 4, (4, 4))), "2 numbers for 3 layers"),
    "odd heads": (
        model(pair("llama.attention.key_length", 33), pair("llama.attention.value_length", 33)),
        "odd length 33",
    ),
    "odd rotation": (model(pair("llama.rope.dimension_count", 15)), "dimension_count is 15"),
    "wide rotation": (model(pair("llama.rope.dimension_count", 64)), "dimension_count is 64"),
    "short values": (model(pair("llama.attention.value_length", 8)), "length 16, its values 8"),
    "rotated in part": (model(pair("llama.rope.dimension_count", 8)), "dimension_count is 8 with heads of 16"),
    "no experts used": (model(pair("llama.expert_count", 4)), "uses 0 of 4"),
    "too many used": (model(pair("llama.expert_used_count", 2)), "uses 2 of 0"),
    "many experts": (model(pair("llama.expert_count", 1025), pair("llama.expert_used_count", 2)), "2 of 1025"),
    "groups of none": (model(pair("llama.expert_group_count", 1)), "groups of 0 experts"),
    "negative epsilon": (model(number("llama.attention.layer_norm_rms_epsilon", -1)), "epsilon is -1"),
    "epsilon no number": (model(number("llama.attention.layer_norm_epsilon", float("nan"))), "epsilon is nan"),
    "scaling": (model(pair("llama.rope.scaling.type", "su")), "scaling.type 'su'"),
    "nameless scaling": (model(pair("llama.rope.scaling.type", "")), "scaling.type ''"),
    "double weights": (model(kinds=[("blk.0.attn_q.weight", (64, 64), 28)]), "type F64"),
    "inner type": (model(kinds=[("output.weight", (64, 8), 9)]), "type Q8_1"),
    "whole weights": (model(kinds=[("output.weight", (64, 8), 26)]), "type I32"),
    "norm in half": (model(kinds=[("output_norm.weight", (64,), 1)]), "needs it in F32"),
    "bias in half": (model(kinds=[("blk.0.attn_q.bias", (64,), 30)]), "needs it in F32"),
    "other width": (model(kinds=table(2, 32)), "embedding_length is 64, but"),
    "other tokens": (model(tokens(b"a", b"b", b"c"), kinds=table(2)), "3 tokens, but its token table has 2 rows"),
    "no tokens": (model(tokens(), kinds=[("output_norm.weight", (64,), 0)]), "no vocabulary"),
    "no tokenizer": (model(pair("tokenizer.ggml.model", "none"), kinds=table(2)), "no vocabulary"),
    "few types": (model(tokens(b"a", b"b"), numbers("tokenizer.ggml.token_type", 5, (1,))), "1 entries in"),
    "added and absent": (model(tokens(b"a"), flag("tokenizer.ggml.add_bos_token")), "adds a token .bos."),
    "absent by default": (model(tokens(b"a"), pair("tokenizer.ggml.model", "bert")), "adds a token .bos."),
}
UNUSUAL = {
    "plain": model(),
    "no number of layers": model(without="llama.block_count"),
    "layers that differ": model(numbers("llama.attention.head_count_kv", 5, (0, 2, 4))),
    "without heads": model(pair("llama.attention.head_count", 0), pair("llama.attention.head_count_kv", 0)),
    "experts": model(pair("llama.expert_count", 8), pair("llama.expert_used_count", 2)),
    "no special token": model(pair("tokenizer.ggml.bos_token_id", 2**32 - 1), tokens(b"a")),
    "pooling unspecified": model(pair("llama.pooling_type", 2**32 - 1)),
    "added by its default id": model(
        tokens(b"a", b"b"), flag("tokenizer.ggml.add_bos_token"), pair("tokenizer.ggml.model", "llama")
    ),
    "keys unlike values": model(
        pair("general.architecture", "mimo2"),
        pair("mimo2.attention.head_count", 4),
        pair("mimo2.attention.key_length", 192),
        pair("mimo2.attention.value_length", 128),
        pair("mimo2.rope.dimension_count", 64),
    ),
    "not rotated": model(pair("general.architecture", "gpt2"), pair("gpt2.attention.head_count", 3)),
    "table of experts": model(kinds=[("blk.0.ffn_gate_tid2eid.weight", (4, 2), 26)]),
    "vocabulary alone": model(tokens(b"a", b"b")),
    "norm of an adapter": model(pair("general.type", "adapter"), kinds=[("output_norm.weight", (64,), 1)]),
    "an adapter": model(kinds=[("token_embd.weight.lora_a", (8, 4), 0)]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_ends_the_engine_is_refused(case: str, write: Callable[..., Path]) -> None:
    """Each is refused with its reason."""
    data, reason = REFUSED[case]
    with pytest.raises(ModelError, match=reason) as caught:
        read_header(write(data))
    assert caught.value.hint


@pytest.mark.parametrize("case", UNUSUAL)
def test_what_is_only_unusual_passes(case: str, write: Callable[..., Path]) -> None:
    """Nothing more is refused than needs to be."""
    assert read_header(write(UNUSUAL[case])).version == 3


def test_a_token_that_comes_twice_is_refused(write: Callable[..., Path]) -> None:
    """llama.cpp aborts on it, and reads tokens up to a zero byte; a file this small is gone through in shares too."""
    for found in ((b"a", b"b", b"a"), (b"x\0a", b"x\0b"), (b"", b"[EMPTY_0]")):
        path = write(model(tokens(*found)))
        read_header(path)
        with pytest.raises(ModelError, match="comes twice"):
            read_model(path)
    many = [b"%d" % each for each in range(20_000)]
    assert read_model(write(model(tokens(*many)))).odd_tokens == 0
    with pytest.raises(ModelError, match="comes twice"):
        read_model(write(model(tokens(*many, b"7"))))


def test_tokens_not_in_utf8_are_counted(write: Callable[..., Path]) -> None:
    """Bytes are no harm in a vocabulary: some real ones have tokens that are half a character."""
    found = (b"a", b"\xff", "\u00e9".encode(), b"\xc3", b"", b"")
    assert read_model(write(model(tokens(*found)))).odd_tokens == 2


def test_a_tokenizer_that_spells_out_has_all_bytes(write: Callable[..., Path]) -> None:
    """One that falls back on bytes aborts in the middle of a text when one of them is missing."""
    kind, whole = pair("tokenizer.ggml.model", "llama"), [b"<0x%02X>" % byte for byte in range(256)]
    read_model(write(model(kind, tokens(*whole, b"a"))))
    with pytest.raises(ModelError, match="lacks the token <0x7F>"):
        read_model(write(model(kind, tokens(*whole[:127], *whole[128:]))))


def test_a_byte_where_there_is_none_is_refused(write: Callable[..., Path]) -> None:
    """The tokenizer of BERT aborts on a token that is marked as a byte."""
    kind, found = pair("tokenizer.ggml.model", "bert"), tokens(*(b"%d" % each for each in range(200)))
    for types in ((1,) * 199 + (3,), (1,) * 199 + (6,)):
        path = write(model(kind, found, numbers("tokenizer.ggml.token_type", 5, types)))
        if 6 not in types:
            read_model(path)
            continue
        with pytest.raises(ModelError, match="marked as a byte"):
            read_model(path)


def test_a_large_token_is_refused(write: Callable[..., Path]) -> None:
    """A token of more than 128 KiB is none."""
    with pytest.raises(ModelError, match="holds a string of 200000 bytes"):
        read_model(write(model(tokens(b"a", b"x" * 200_000))))


def test_the_tiny_model_passes_whole() -> None:
    """A real vocabulary with its merges."""
    assert read_model(TINY).odd_tokens == 0
