"""What a hostile case is, and a small GGUF writer that writes whatever it is told, right or wrong."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Pair = tuple[str | bytes, int, bytes]
# What a case is given to: `models vet`, the check of a sentence-transformers folder, or `models import`.
Door = Literal["vet", "embedder", "import"]
# A file's bytes, or a text: where a symbolic link leads; None makes a named pipe.
Content = bytes | str | None

UINT16, UINT32, INT32, STRING, ARRAY, UINT64, FLOAT64 = 2, 4, 5, 8, 9, 10, 12
F32, Q4_0, Q4_K = 0, 2, 12


@dataclass(frozen=True)
class Case:
    """A hostile file (or several, by their paths), where it is tried, and a part of the reason it is refused with.

    The name is that of what is tried: of the only file, or of the folder that holds `files`. `rule` is the id of the
    finding, where the door has such.
    """

    name: str
    files: Mapping[str, Content]
    reason: str
    rule: str = ""
    door: Door = "vet"


def single(name: str, content: Content, reason: str, rule: str = "") -> Case:
    """Make a case of one file."""
    return Case(name, {name: content}, reason, rule)


def text(value: str | bytes) -> bytes:
    """Encode a GGUF string."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def pair(key: str | bytes, value: str | int | Sequence[str]) -> Pair:
    """Make a metadata pair of a string, a whole number below 2**32 or a list of strings."""
    if isinstance(value, str):
        return key, STRING, text(value)
    if isinstance(value, int):
        return key, UINT32, struct.pack("<I", value)
    return key, ARRAY, struct.pack("<IQ", STRING, len(value)) + b"".join(map(text, value))


def tensor(name: str | bytes, shape: Sequence[int], *, kind: int = F32, offset: int = 0) -> bytes:
    """Encode one tensor entry."""
    sizes = b"".join(struct.pack("<Q", size) for size in shape)
    return text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", kind, offset)


LLAMA = pair("general.architecture", "llama")


def gguf(
    pairs: Sequence[Pair] = (LLAMA,),
    tensors: Sequence[bytes] = (tensor("a", [32]),),
    *,
    data: bytes = bytes(128),
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """Encode a file; `counts` overrides the numbers of tensors and keys that it claims."""
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(pairs))))
    for key, kind, value in pairs:
        head += text(key) + struct.pack("<I", kind) + value
    head += b"".join(tensors)
    return head + bytes(-len(head) % 32) + data
