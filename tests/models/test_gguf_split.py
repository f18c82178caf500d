"""Models split over several files, on parts that llama.cpp itself loads, and on sets with something wrong."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.core.errors import ModelError, NotFound
from localdev.models.gguf import read_header, read_model, read_tensors
from tests.backends.tiny_weights import write_split
from tests.models.conftest import TINY, gguf, pair, tensor

ARCHITECTURE = pair("general.architecture", "llama")


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Give the tiny model in two parts."""
    return write_split(tmp_path / "parts", TINY)


def part(number: int, count: int, *tensors: str, total: int = 2, first: bool = False) -> bytes:
    """Make a small part that holds these tensors."""
    marks = [
        ("split.no", 2, struct.pack("<H", number)),
        ("split.count", 2, struct.pack("<H", count)),
        ("split.tensors.count", 5, struct.pack("<i", total)),
    ]
    entries = [tensor(name, [8], offset=32 * place) for place, name in enumerate(tensors)]
    return gguf([*([ARCHITECTURE] if first else []), *marks], entries, data=bytes(32 * len(entries)))


def small(folder: Path, *data: bytes, prefix: str = "m") -> list[Path]:
    """Write parts under the names they should have."""
    found = [folder / f"{prefix}-{number:05d}-of-{len(data):05d}.gguf" for number in range(1, len(data) + 1)]
    for path, each in zip(found, data, strict=True):
        path.write_bytes(each)
    return found


def test_the_engine_loads_what_is_read(parts: list[Path]) -> None:
    """llama.cpp opens these parts by the first one, and they are what the whole file is."""
    llama_cpp = pytest.importorskip("llama_cpp")
    params = llama_cpp.llama_model_default_params()
    params.use_extra_bufts = False
    native = llama_cpp.llama_model_load_from_file(str(parts[0]).encode(), params)
    assert native
    count = llama_cpp.llama_model_n_params(native)
    llama_cpp.llama_model_free(native)
    header = read_model(parts[0]).header
    assert header.parameters == count == read_header(TINY).parameters


def test_any_part_and_the_folder_name_the_model(parts: list[Path]) -> None:
    """All give the same model, with sums as of the whole file and the parts in order."""
    whole, expected = read_header(TINY), tuple(parts)
    for path in (*parts, parts[0].parent):
        model = read_model(path)
        assert model.parts == expected
        assert (model.header.tensor_count, model.header.tensor_bytes) == (whole.tensor_count, whole.tensor_bytes)
        assert model.header.file_size == sum(each.stat().st_size for each in parts)
        assert (model.header.chat_template, model.header.architecture) == (whole.chat_template, "llama")
        assert set(read_tensors(path)) == set(read_tensors(TINY))


def test_a_single_file_and_a_folder_with_one(tmp_path: Path) -> None:
    """A whole file is a model of one part; beside it other files do not matter."""
    assert read_model(TINY).parts == (TINY,)
    assert read_model(TINY).header == read_header(TINY)
    shutil.copy(TINY, tmp_path / "m.gguf")
    (tmp_path / "README.md").touch()
    assert read_model(tmp_path).parts == (tmp_path / "m.gguf",)


def test_a_missing_part_is_named(parts: list[Path]) -> None:
    """Whichever is named, the missing one is in the message."""
    parts[1].unlink()
    for path in (*parts, parts[0].parent):
        with pytest.raises(ModelError, match=r"tiny lacks 1 of its 2 parts: tiny-00002-of-00002\.gguf") as caught:
            read_model(path)
        assert caught.value.hint


def test_a_damaged_part_is_named(parts: list[Path]) -> None:
    """A cut part is as bad as a cut file."""
    parts[1].write_bytes(parts[1].read_bytes()[:-1])
    with pytest.raises(ModelError, match=f"{parts[1]} is truncated"):
        read_model(parts[0])


