"""Every quantisation that llama.cpp makes of the tiny model is read, and is what it says it is."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path

import pytest

from localdev.models.gguf import read_model, read_tensors
from localdev.models.gguf_tables import FILE_TYPES
from tests.backends.tiny_weights import write_wide

# These have a number, but llama.cpp makes none of them; the others want an importance matrix.
NOT_MADE = {4, 39}
NEED_WEIGHTS = {19, 20, 21, 22, 23, 24, 28, 29, 31}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the tiny model with rows of 256, which all types fit."""
    return write_wide(tmp_path_factory.mktemp("wide") / "wide.gguf")


@pytest.mark.parametrize("number", sorted(set(FILE_TYPES) - NOT_MADE - NEED_WEIGHTS))
def test_each_quantisation_is_read(number: int, wide: Path, tmp_path: Path) -> None:
    """The header names it, the tensors fill the file, and no weight is lost."""
    llama_cpp = pytest.importorskip("llama_cpp")
    target = tmp_path / "q.gguf"
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.nthread = number, 2
    assert llama_cpp.llama_model_quantize(str(wide).encode(), str(target).encode(), ctypes.byref(params)) == 0
    model, tensors = read_model(target), read_tensors(target)
    assert model.header.quantisation == FILE_TYPES[number]
    assert model.header.parameters == sum(math.prod(entry.shape) for entry in read_tensors(wide).values())
    assert sum(entry.size for entry in tensors.values()) <= model.header.tensor_bytes
    assert model.header.data_offset + model.header.tensor_bytes <= target.stat().st_size
