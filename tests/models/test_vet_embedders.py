"""Folders of sentence-transformers models: what in them is refused, what is only told of, and when that is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from localdev.app.embedders import open_embedder
from localdev.config.settings import SearchSettings, Settings
from localdev.core.errors import LocaldevError, ModelError, NotFound
from localdev.core.folders import find_folders
from localdev.models.findings import Finding
from localdev.models.vetting.embedders import vet_embedder, vet_embedder_or_refuse
from localdev.models.vetting.vet import vet
from scripts.hostile.foreign import touching
from scripts.hostile.weights import good_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a good folder."""
    top = tmp_path / "embedder"
    for name, content in good_folder().items():
        assert isinstance(content, bytes)
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    return top


def opened(folder: Path) -> LocaldevError | None:
    """Open the embedder of a folder as searches do, and give the error it ends with."""
    settings = Settings(search=SearchSettings(embedder=f"sentence-transformers:{folder}"))
    try:
        open_embedder(settings, find_folders())
    except LocaldevError as error:
        return error
    return None


def test_a_good_folder_passes(folder: Path) -> None:
    """Nothing is found in it; Python beside the weights, and tables of other libraries, are no reason to refuse it."""
    assert vet_embedder(folder).findings == ()
    (folder / "train.py").write_text("import os\n")
    (folder / "tf_model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (folder / "openvino").mkdir()
    (folder / "openvino" / "openvino_model.bin").write_bytes(bytes(range(200)))
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "config.json").write_text('{"activation_function": "torch.nn.modules.activation.Tanh"}')
    (folder / "config.json").write_text('{"activation_function": "gelu_new", "rope_scaling": {"type": "linear"}}')
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"\x08\x08\x12\x07pytorch")
    assert vet_embedder(folder).findings == (
        Finding("folder-code", "note", "train.py is Python code, which is not run"),
    )
    vet_embedder_or_refuse(folder)


def test_a_pickle_is_refused_before_the_library_is_asked_for(folder: Path, tmp_path: Path) -> None:
    """Searches refuse the folder by the name of the pickle, whether or not the library is installed."""
    before = opened(folder)
    assert not isinstance(before, ModelError), "a good folder gets past vetting"
    (folder / "pytorch_model.bin").write_bytes(touching(tmp_path / "marker", 2))
    error = opened(folder)
    assert isinstance(error, ModelError)
    assert "is refused: pytorch_model.bin is a pickle" in str(error) and "remove that file" in error.hint
    assert not (tmp_path / "marker").exists()


def test_links_are_followed_to_files_alone(folder: Path, tmp_path: Path) -> None:
    """A pickle behind a link counts; a link to a folder, which is not looked into, is refused; a broken one is said."""
    (tmp_path / "weights.bin").write_bytes(touching(tmp_path / "marker", 2))
    (folder / "linked.bin").symlink_to(tmp_path / "weights.bin")
    assert [each.rule for each in vet_embedder(folder).against()] == ["folder-pickle"]
    (folder / "linked.bin").unlink()
    (folder / "elsewhere").symlink_to(tmp_path)
    assert [each.message for each in vet_embedder(folder).against()] == ["elsewhere is a link to another folder"]
    (folder / "elsewhere").unlink()
    (folder / "gone.bin").symlink_to(tmp_path / "gone")
    with pytest.raises(NotFound, match=r"gone\.bin"):
        vet_embedder(folder)


def test_other_kinds_of_folders_say_what_they_are(folder: Path, tmp_path: Path) -> None:
    """Such a folder is for search and no model to run; what is no folder is not found."""
    refusal = vet(folder).refusal()
    assert refusal is not None
    assert "the folder of a sentence-transformers model" in str(refusal)
    assert "search.embedder" in refusal.hint
    with pytest.raises(NotFound, match="nothing"):
        vet_embedder_or_refuse(tmp_path / "nothing")


def test_folders_of_everything_are_not_gone_through(tmp_path: Path) -> None:
    """A folder of thousands of files is no model's."""
    for number in range(2001):
        (tmp_path / f"{number}.txt").touch()
    assert {each.rule for each in vet_embedder(tmp_path).against()} == {"folder-large", "folder-weights"}
