"""The GGUF header reader, on the tiny model, on small built files and on damaged ones."""

from __future__ import annotations

import ctypes
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf import TensorEntry, read_header, read_tensors
from localdev.models.gguf_tables import FILE_TYPES, REMOVED_TYPES, TENSOR_TYPES
from tests.models.conftest import TINY, gguf, pair, tensor, text

ARCHITECTURE = pair("general.architecture", "llama")


def test_the_tiny_model_is_read() -> None:
    """Every field of the header of a real file."""
    header = read_header(TINY)
    assert (header.version, header.architecture, header.kind) == (3, "llama", "model")
    assert (header.parameters, header.quantisation, header.context_length) == (1_123_712, "F32", 2048)
    assert "<|im_start|>" in header.chat_template
    assert dict(header.fim_tokens) == {"prefix": 4, "suffix": 5, "middle": 6}
    assert (header.vocabulary, header.tensor_count) == (2048, 47)
    assert header.data_offset + header.tensor_bytes == header.file_size == TINY.stat().st_size


def test_older_keys_and_defaults(write: Callable[..., Path]) -> None:
    """FIM keys of older files are known, and what a file leaves out is empty or 0."""
    old = [ARCHITECTURE, pair("tokenizer.ggml.prefix_token_id", 9)]
    header = read_header(write(gguf(old, [tensor("a", [64], kind=2)])))
    assert dict(header.fim_tokens) == {"prefix": 9}
    assert (header.name, header.chat_template, header.context_length) == ("", "", 0)
    assert header.quantisation == "Q4_0", "without a file type the tensors say it"


def array(kind: int, count: int, data: bytes = b"") -> bytes:
    """Encode the head of an array, with its items as they come."""
    return struct.pack("<IQ", kind, count) + data


