"""Writing a model file anew with smaller weights, by llama.cpp's own `llama_model_quantize`.

What llama.cpp is about to do, and how far it is, it says in its log alone: one line for each tensor. A dry run gives
the same lines without reading a weight.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localdev.backends.llamacpp.native import listening, load_library, reason
from localdev.core.errors import ModelError, UsageError
from localdev.core.events import Progress
from localdev.core.files import disk_full

STAGE = "quantising"
_PREFIXES = ("LLAMA_FTYPE_MOSTLY_", "LLAMA_FTYPE_ALL_")
# `GUESSED` marks a file that does not say its type. NVFP4 has a number, but `llama_model_quantize` makes none of it.
_NOT_MADE = ("LLAMA_FTYPE_GUESSED", "LLAMA_FTYPE_MOSTLY_NVFP4")
_PLAIN = ("f32", "f16", "bf16")
_MIB = 1 << 20
# A tensor is read and converted in parts of so many bytes. By default they are 8 GiB, which takes whole embeddings of
# a large vocabulary into memory at once; the result is the same, as each row is quantised by itself.
_MOST_AT_ONCE = 512 << 20
_TENSOR = re.compile(r"^\[ *(\d+)/ *(\d+)\] (\S+) .*type = +(\w+), (.*)$")
_CHANGED = " MiB ->"
_TOTAL = re.compile(r"(model|quant) size += +([\d.]+) MiB")
_FALLBACKS = re.compile(r"(\d+) of \d+ tensor\(s\) required fallback")
_NO_REQUANTISING = "disabled"  # "requantizing from type q8_0 is disabled"
_FULL = "iostream error"  # all that the C++ library says of a failed write


@dataclass(frozen=True, slots=True)
class Importance:
    """Where a file holds how much the inputs of the tensor `name` were used.

    `sums` is the place in bytes of (matrices, row) float32, sums of squares; `counts` that of (matrices,) float32, over
    how many tokens.
    """

    name: str
    sums: int
    counts: int
    row: int
    matrices: int


@dataclass(frozen=True, slots=True)
class Quantising:
    """What is to be done: `source` (of a split model its first part) written to `target` as `type`.

    Without a `target` nothing is written: what would be done is said. `threads` 0 takes all there are. `weighing` says
    what `importance`, a file of llama.cpp's `llama-imatrix`, holds. `name` is what messages call the source, if not by
    its path.
    """

    source: Path
    type: str
    target: Path | None = None
    threads: int = 0
    allow_requantize: bool = False
    importance: Path | None = None
    weighing: tuple[Importance, ...] = ()
    name: str = ""

    @property
    def called(self) -> str:
        """What messages call the source."""
        return self.name or str(self.source)


@dataclass(frozen=True, slots=True)
class Quantised:
    """What was done, or would be.

    `bytes_before` and `bytes_after` are those of all tensors, to llama.cpp's hundredth of a MiB. `changed` counts the
    tensors that get another type, `fallbacks` those whose rows do not divide into the type's blocks and get a larger
    one, `requantised` those that were quantised before, so that two losses add up. `needs_importance` says that the
    type cannot be made of this model without an importance matrix.
    """

    type: str
    tensors: int
    bytes_before: int
    bytes_after: int
    changed: int
    fallbacks: int
    requantised: int
    needs_importance: bool = False


def types(lib: Any) -> dict[str, int]:
    """Give the types that this version of llama.cpp makes: name -> number, the largest first as far as names tell."""
    found = {}
    for name in dir(lib):
        for prefix in _PREFIXES:
            if name.startswith(prefix) and name not in _NOT_MADE:
                found[name.removeprefix(prefix)] = int(getattr(lib, name))
    return found


def quantise(task: Quantising, told: Callable[[Progress], None] = lambda _progress: None) -> Quantised:
    """Quantise a model, or say what that would do; progress is counted in tensors.

    A conversion that was interrupted leaves a part of `target`, which is the caller's to remove. What llama.cpp does
    not expect of a file may end the process.

    Raises:
        UsageError: there is no such type; those there are, are listed. Or weights are quantised already.
        ModelError: llama.cpp cannot read the source, or not convert it; the message gives its reason.
        DiskFull: the target cannot be written to its end.
        MissingExtra: llama-cpp-python is not installed.
    """
    lib = load_library()
    kind = task.type.upper()
    number = types(lib).get(kind)
    if number is None:
        known = ", ".join(sorted(types(lib)))
        raise UsageError(f"llama.cpp makes no {task.type!r}", f"types: {known}")
    weights = _weights(lib, task)  # to be held until the call is over: the parameters are bare pointers
    log = _Log(told if task.target else lambda _progress: None)
    params = lib.llama_model_quantize_default_params()
    params.ftype, params.nthread = number, task.threads
    params.max_buf_size = _MOST_AT_ONCE
    params.allow_requantize, params.dry_run = task.allow_requantize, task.target is None
    if weights.entries is not None:
        params.imatrix = weights.entries
    reason()
    target = os.fsencode(task.target) if task.target else b""
    with listening(log.take):
        failed = lib.llama_model_quantize(os.fsencode(task.source), target, ctypes.byref(params))
    if failed:
        raise _failure(task, kind, reason())
    return log.summary(kind)


@dataclass(frozen=True, slots=True)
class _Weights:
    """An importance matrix as llama.cpp takes it, and the numbers its pointers lead to."""

    entries: Any
    numbers: tuple[Any, ...] = ()


def _weights(lib: Any, task: Quantising) -> _Weights:
    """Read the importance matrix: for each input the mean of its squares, and 1 for experts that saw no token."""
    if task.importance is None:
        return _Weights(None)
    import numpy as np

    numbers = []
    entries = (lib.llama_model_imatrix_data * (len(task.weighing) + 1))()  # the last one, empty, ends the list
    with task.importance.open("rb") as file:
        for at, each in enumerate(task.weighing):
            file.seek(each.sums)
            sums = np.fromfile(file, "<f4", each.matrices * each.row).reshape(each.matrices, each.row)
            file.seek(each.counts)
            counts = np.fromfile(file, "<f4", each.matrices).reshape(each.matrices, 1)
            mean = np.divide(sums, counts, out=np.ones_like(sums), where=counts > 0)
            numbers.append(mean)
            entries[at].name, entries[at].size = each.name.encode(), mean.size
            entries[at].data = mean.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    return _Weights(entries, tuple(numbers))


def _failure(task: Quantising, kind: str, why: str) -> Exception:
    """Turn llama.cpp's reason into an error."""
    if task.target is not None and _FULL in why:
        return disk_full(task.target)
    if _NO_REQUANTISING in why:
        return UsageError(f"{task.called} is quantised already", "start from a file of F16, BF16 or F32 weights")
    said = why.rpartition("failed to quantize: ")[2]
    hint = "take another type, or another file of the model"
    if "importance matrix" in said or "imatrix" in said:
        hint = "give an importance matrix that was made of this very model: --imatrix FILE"
    return ModelError(f"llama.cpp cannot make {kind} of {task.called}: {said}", hint)


