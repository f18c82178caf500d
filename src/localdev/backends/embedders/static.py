"""The static embedder that ships in the package: a table of piece vectors, summed per text and brought to length 1.

A piece that stands n times in a text counts as the root of n: the tenth mention of a name says less than the first.
The table is int8 with one scale per column and the roots are rounded to eighths, so a text's sum is exact: a vector
does not depend on which other texts were embedded in the same call, on their order, or on the processor.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.backends.embedders.pieces import PIECES_VERSION, Pieces
from localdev.core.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from localdev.core.ports import FloatMatrix

_SHIPPED = Path(__file__).parent.parent / "data" / "embedder"
_FORMAT = 2
# Far above any chunk; keeps a text of megabytes from costing more than some ordinary ones. No sum reaches 2**24, up to
# which float32 holds every whole number: a piece is a character or more, and 127 * 8 * 16,384 is below that.
_LONGEST_TEXT = 16_384
_EIGHTHS = 8
_HINT = "the installation is damaged: install localdev again from where it came"


class StaticEmbedder:
    """Embeds text by a memory-mapped table; about 30 microseconds for a chunk of 800 characters on one core."""

    def __init__(self, folder: Path | None = None) -> None:
        """Take and check the files in `folder` (the one in the package by default), a few milliseconds.

        Raises ModelError when a file is missing, damaged or of another format. numpy (0.1 s) waits for the first text.
        """
        self._folder = _SHIPPED if folder is None else folder
        self._card = _read_card(self._folder)
        _read_checked(self._folder / "matrix.npy", self._card.matrix_crc32)
        _read_checked(self._folder / "vocabulary.txt", self._card.vocabulary_crc32)

    @property
    def name(self) -> str:
        """Model, digest of its files, and the version of the way text is cut into pieces."""
        return f"{self._card.name}-{self._card.sha256[:12]}-p{PIECES_VERSION}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return len(self._card.scales)

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1.

        A text without a known piece (empty, digits, punctuation) gives zeros; characters after 16,384 are left out.
        """
        import numpy as np

        table = self._table
        vectors: FloatMatrix = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for index, text in enumerate(texts):
            counts = Counter(table.pieces.rows(text[:_LONGEST_TEXT]))
            if counts:
                # One small gather per text stays in the cache; one gather for a whole batch is ten times slower.
                rows = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
                times = np.fromiter(counts.values(), dtype=np.intp, count=len(counts))
                picked = np.take(table.matrix, rows, axis=0).astype(np.float32)
                np.einsum("i,ij->j", table.roots[times], picked, out=vectors[index])  # one thread, unlike BLAS
        vectors *= table.scales
        lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        lengths[lengths == 0] = 1
        vectors /= lengths
        return vectors

    @cached_property
    def _table(self) -> _Table:
        """Map the table and read the vocabulary, about 10 ms. Two threads at once do the same work twice, no harm."""
        import numpy as np

        path = self._folder / "matrix.npy"
        try:
            matrix = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError) as error:
            raise ModelError(f"the embedder's table {path} cannot be read", _HINT) from error
        if matrix.dtype != np.int8 or matrix.shape != (self._card.rows, self.dimension):
            raise ModelError(f"the embedder's table {path} does not fit its description", _HINT)
        vocabulary = _read_checked(self._folder / "vocabulary.txt", self._card.vocabulary_crc32).decode("utf-8")
        scales = np.array(self._card.scales, dtype=np.float32)
        roots = np.round(_EIGHTHS * np.sqrt(np.arange(_LONGEST_TEXT + 1))).astype(np.float32)
        return _Table(matrix, scales, roots, Pieces(vocabulary.split("\n")))


@dataclass(frozen=True)
class _Table:
    """What embedding needs: int8 (rows, dimension), float32 (dimension,), what a count weighs, from text to rows."""

    matrix: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    roots: npt.NDArray[np.float32]
    pieces: Pieces


@dataclass(frozen=True)
class _Card:
    """What `embedder.json` says about the files beside it."""

    name: str
    rows: int
    sha256: str
    matrix_crc32: int
    vocabulary_crc32: int
    scales: tuple[float, ...]


def _read_card(folder: Path) -> _Card:
    """Read `embedder.json`."""
    path = folder / "embedder.json"
    try:
        raw = json.loads(_read_bytes(path))
        if raw["format"] != _FORMAT:
            raise ModelError(f"{path} has format {raw['format']}, this version reads format {_FORMAT}", _HINT)
        return _Card(
            name=str(raw["name"]),
            rows=int(raw["rows"]),
            sha256=str(raw["sha256"]),
            matrix_crc32=int(raw["matrix_crc32"]),
            vocabulary_crc32=int(raw["vocabulary_crc32"]),
            scales=tuple(float(scale) for scale in raw["scales"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the embedder's description {path} cannot be read", _HINT) from error


def _read_checked(path: Path, crc32: int) -> bytes:
    """Read a file and hold it against its checksum (CRC-32 for speed: it finds damage, the digest is the identity)."""
    raw = _read_bytes(path)
    if zlib.crc32(raw) != crc32:
        raise ModelError(f"the embedder's file {path} is damaged", _HINT)
    return raw


def _read_bytes(path: Path) -> bytes:
    """Read a file of the embedder."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"the embedder's file {path} cannot be read", _HINT) from error
