"""The safetensors header reader, on good files, on lying ones, and on noise."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localdev.core.errors import ModelError, NotFound
from localdev.models.vetting.safetensors import TYPES, read_safetensors
from scripts.hostile.weights import hostile_safetensors, safetensors

LYING = {case.name: case for case in hostile_safetensors()}


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Parameters, types and the texts of the metadata are given; empty tensors and padding of the header are fine."""
    entries = {
        "__metadata__": {"format": "pt"},
        "b": {"dtype": "F16", "shape": [2, 3], "data_offsets": [8, 20]},
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "none": {"dtype": "I64", "shape": [0, 5], "data_offsets": [8, 8]},
        "one": {"dtype": "BOOL", "shape": [], "data_offsets": [20, 21]},
    }
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors(json.dumps(entries).encode() + b"   ", bytes(21)))
    header = read_safetensors(path)
    assert (header.parameters, header.types) == (9, {"F16": 6, "F32": 2, "I64": 0, "BOOL": 1})
    assert (header.metadata, header.names) == ({"format": "pt"}, ("b", "a", "none", "one"))


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_takes_its_bytes(kind: str, tmp_path: Path) -> None:
    """Eight elements take as many bytes as one has bits; one byte more or less is refused."""
    path = tmp_path / "model.safetensors"
    for size, right in ((TYPES[kind], True), (TYPES[kind] + 1, False), (TYPES[kind] - 1, False)):
        path.write_bytes(
            safetensors({"a": {"dtype": kind, "shape": [2, 4], "data_offsets": [0, size]}}, data=bytes(size))
        )
        if right:
            assert read_safetensors(path).parameters == 8
        else:
            with pytest.raises(ModelError, match="its shape and type need"):
                read_safetensors(path)


@pytest.mark.parametrize("name", LYING)
def test_lying_headers_are_refused(name: str, tmp_path: Path) -> None:
    """Each lie is named, with a hint."""
    data = LYING[name].files[name]
    assert isinstance(data, bytes)
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_safetensors(path)
    assert LYING[name].reason in str(caught.value)
    assert caught.value.hint


def test_headers_beyond_the_limit_are_not_parsed(tmp_path: Path) -> None:
    """A header longer than any known is refused before it is read, although the file is as long as it claims."""
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 90 << 20) + b"{")
        file.truncate(100 << 20)
    with pytest.raises(ModelError, match="its header is 94371840 bytes long"):
        read_safetensors(path)
    with pytest.raises(NotFound, match="no-such"):
        read_safetensors(tmp_path / "no-such.safetensors")


GOOD = safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {"format": "pt"}})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=6)), min_size=1, max_size=4)
)
def test_mutated_files_give_only_model_errors(edits: list[tuple[int, bytes]], tmp_path: Path) -> None:
    """Whatever bytes are changed, the reader succeeds or raises ModelError with a hint."""
    data = bytearray(GOOD)
    for at, new in edits:
        data[at : at + len(new)] = new
    path = tmp_path / "mutated.safetensors"
    path.write_bytes(data)
    try:
        read_safetensors(path)
    except ModelError as error:
        assert error.hint
