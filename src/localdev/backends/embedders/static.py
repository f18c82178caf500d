"""The static embedder that ships in the package: a table of piece vectors, summed per text and brought to length 1.

The table is int8 with one scale per column, so a text's sum is exact integer arithmetic: a vector does not depend on
which other texts were embedded in the same call, on their order, or on the processor.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localdev.backends.embedders.pieces import PIECES_VERSION, Pieces
from localdev.core.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from localdev.core.ports import FloatMatrix

_SHIPPED = Path(__file__).parent.parent / "data" / "embedder"
_FORMAT = 1
# Far above any chunk; keeps a text of megabytes from costing more than a hundred ordinary ones.
_LONGEST_TEXT = 65_536
_HINT = "the installation is damaged; reinstall it: pip install --force-reinstall --no-deps localdev"


class StaticEmbedder:
    """Embeds text by a memory-mapped table; about 30 microseconds for a chunk of 800 characters on one core."""

    def __init__(self, folder: Path | None = None) -> None:
        """Load the table from `folder` (the one in the package by default).

        Raises ModelError when a file is missing, damaged or of another format.
        """
        folder = _SHIPPED if folder is None else folder
        card = _read_card(folder)
        self._matrix = _read_matrix(folder, card)
        self._scales = _scales(card)
        self._pieces = Pieces(_read_vocabulary(folder, card))
        self._name = f"{card.name}-{card.sha256[:12]}-p{PIECES_VERSION}"

    @property
    def name(self) -> str:
        """Model, digest of its files, and the version of the way text is cut into pieces."""
        return self._name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._matrix.shape[1])

    def embed(self, texts: Sequence[str]) -> FloatMatrix:
        """Give float32 vectors of shape (len(texts), dimension), each of length 1.

        A text without a known piece (empty, digits, punctuation) gives zeros; characters after 65,536 are left out.
        """
        import numpy as np

        sums = np.zeros((len(texts), self.dimension), dtype=np.int32)
        for index, text in enumerate(texts):
            rows = self._pieces.rows(text[:_LONGEST_TEXT])
            if rows:
                # One small gather per text stays in the cache; one gather for a whole batch is ten times slower.
                picked = np.take(self._matrix, np.array(rows, dtype=np.intp), axis=0)
                picked.sum(axis=0, dtype=np.int32, out=sums[index])
        vectors: FloatMatrix = sums.astype(np.float32) * self._scales  # exact: no sum reaches 2**24
        lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        lengths[lengths == 0] = 1
        vectors /= lengths
        return vectors


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


def _read_matrix(folder: Path, card: _Card) -> npt.NDArray[np.int8]:
    """Map `matrix.npy`, int8 of shape (rows, dimension), and check it (about a millisecond: CRC-32, not SHA-256)."""
    import numpy as np

    path = folder / "matrix.npy"
    try:
        matrix = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"the embedder's table {path} cannot be read", _HINT) from error
    fits = matrix.dtype == np.int8 and matrix.shape == (card.rows, len(card.scales)) and matrix.flags.c_contiguous
    if not fits or zlib.crc32(matrix.data) != card.matrix_crc32:
        raise ModelError(f"the embedder's table {path} is damaged", _HINT)
    return matrix


def _scales(card: _Card) -> npt.NDArray[np.float32]:
    """Give the scales of the columns, shape (dimension,)."""
    import numpy as np

    return np.array(card.scales, dtype=np.float32)


def _read_vocabulary(folder: Path, card: _Card) -> list[str]:
    """Read `vocabulary.txt`: one piece a line, in the order of the table's rows."""
    path = folder / "vocabulary.txt"
    raw = _read_bytes(path)
    if zlib.crc32(raw) != card.vocabulary_crc32:
        raise ModelError(f"the embedder's vocabulary {path} is damaged", _HINT)
    return raw.decode("utf-8").split("\n")


def _read_bytes(path: Path) -> bytes:
    """Read a file of the embedder."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"the embedder's file {path} cannot be read", _HINT) from error
