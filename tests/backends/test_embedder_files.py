"""The embedder's files: what ships is whole and described, and what is damaged is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import localdev.backends
from localdev.backends.embedders.static import StaticEmbedder
from localdev.core.errors import ModelError

SHIPPED = Path(localdev.backends.__file__).parent / "data" / "embedder"
DESCRIPTION = json.loads((SHIPPED / "embedder.json").read_text(encoding="utf-8"))


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """Give a copy of the shipped folder that a test may damage."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "embedder"))


def test_the_digest_is_that_of_the_files() -> None:
    """The digest in the name is SHA-256 over table, vocabulary and scales: no file was changed after it was made."""
    scales = np.array(DESCRIPTION["scales"], dtype="<f4").tobytes()
    content = np.load(SHIPPED / "matrix.npy").tobytes() + (SHIPPED / "vocabulary.txt").read_bytes() + scales
    assert DESCRIPTION["sha256"] == hashlib.sha256(content).hexdigest()
    assert DESCRIPTION["sha256"][:12] in StaticEmbedder().name


def test_the_card_is_about_these_files() -> None:
    """The card names the digest, the base model and its licence; the licence text lies beside it."""
    card = (SHIPPED / "card.md").read_text(encoding="utf-8")
    assert DESCRIPTION["sha256"] in card
    assert DESCRIPTION["base_model"] in card
    assert "Apache-2.0" in card
    assert "Version 2.0, January 2004" in (SHIPPED / "LICENSE").read_text(encoding="utf-8")


def test_the_files_stay_small() -> None:
    """The package carries at most 16 MB for it."""
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 16_000_000


def test_a_copy_elsewhere_is_the_same_embedder(folder: Path) -> None:
    """A folder given by its path gives the same name and the same vectors."""
    copy, shipped = StaticEmbedder(folder), StaticEmbedder()
    assert copy.name == shipped.name
    assert copy.embed(["open a socket"]).tobytes() == shipped.embed(["open a socket"]).tobytes()


def _flip_middle(path: Path) -> None:
    """Change one byte in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


def _halve(path: Path) -> None:
    """Cut a file in half."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def _replace_by_folder(path: Path) -> None:
    """Put a folder where the file was."""
    path.unlink()
    path.mkdir()


def test_a_file_that_goes_after_the_check_is_an_error(folder: Path) -> None:
    """The table is mapped when it is first needed; gone by then, it is the same error."""
    embedder = StaticEmbedder(folder)
    (folder / "matrix.npy").unlink()
    with pytest.raises(ModelError, match=r"matrix\.npy"):
        embedder.embed(["text"])


@pytest.mark.parametrize("damage", [Path.unlink, _flip_middle, _halve, _empty, _replace_by_folder])
@pytest.mark.parametrize("name", ["matrix.npy", "vocabulary.txt"])
def test_a_damaged_file_is_refused(folder: Path, name: str, damage: Callable[[Path], None]) -> None:
    """Missing, changed by one bit, cut, empty, not a file: an error that names the file and says to reinstall."""
    damage(folder / name)
    with pytest.raises(ModelError) as caught:
        StaticEmbedder(folder)
    assert name in str(caught.value)
    assert "install localdev again" in caught.value.hint


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "not json", '{"format": 2}', json.dumps(DESCRIPTION | {"scales": "x"}), "\ud800"]
)
def test_an_unreadable_description_is_refused(folder: Path, content: str) -> None:
    """`embedder.json` that is not what it should be is refused before anything else is read."""
    (folder / "embedder.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(ModelError, match=r"embedder\.json"):
        StaticEmbedder(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 3},
        {"rows": DESCRIPTION["rows"] - 1},
        {"scales": DESCRIPTION["scales"][:-1]},
        {"matrix_crc32": 0},
        {"vocabulary_crc32": 0},
    ],
)
def test_a_description_of_other_files_is_refused(folder: Path, change: dict[str, object]) -> None:
    """A newer format, or a description that does not fit the files beside it, is refused."""
    (folder / "embedder.json").write_text(json.dumps(DESCRIPTION | change), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        StaticEmbedder(folder).embed(["text"])
    assert "install localdev again" in caught.value.hint


def test_a_table_of_objects_is_never_unpickled(folder: Path) -> None:
    """A table that holds pickled objects could run code; it is refused unread."""
    np.save(folder / "matrix.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelError, match=r"matrix\.npy"):
        StaticEmbedder(folder)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """No folder, no embedder; nothing is fetched."""
    with pytest.raises(ModelError, match="nowhere"):
        StaticEmbedder(tmp_path / "nowhere")