@dataclass(slots=True)
class _Log:
    """Reads llama.cpp's log, which comes in pieces of lines."""

    told: Callable[[Progress], None]
    _line: str = ""
    _tensors: int = 0
    _kind: str = ""
    _changed: int = 0
    _requantised: int = 0
    _fallbacks: int = 0
    _needs_importance: bool = False
    _sizes: dict[str, int] = field(default_factory=dict)

    def take(self, text: str) -> None:
        """Take the next piece; the beginning of a tensor's line already says how far the work is."""
        self._line += text
        if (begun := _TENSOR.match(self._line)) and not begun[5]:
            self.told(Progress(STAGE, int(begun[1]) - 1, int(begun[2]), "tensors"))
        while "\n" in self._line:
            line, _, self._line = self._line.partition("\n")
            self._read(line)

    def _read(self, line: str) -> None:
        """Note what a whole line says."""
        if tensor := _TENSOR.match(line):
            self._tensors, self._kind = int(tensor[2]), tensor[4]
        if _CHANGED in line:  # on the tensor's own line, or below one that came between
            self._changed += 1
            self._requantised += self._kind not in _PLAIN
        elif total := _TOTAL.search(line):
            self._sizes[total[1]] = round(float(total[2]) * _MIB)
        elif fallbacks := _FALLBACKS.search(line):
            self._fallbacks = int(fallbacks[1])
        elif "will require an imatrix" in line:
            self._needs_importance = True

    def summary(self, kind: str) -> Quantised:
        """Give what the log has said."""
        self.told(Progress(STAGE, self._tensors, self._tensors, "tensors"))
        return Quantised(
            type=kind,
            tensors=self._tensors,
            bytes_before=self._sizes.get("model", 0),
            bytes_after=self._sizes.get("quant", 0),
            changed=self._changed,
            fallbacks=self._fallbacks,
            requantised=self._requantised,
            needs_importance=self._needs_importance,
        )
