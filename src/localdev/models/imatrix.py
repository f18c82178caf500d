"""Importance matrices of llama.cpp's `llama-imatrix` in GGUF form: how much each weight of a model was used on a text.

For the tensor NAME the file holds NAME.in_sum2, the sums of the squares of each of its inputs, of the shape
(row, matrices), and NAME.counts, over how many tokens, of the shape (1, matrices); both are float32. `matrices` is the
number of experts of a mixture, else 1. Their ratio is what quantising weighs errors by.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf_contents import read_contents

_SUMS, _COUNTS = ".in_sum2", ".counts"
_HINT = "make one with llama.cpp's llama-imatrix from the F16 file of this very model"


class Importance(NamedTuple):
    """Where the numbers for one tensor stand: `sums` and `counts` are places in the file, in bytes."""

    name: str
    sums: int
    counts: int
    row: int
    matrices: int


def read_importance(path: Path) -> tuple[Importance, ...]:
    """Find the numbers for each tensor, without reading them.

    Raises:
        NotFound: the file cannot be read.
        ModelError: it is no importance matrix in GGUF form, or not whole.
    """
    try:
        contents = read_contents(path)
    except OSError as error:
        raise NotFound(f"cannot read {path}: {error.strerror or error}", "check the path") from error
    if contents.text("general.type") != "imatrix":
        raise ModelError(f"{path} is no importance matrix", _HINT)
    found = []
    for name, sums in contents.tensors.items():
        if not name.endswith(_SUMS):
            continue
        own = name.removesuffix(_SUMS)
        counts = contents.tensors.get(own + _COUNTS)
        row, matrices = (*sums.shape, 1)[:2]
        if counts is None or (sums.type, counts.type) != ("F32", "F32") or (*counts.shape, 1)[:2] != (1, matrices):
            raise ModelError(f"the importance matrix {path} lacks the counts for {own}, or has others", _HINT)
        start = contents.data_offset
        found.append(Importance(own, start + sums.offset, start + counts.offset, row, matrices))
    if not found:
        raise ModelError(f"the importance matrix {path} is empty", _HINT)
    return tuple(found)
