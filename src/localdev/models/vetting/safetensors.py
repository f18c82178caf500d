"""Reads the header of a safetensors file defensively: what it claims is checked against the file before it is used.

The rules are those of the format's own reader: tensors lie one after another without holes or overlaps and fill the
file to its last byte. The weights are not read. Source: the format's documentation, and its list of types.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from localdev.core.errors import ModelError, NotFound

# The format allows 100 MB, which would take gigabytes of memory to parse. The largest models known have some 100,000
# tensors, whose entries fit in this even if all are in one file; then it takes a second and 150 MB. The entry of a
# tensor has some 13 of these signs; without a limit to them a header of empty lists takes seconds and 450 MB.
_LONGEST_HEADER = 16 << 20
_SIGNS, _MOST_SIGNS = (b"{", b"[", b":", b","), 1 << 21
_LENGTH_BYTES = 8
_MOST_DIMENSIONS = 64
_LARGEST = 1 << 63
_HINT = "get the file again from where it came"

# Type -> bits of one element.
TYPES = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """What a safetensors file says of itself.

    `parameters` counts the elements of all tensors, `types` maps each type to its share of them. `metadata` are the
    texts of the format's own entry of that name; `names` those of the tensors, in the file's order.
    """

    parameters: int
    types: Mapping[str, int]
    metadata: Mapping[str, str]
    names: tuple[str, ...] = field(repr=False)


def read_safetensors(path: Path) -> SafetensorsHeader:
    """Read and check the header of `path`.

    Raises:
        NotFound: it cannot be read.
        ModelError: it is no safetensors file that its own library would accept.
    """
    try:
        with path.open("rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size, path)
    except OSError as error:
        raise NotFound(f"cannot read the file {path}: {error.strerror or error}", "check the path") from error


def _read(file: BinaryIO, size: int, path: Path) -> SafetensorsHeader:
    """Read the header of an open file of `size` bytes."""
    start = file.read(_LENGTH_BYTES)
    length = int.from_bytes(start, "little")
    if len(start) < _LENGTH_BYTES or length > size - _LENGTH_BYTES:
        raise _fault(path, f"truncated: its header claims {length} bytes, the file has {size}")
    if length > _LONGEST_HEADER:
        raise _fault(path, f"its header is {length} bytes long; {_LONGEST_HEADER} are read")
    entries = _parse(file.read(length), path)
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _fault(path, "its __metadata__ holds something else than texts")
    types: Counter[str] = Counter()
    places = []
    for name, entry in entries.items():
        kind, elements, begin, end = _read_tensor(path, name, entry)
        types[kind] += elements
        places.append((begin, end, name))
    _refuse_holes(path, sorted(places), size - _LENGTH_BYTES - length)
    return SafetensorsHeader(sum(types.values()), dict(types), metadata, tuple(entries))


def _parse(text: bytes, path: Path) -> dict[str, Any]:
    """Parse the header's JSON; a name that comes twice is an error, for readers differ in which one they take."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name comes twice")
        return found

    if text[:1] != b"{":
        raise _fault(path, "its header is not JSON")
    if sum(map(text.count, _SIGNS)) > _MOST_SIGNS:
        raise _fault(path, "its header lists more than the tensors of any model")
    try:
        entries = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise _fault(path, f"its header is not JSON as the format has it ({_line(error)})") from error
    if not isinstance(entries, dict):
        raise _fault(path, "its header is not JSON")
    return entries


def _read_tensor(path: Path, name: str, entry: Any) -> tuple[str, int, int, int]:
    """Check one entry and give (type, elements, begin, end), the places counted from the end of the header."""
    said = f"tensor {name[:80]!r}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _fault(path, f"{said} has not exactly dtype, shape and data_offsets")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in TYPES:
        raise _fault(path, f"{said} has the unknown type {str(kind)[:40]!r}")
    if not _whole_numbers(shape) or len(shape) > _MOST_DIMENSIONS:
        raise _fault(path, f"{said} has no usable shape")
    if not _whole_numbers(offsets) or len(offsets) != 2:
        raise _fault(path, f"{said} has no usable place")
    elements = 1
    for count in shape:
        elements *= count
        if elements >= _LARGEST:
            raise _fault(path, f"{said} has an impossible shape")
    bits = elements * TYPES[kind]
    if bits % 8 or offsets[1] - offsets[0] != bits // 8:
        raise _fault(path, f"{said} takes {offsets[1] - offsets[0]} bytes; its shape and type need {-(-bits // 8)}")
    return kind, elements, offsets[0], offsets[1]


def _whole_numbers(found: Any) -> bool:
    """Say whether this is a list of whole numbers that fit 63 bits; JSON's true and 1.0 are none."""
    return isinstance(found, list) and all(type(number) is int and 0 <= number < _LARGEST for number in found)


def _refuse_holes(path: Path, places: list[tuple[int, int, str]], size: int) -> None:
    """The tensors follow one another and fill the file: what lies between them could be anything."""
    at = 0
    for begin, end, name in places:
        if begin != at:
            what = "a hole before" if begin > at else "an overlap at"
            raise _fault(path, f"there is {what} tensor {name[:80]!r}")
        at = end
    if at > size:
        raise _fault(path, f"truncated: its tensors need {at} bytes, the file has {size} for them")
    if at < size:
        raise _fault(path, f"{size - at} bytes follow its last tensor")


def _fault(path: Path, what: str) -> ModelError:
    """Make the error for something wrong in this file."""
    return ModelError(f"{path} is not a usable safetensors file: {what}", _HINT)


def _line(error: BaseException) -> str:
    """Fold an error's text into one short line."""
    return " ".join(str(error).split())[:120] or type(error).__name__
