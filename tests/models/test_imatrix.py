"""Importance matrices: where their numbers stand, and files that are none."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from localdev.core.errors import ModelError, NotFound
from localdev.models.imatrix import read_importance
from tests.backends.tiny_weights import write_importance
from tests.models.conftest import TINY, gguf, pair, tensor

KIND = pair("general.type", "imatrix")


def test_places(tmp_path: Path) -> None:
    """For each tensor the places of its sums and counts are given, and its shape."""
    rows = {"a": (np.array([[1.0, 2, 3]]), np.array([7.0])), "b": (np.array([[4.0], [5]]), np.array([8.0, 9]))}
    path = write_importance(tmp_path / "i.gguf", rows)
    first, second = read_importance(path)
    data = path.read_bytes()
    assert (first.name, first.row, first.matrices) == ("a", 3, 1)
    assert struct.unpack_from("<3f", data, first.sums) == (1, 2, 3)
    assert struct.unpack_from("<f", data, first.counts) == (7,)
    assert (second.name, second.row, second.matrices) == ("b", 1, 2)
    assert struct.unpack_from("<2f", data, second.sums) == (4, 5)
    assert struct.unpack_from("<2f", data, second.counts) == (8, 9)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TINY.read_bytes(), "is no importance matrix"),
        (b"\x00\x00\x00\x03legacy", "is not a GGUF file"),
        (gguf([KIND], [], data=b""), "is empty"),
        (gguf([KIND], [tensor("a.in_sum2", [32])]), "lacks the counts for a"),
        (gguf([KIND], [tensor("a.in_sum2", [8]), tensor("a.counts", [1, 2], offset=32)]), "lacks the counts for a"),
        (gguf([KIND], [tensor("a.in_sum2", [8], kind=1), tensor("a.counts", [1], offset=32)]), "lacks the counts"),
        (gguf([KIND], [tensor("a.in_sum2", [999])]), "truncated"),
    ],
)
def test_no_importance_matrix(data: bytes, said: str, tmp_path: Path) -> None:
    """What is none, or not whole, is refused with the way to make one."""
    path = tmp_path / "i.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=said) as caught:
        read_importance(path)
    assert caught.value.hint
    with pytest.raises(NotFound):
        read_importance(tmp_path / "none.gguf")
