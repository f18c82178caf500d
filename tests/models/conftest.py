"""A small GGUF writer, so that each test can build exactly the file it is about."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

TINY = Path(__file__).parent.parent / "data" / "tiny.gguf"
Pair = tuple[str, int, bytes]


def text(value: str) -> bytes:
    """Encode a GGUF string."""
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key: str, value: str | int) -> Pair:
    """Make a metadata pair of a string or an unsigned 32-bit number."""
    return (key, 8, text(value)) if isinstance(value, str) else (key, 4, struct.pack("<I", value))


def tensor(name: str, shape: Sequence[int], *, kind: int = 0, offset: int = 0) -> bytes:
    """Encode one tensor entry."""
    sizes = b"".join(struct.pack("<Q", size) for size in shape)
    return text(name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", kind, offset)


def gguf(
    pairs: Sequence[Pair] = (("general.architecture", 8, text("llama")),),
    tensors: Sequence[bytes] = (tensor("a", [32]),),
    *,
    data: bytes = bytes(128),
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """Encode a file; `counts` overrides the numbers of tensors and keys that it claims."""
    claimed = counts or (len(tensors), len(pairs))
    head = b"GGUF" + struct.pack("<IQQ", version, *claimed)
    for key, kind, value in pairs:
        head += text(key) + struct.pack("<I", kind) + value
    head += b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


# A model of some hundred bytes, for all that does not depend on what is in it: reading one is most of a test's time.
SMALL = gguf([pair("general.architecture", "llama"), pair("general.license", "Python-2.0")])


def small(path: Path) -> Path:
    """Write the small model."""
    path.write_bytes(SMALL)
    return path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes bytes to a file of the test's own."""

    def write_file(data: bytes, name: str = "model.gguf") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write_file