def test_a_part_under_the_name_of_another(parts: list[Path]) -> None:
    """A part that was copied or renamed says itself which one it is."""
    shutil.copy(parts[0], parts[1])
    with pytest.raises(ModelError, match=r"tiny-00002-of-00002\.gguf is in truth part 1 of 2"):
        read_model(parts[0])


def test_a_whole_file_under_the_name_of_a_part(parts: list[Path]) -> None:
    """A file that knows of no parts is none."""
    shutil.copy(TINY, parts[1])
    with pytest.raises(ModelError, match=r"tiny-00002-of-00002.gguf is named as part 2 of 2, but is no part"):
        read_model(parts[0])


def test_a_part_under_another_name(parts: list[Path]) -> None:
    """llama.cpp finds parts by their names alone, so a renamed one is told its name."""
    renamed = parts[0].rename(parts[0].with_name("renamed.gguf"))
    with pytest.raises(ModelError, match="part 1 of a model split over 2 files") as caught:
        read_model(renamed)
    assert "renamed-00001-of-00002.gguf" in caught.value.hint


def test_a_part_of_another_model(tmp_path: Path) -> None:
    """Another number of tensors, the same tensor again, and metadata that differ each give it away."""
    first = part(0, 2, "a", first=True)
    with pytest.raises(ModelError, match="hold 3 tensors instead of 2"):
        read_model(small(tmp_path, first, part(1, 2, "b", "c"))[0])
    with pytest.raises(ModelError, match=r"tensor 'a' in m-00002-of-00002\.gguf is in an earlier part"):
        read_model(small(tmp_path, first, part(1, 2, "a"))[0])
    with pytest.raises(ModelError, match=r"m-00002-of-00002\.gguf is a part of another model: its split.tensors.count"):
        read_model(small(tmp_path, first, part(1, 2, "b", total=3))[0])
    with pytest.raises(ModelError, match="is in truth part 2 of 3"):
        read_model(small(tmp_path, first, part(1, 3, "b"))[0])
    assert read_model(small(tmp_path, first, part(1, 2, "b"))[1]).header.tensor_count == 2


def test_a_part_too_many(tmp_path: Path) -> None:
    """A part beyond the number of all is named."""
    paths = small(tmp_path, part(0, 2, "a", first=True), part(1, 2, "b"))
    shutil.copy(paths[1], tmp_path / "m-00003-of-00002.gguf")
    with pytest.raises(ModelError, match=r"m-00003-of-00002\.gguf is a part too many"):
        read_model(paths[0])
    with pytest.raises(ModelError, match="cannot be part 3 of 2"):
        read_model(tmp_path / "m-00003-of-00002.gguf")


def test_the_first_part_holds_the_metadata(tmp_path: Path) -> None:
    """A first part without an architecture is none; one without tensors is fine, some are made so."""
    with pytest.raises(ModelError, match="names no architecture"):
        read_model(small(tmp_path, part(0, 2, "a"), part(1, 2, "b"))[0])
    assert read_model(small(tmp_path, part(0, 2, first=True), part(1, 2, "a", "b"))[0]).header.tensor_count == 2


def test_a_folder_with_several_models_or_none(tmp_path: Path) -> None:
    """The folder must say which one is meant; two sets of parts are two models."""
    with pytest.raises(ModelError, match=r"holds no \.gguf file"):
        read_model(tmp_path)
    small(tmp_path, part(0, 2, "a", first=True), part(1, 2, "b"))
    small(tmp_path, part(0, 2, "a", first=True), part(1, 2, "b"), prefix="n")
    with pytest.raises(ModelError, match=r"several models: m-00001-of-00002\.gguf, n-00001-of-00002\.gguf"):
        read_model(tmp_path)


def test_what_is_not_there(tmp_path: Path, write: Callable[..., Path]) -> None:
    """A missing file is not found; a file of another name's case is no part to llama.cpp."""
    with pytest.raises(NotFound, match="no-such"):
        read_model(tmp_path / "no-such.gguf")
    assert read_model(write(gguf(), "M-00001-OF-00002.GGUF")).header.architecture == "llama"
