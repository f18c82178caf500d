"""The GGUF header reader, on the tiny model, on small built files and on damaged ones."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf import read_header
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


DAMAGED = {
    "not GGUF": (b"PK\x03\x04" + bytes(100), "not a GGUF file"),
    "empty": (b"", "not a GGUF file"),
    "version 1": (gguf(version=1), "version 1"),
    "version 4": (gguf(version=4), "version 4"),
    "big-endian": (b"GGUF" + struct.pack(">I", 3) + bytes(100), "big-endian"),
    "many keys": (gguf(counts=(1, 2**40)), "claims"),
    "many tensors": (gguf(counts=(2**63, 1)), "claims"),
    "more keys than bytes": (gguf(counts=(1, 60_000)), "truncated"),
    "no architecture": (gguf([pair("general.name", "x")]), "architecture"),
    "key twice": (gguf([ARCHITECTURE, ARCHITECTURE]), "twice"),
    "value type": (gguf([ARCHITECTURE, ("x", 13, b"")]), "value type 13"),
    "array in array": (gguf([ARCHITECTURE, ("x", 9, struct.pack("<IQ", 9, 1))]), "array"),
    "huge array": (gguf([ARCHITECTURE, ("x", 9, struct.pack("<IQ", 8, 2**62))]), "truncated"),
    "huge numbers": (gguf([ARCHITECTURE, ("x", 9, struct.pack("<IQ", 12, 2**61))]), "truncated"),
    "huge string": (gguf([ARCHITECTURE, ("x", 8, struct.pack("<Q", 2**63))]), "truncated"),
    "alignment 0": (gguf([ARCHITECTURE, pair("general.alignment", 0)]), "alignment"),
    "alignment 24": (gguf([ARCHITECTURE, pair("general.alignment", 24)]), "alignment"),
    "tensor type": (gguf(tensors=[tensor("a", [32], kind=99)]), "unknown type 99"),
    "five dimensions": (gguf(tensors=[tensor("a", [1] * 5)]), "5 dimensions"),
    "odd blocks": (gguf(tensors=[tensor("a", [33], kind=2)]), "impossible shape"),
    "overflowing shape": (gguf(tensors=[tensor("a", [2**62, 4])]), "impossible shape"),
    "tensor twice": (gguf(tensors=[tensor("a", [8]), tensor("a", [8], offset=32)]), "twice"),
    "overlapping": (gguf(tensors=[tensor("a", [16]), tensor("b", [16], offset=32)]), "expected at 64"),
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


@pytest.mark.parametrize("name", ["m-00001-of-00003.gguf", "M-00002-OF-00003.GGUF"])
def test_parts_are_refused(name: str, write: Callable[..., Path]) -> None:
    """One part of a split model is no model."""
    with pytest.raises(ModelError, match="single GGUF files only"):
        read_header(write(gguf(), name))


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
    """A string over 1 MiB is skipped; many large ones together are refused, so memory stays bounded."""
    long = read_header(write(gguf([ARCHITECTURE, pair("x", "y" * (1 << 20) + "y")])))
    assert long.metadata["x"] is None
    many = [pair(f"k{number}", "z" * (1 << 20)) for number in range(17)]
    with pytest.raises(ModelError, match="bytes of text"):
        read_header(write(gguf([ARCHITECTURE, *many])))


HEADER = TINY.read_bytes()[: 1 << 16]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 1500) | st.integers(0, len(HEADER) - 1), st.binary(min_size=1, max_size=8)),
        min_size=1,
        max_size=6,
    )
)
def test_mutated_headers_give_only_model_errors(edits: list[tuple[int, bytes]], tmp_path: Path) -> None:
    """Whatever bytes are changed, the reader succeeds or raises ModelError, soon and in little memory."""
    data = bytearray(HEADER)
    for at, new in edits:
        data[at : at + len(new)] = new
    path = tmp_path / "mutated.gguf"
    path.write_bytes(data)
    started = time.monotonic()
    tracemalloc.start()
    try:
        read_header(path)
    except ModelError as error:
        assert str(error) and error.hint
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 32 << 20
    assert time.monotonic() - started < 5
