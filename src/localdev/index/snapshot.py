"""The snapshot: all vectors in one file that a fresh process maps into memory in a blink instead of importing Chroma.

The file is a short head and then records of (chunk id, vector), ids ascending. It only ever grows at its end, or is
replaced by another one under another name; how many records count, and their checksum, stand in the SQLite manifest.
So a reader that maps the file sees a fixed, checked prefix whatever a writer does meanwhile.
"""

from __future__ import annotations

import mmap
import os
import secrets
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.core.files import storage_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localdev.core.ports import FloatMatrix, IdVector

_HEAD = struct.Struct("<8s16sI36x")
_MAGIC = b"LDVECS01"


@dataclass(frozen=True, slots=True)
class SnapshotMark:
    """What the manifest says of the snapshot: its name, its number of records and their CRC-32."""

    token: str = ""
    rows: int = 0
    checksum: int = 0

    @classmethod
    def from_meta(cls, meta: dict[str, str]) -> SnapshotMark:
        """Read the mark; an index without one has no snapshot yet."""
        token, _, rest = meta.get("snapshot", "").partition(" ")
        rows, _, checksum = rest.partition(" ")
        return cls(token, int(rows), int(checksum)) if rest else cls()

    def as_meta(self) -> dict[str, str]:
        """Give the manifest row."""
        return {"snapshot": f"{self.token} {self.rows} {self.checksum}"}

    def file(self, generation: Path) -> Path:
        """Give the path of the file."""
        return generation / f"vectors-{self.token}.bin"


def record_type(dimension: int) -> Any:
    """Give the numpy type of a record."""
    import numpy as np

    return np.dtype([("id", "<i8"), ("vector", "<f4", (dimension,))])


def load(generation: Path, mark: SnapshotMark, dimension: int) -> tuple[IdVector, FloatMatrix] | None:
    """Map the snapshot: ids (rows,) and vectors (rows, dimension); None when it is missing, torn or not the marked one.

    The whole checksum is read each time: 3 ms for 20,000 vectors of 256 numbers, and the pages are needed anyway.
    """
    import numpy as np

    if not mark.token:
        return None
    kind = record_type(dimension)
    try:
        with mark.file(generation).open("rb") as file:
            head = file.read(_HEAD.size)
            size = os.fstat(file.fileno()).st_size
            if head != _head(mark.token, dimension) or size < _HEAD.size + mark.rows * kind.itemsize:
                return None
            if not mark.rows:
                return np.empty(0, dtype=np.int64), np.empty((0, dimension), dtype=np.float32)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return None
    end = _HEAD.size + mark.rows * kind.itemsize
    if zlib.crc32(memoryview(mapped)[_HEAD.size : end]) != mark.checksum:
        return None
    records = np.frombuffer(mapped, dtype=kind, count=mark.rows, offset=_HEAD.size)
    return records["id"].copy(), records["vector"]


def append(
    generation: Path, mark: SnapshotMark, dimension: int, blocks: Iterable[tuple[IdVector, FloatMatrix]]
) -> SnapshotMark:
    """Write records behind those of `mark` (a new file when it has no name); give the mark that covers them.

    What an interrupted writer left behind the marked part is overwritten. Nothing counts until the mark is stored.

    Raises:
        StorageError: the disk is full.
    """
    import numpy as np

    mark = mark if mark.token else SnapshotMark(secrets.token_hex(8))
    kind = record_type(dimension)
    path = mark.file(generation)
    rows, checksum = mark.rows, mark.checksum
    try:
        with path.open("r+b" if rows else "wb") as file:
            if not rows:
                file.write(_head(mark.token, dimension))
            file.seek(_HEAD.size + rows * kind.itemsize)
            for ids, vectors in blocks:
                records = np.empty(len(ids), dtype=kind)
                records["id"], records["vector"] = ids, vectors
                data = records.tobytes()
                file.write(data)
                checksum = zlib.crc32(data, checksum)
                rows += len(ids)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise storage_error(path, error) from error
    return SnapshotMark(mark.token, rows, checksum)


def _head(token: str, dimension: int) -> bytes:
    """Give the bytes a snapshot starts with."""
    return _HEAD.pack(_MAGIC, token.encode("ascii"), dimension)