DAMAGED = {
    "not GGUF": (b"PK\x03\x04" + bytes(100), "not a GGUF file"),
    "empty": (b"", "not a GGUF file"),
    "version 1": (gguf(version=1), "version 1"),
    "version 4": (gguf(version=4), "version 4"),
    "big-endian": (b"GGUF" + struct.pack(">I", 3) + bytes(100), "big-endian"),
    "many keys": (gguf(counts=(1, 2**40)), "claims"),
    "too many keys": (gguf([ARCHITECTURE, *(pair(f"k{number}", 1) for number in range(512))]), "claims 513"),
    "many tensors": (gguf(counts=(2**63, 1)), "claims"),
    "too many tensors": (gguf(counts=(4097, 1), data=bytes(1 << 18)), "4097 tensors"),
    "more keys than bytes": (gguf(counts=(1, 500)), "truncated"),
    "no architecture": (gguf([pair("general.name", "x")]), "architecture"),
    "key twice": (gguf([ARCHITECTURE, ARCHITECTURE]), "twice"),
    "array key twice": (gguf([ARCHITECTURE, *[("llama.feed_forward_length", 9, array(4, 0))] * 2]), "twice"),
    "empty key": (gguf([ARCHITECTURE, pair("", 1)]), "empty or not of printable ASCII"),
    "key with a zero byte": (gguf([ARCHITECTURE, pair("general.name\0", 1)]), "printable ASCII|zero byte"),
    "key with a line end": (gguf([ARCHITECTURE, pair("general.name\n", 1)]), "printable ASCII"),
    "key beyond ASCII": (gguf([ARCHITECTURE, pair("général", 1)]), "printable ASCII"),
    "key not UTF-8": (gguf([ARCHITECTURE, pair("kEy", 1)]).replace(b"kEy", b"k\xffy"), "not UTF-8"),
    "long key": (gguf([ARCHITECTURE, pair("k" * 129, 1)]), "129 bytes long"),
    "value type": (gguf([ARCHITECTURE, ("x", 13, b"")]), "value type 13"),
    "value not UTF-8": (gguf([ARCHITECTURE, pair("x", "vAl")]).replace(b"vAl", b"v\xc3l"), "not UTF-8"),
    "value with a zero byte": (gguf([ARCHITECTURE, pair("x", "a\0b")]), "zero byte"),
    "long value not UTF-8": (gguf([ARCHITECTURE, ("x", 8, struct.pack("<Q", 99_999) + b"\xff" * 99_999)]), "not UTF-8"),
    "large template": (gguf([ARCHITECTURE, pair("tokenizer.chat_template", "x" * (1 << 18))]), "too large"),
    "array in array": (gguf([ARCHITECTURE, ("x", 9, array(9, 1))]), "array"),
    "huge array": (gguf([ARCHITECTURE, ("x", 9, array(8, 2**62))]), "truncated"),
    "huge numbers": (gguf([ARCHITECTURE, ("x", 9, array(12, 2**61))]), "truncated"),
    "huge layers": (gguf([ARCHITECTURE, ("llama.feed_forward_length", 9, array(4, 2**61))]), "at most 512"),
    "huge string": (gguf([ARCHITECTURE, ("x", 8, struct.pack("<Q", 2**63))]), "truncated"),
    "alignment 0": (gguf([ARCHITECTURE, pair("general.alignment", 0)]), "alignment"),
    "alignment 24": (gguf([ARCHITECTURE, pair("general.alignment", 24)]), "alignment"),
    "alignment 16": (gguf([ARCHITECTURE, pair("general.alignment", 16)]), "needs 32"),
    "alignment in 64 bits": (
        gguf([ARCHITECTURE, ("general.alignment", 10, struct.pack("<Q", 32))]),
        "u64 instead of u32",
    ),
    "architecture a number": (gguf([pair("general.architecture", 5)]), "u32 instead of string"),
    "tokens a number": (gguf([ARCHITECTURE, pair("tokenizer.ggml.tokens", 5)]), "instead of array of string"),
    "token types in 8 bits": (
        gguf([ARCHITECTURE, ("tokenizer.ggml.token_type", 9, array(0, 0))]),
        "array of u8 instead",
    ),
    "alpha a double": (gguf([ARCHITECTURE, ("adapter.lora.alpha", 12, bytes(8))]), "f64 instead of f32"),
    "layers in 64 bits": (gguf([("llama.block_count", 10, bytes(8)), ARCHITECTURE]), "u64 instead of u32"),
    "tensor type": (gguf(tensors=[tensor("a", [32], kind=99)]), "unknown type 99"),
    "removed type": (gguf(tensors=[tensor("a", [32], kind=31)]), "Q4_0_4_4, which llama.cpp no longer reads"),
    "older removed type": (gguf(tensors=[tensor("a", [32], kind=4)]), "Q4_2, which llama.cpp no longer reads"),
    "five dimensions": (gguf(tensors=[tensor("a", [1] * 5)]), "5 dimensions"),
    "odd blocks": (gguf(tensors=[tensor("a", [33], kind=2)]), "impossible shape"),
    "overflowing shape": (gguf(tensors=[tensor("a", [2**62, 4])]), "impossible shape"),
    "no elements": (gguf(tensors=[tensor("a", [32, 0])]), "impossible shape"),
    "tensor twice": (gguf(tensors=[tensor("a", [8]), tensor("a", [8], offset=32)]), "twice"),
    "nameless tensor": (gguf(tensors=[tensor("", [8])]), "tensor name '' is empty"),
    "tensor with a zero byte": (gguf(tensors=[tensor("a\0", [8])]), "zero byte"),
    "tensor with a control character": (gguf(tensors=[tensor("a\x1b", [8])]), "control characters"),
    "tensor not UTF-8": (gguf(tensors=[tensor("tEn", [8])]).replace(b"tEn", b"t\xffn"), "not UTF-8"),
    "overlapping": (gguf(tensors=[tensor("a", [16]), tensor("b", [16], offset=32)]), "expected at 64"),
    "a gap": (gguf(tensors=[tensor("a", [8]), tensor("b", [8], offset=64)]), "expected at 32"),
    "data missing": (gguf(tensors=[tensor("a", [33])], data=bytes(128)), "truncated: its tensors need"),
    "name too long": (gguf(tensors=[tensor("a" * 64, [8])]), "64 bytes long"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files_are_refused(case: str, write: Callable[..., Path]) -> None:
    """Each kind of damage is named, with a hint."""
    data, message = DAMAGED[case]
    with pytest.raises(ModelError, match=message) as caught:
        read_header(write(data))
    assert caught.value.hint


def test_truncated_anywhere(write: Callable[..., Path]) -> None:
    """A file cut at any byte of its header or data is refused."""
    whole = gguf([ARCHITECTURE, pair("general.name", "x"), ("t", 9, struct.pack("<IQ", 8, 2) + text("hello") * 2)])
    read_header(write(whole))
    for length in range(len(whole)):
        with pytest.raises(ModelError) as caught:
            read_header(write(whole[:length]))
        assert "-" not in str(caught.value).partition("file: ")[2], "no count is negative"


def test_the_tiny_model_without_its_last_byte(write: Callable[..., Path]) -> None:
    """An interrupted download of a real model is found from the header alone."""
    with pytest.raises(ModelError, match="truncated: its tensors need"):
        read_header(write(TINY.read_bytes()[:-1]))


def test_tensors_are_listed() -> None:
    """Each tensor of a real file, with shape, type, place and size; together they fill the data."""
    tensors, header = read_tensors(TINY), read_header(TINY)
    assert len(tensors) == header.tensor_count
    assert tensors["token_embd.weight"] == TensorEntry((128, 2048), "F32", 0, 1 << 20)
    last = max(tensors.values(), key=lambda entry: entry.offset)
    assert last.offset + last.size == header.tensor_bytes
    assert sum(math.prod(entry.shape) for entry in tensors.values()) == header.parameters


def test_numbers_for_each_layer_are_kept(write: Callable[..., Path]) -> None:
    """Arrays that say something of each layer are kept; of others the length."""
    shared = ("llama.attention.head_count_kv", 9, array(5, 2, struct.pack("<2i", 1, 2)))
    slides = ("llama.attention.sliding_window_pattern", 9, array(7, 2, b"\1\0"))
    doubles = ("llama.attention.recurrent_layers", 9, array(12, 1, bytes(8)))
    layers = pair("llama.block_count", 2)
    header = read_header(write(gguf([ARCHITECTURE, layers, shared, slides, doubles, ("x", 9, array(4, 1, bytes(4)))])))
    assert header.arrays == {shared[0]: (1, 2), slides[0]: (1, 0)}
    assert header.metadata["x"] == header.metadata[doubles[0]] == 1


def test_fim_tokens_beyond_the_vocabulary_are_none(write: Callable[..., Path]) -> None:
    """An id that no token has is ignored, as llama.cpp does; the older key may have the right one."""
    tokens = ("tokenizer.ggml.tokens", 9, array(8, 2, text("a") + text("b")))
    ids = [pair("tokenizer.ggml.fim_pre_token_id", 2), pair("tokenizer.ggml.prefix_token_id", 1)]
    beyond = pair("tokenizer.ggml.fim_suf_token_id", 2**32 - 1)
    assert dict(read_header(write(gguf([ARCHITECTURE, tokens, *ids, beyond]))).fim_tokens) == {"prefix": 1}


def test_a_part_alone_is_refused(write: Callable[..., Path]) -> None:
    """One part of a split model is no file of its own, by its name or by what it says."""
    with pytest.raises(ModelError, match="is one part of a model split"):
        read_header(write(gguf(), "m-00001-of-00003.gguf"))
    with pytest.raises(ModelError, match="is one part of a model split"):
        read_header(write(gguf([ARCHITECTURE, ("split.count", 2, struct.pack("<H", 3))])))
    assert read_header(write(gguf(), "m-00001-of-00001.gguf")).architecture == "llama", "the only part is all of it"


def test_folders_pipes_and_missing_files(tmp_path: Path) -> None:
    """A folder, a pipe (which is not waited for) and a missing path have errors of their own."""
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(ModelError, match="is no file"):
        read_header(tmp_path / "pipe.gguf")
    with pytest.raises(ModelError, match="is a folder"):
        read_header(tmp_path)
    with pytest.raises(NotFound, match="no-such"):
        read_header(tmp_path / "no-such.gguf")


def test_long_texts_are_not_kept(write: Callable[..., Path]) -> None:
    """A string over 64 KiB is passed over; many large ones together are refused, so memory stays bounded."""
    long = read_header(write(gguf([ARCHITECTURE, pair("x", "y" * (1 << 16) + "y")])))
    assert long.metadata["x"] is None
    many = [pair(f"k{number}", "z" * (1 << 16)) for number in range(5)]
    with pytest.raises(ModelError, match="bytes of text"):
        read_header(write(gguf([ARCHITECTURE, *many])))


def test_every_type_of_the_engine_is_known() -> None:
    """The tables have each tensor type and each file type of the installed llama.cpp, with its sizes."""
    llama_cpp = pytest.importorskip("llama_cpp")
    ggml = ctypes.CDLL(str(next(Path(llama_cpp.__file__).parent.glob("lib/*ggml-base*"))))
    ggml.ggml_type_name.restype, ggml.ggml_type_size.restype = ctypes.c_char_p, ctypes.c_size_t
    ggml.ggml_blck_size.restype = ctypes.c_int64
    engine = {}
    for number in range(llama_cpp.GGML_TYPE_COUNT):
        size, elements = ggml.ggml_type_size(number), ggml.ggml_blck_size(number)
        if elements:
            engine[number] = (ggml.ggml_type_name(number).decode().upper(), elements, size)
        else:
            assert number in REMOVED_TYPES
    assert engine == TENSOR_TYPES
    prefixes = ("LLAMA_FTYPE_MOSTLY_", "LLAMA_FTYPE_ALL_")
    numbers = {value: name for name, value in vars(llama_cpp).items() if name.startswith(prefixes)}
    assert {number: name.split("_", 3)[3] for number, name in numbers.items()} == {
        number: name for number, name in FILE_TYPES.items() if number in numbers
    }
