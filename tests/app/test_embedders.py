"""Choosing the embedder by settings, and the jobs over it: real llama.cpp on a tiny BERT."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from localdev.app.embedders import open_embedder
from localdev.app.engines import open_engine
from localdev.config import trust
from localdev.config.loader import Sources as Layers
from localdev.config.loader import load
from localdev.config.settings import build
from localdev.core.errors import ConfigError, LocaldevError, MissingExtra, ModelError, NotFound
from localdev.core.events import Notice, Progress, Refreshed, Sources
from localdev.core.folders import Folders
from localdev.models.store import Adding, ModelStore
from scripts.make_tiny_bert import make_folder
from tests.app.conftest import OpenJobs

DATA = Path(__file__).parents[1] / "data"
TINY, TINY_BERT = DATA / "tiny.gguf", DATA / "tiny-bert.gguf"


@pytest.fixture
def llama() -> None:
    """Skip loudly where the engine is not installed; with LOCALDEV_TEST_LLAMA set that is a failure."""
    if importlib.util.find_spec("llama_cpp") is None:
        message = "llama-cpp-python is not installed, so no GGUF embedder is tested: setup llama"
        if os.environ.get("LOCALDEV_TEST_LLAMA"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """Copy the tiny embedding model, an hour old."""
    path = tmp_path / "models" / "tiny-bert.gguf"
    path.parent.mkdir()
    shutil.copy(TINY_BERT, path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def named(value: str, folders: Folders) -> str:
    """Open the embedder a setting names and give its identity."""
    return open_embedder(build({"search.embedder": value}), folders).name


@pytest.mark.usefixtures("llama")
def test_a_gguf_by_path_or_by_name(folders: Folders, bert: Path) -> None:
    """The identity holds the content's digest: the same for the same bytes, another for others at the same place."""
    by_path = named(f"gguf:{bert}", folders)
    assert by_path == named(f"gguf:{bert}", folders)
    digest = ModelStore(folders.models).add(bert, Adding(name="minilm")).digest
    assert named("gguf:minilm", folders) == f"gguf:minilm-{digest[:12]}"
    raw = bytearray(bert.read_bytes())
    raw[-1] ^= 1
    bert.unlink()
    bert.write_bytes(raw)
    assert named(f"gguf:{bert}", folders) != by_path


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("word2vec", ConfigError, "names no embedder"),
        ("", ConfigError, "names no embedder"),
        ("static:other", ConfigError, "names no embedder"),
        ("gguf:", ConfigError, "names no embedder"),
        ("sentence-transformers:", ConfigError, "names no embedder"),
        ("gguf:models/a.gguf", ConfigError, "depends on the current folder"),
        ("sentence-transformers:models", ConfigError, "depends on the current folder"),
        ("gguf:/no/such/file.gguf", NotFound, "/no/such/file.gguf"),
        ("gguf:nobody", NotFound, "no model named 'nobody'"),
        ("sentence-transformers:/no/such/folder", NotFound, "there is no folder"),
        (f"sentence-transformers:{DATA}", ModelError, "holds no sentence-transformers model"),
        (f"gguf:{TINY}", ModelError, "llama model, which writes text"),
        (f"gguf:{DATA / 'README.md'}/x.gguf", LocaldevError, "README.md"),
    ],
)
def test_what_is_no_embedder(folders: Folders, value: str, kind: type[LocaldevError], said: str) -> None:
    """Each mistake is an error that says what and what to do; nothing else is taken in its place."""
    with pytest.raises(kind) as caught:
        named(value, folders)
    assert said in str(caught.value)
    assert caught.value.hint


def test_a_folder_by_its_path(folders: Folders, tmp_path: Path) -> None:
    """A folder is accepted where the extra is installed; without it the command that adds it is named."""
    folder = make_folder(tmp_path / "tiny-bert")
    if importlib.util.find_spec("sentence_transformers") is None:
        with pytest.raises(MissingExtra, match="sentence-transformers is not installed"):
            named(f"sentence-transformers:{folder}", folders)
    else:
        assert named(f"sentence-transformers:{folder}", folders).startswith("sentence-transformers:tiny-bert-")


@pytest.mark.usefixtures("llama")
@pytest.mark.parametrize(
    ("job", "options"),
    [("search", {"queries": ["put an item into the cart"]}), ("ask", {"question": "put an item into the cart?"})],
)
def test_a_change_of_embedder_is_told_once_by_every_job(
    jobs: OpenJobs, bert: Path, job: str, options: dict[str, object]
) -> None:
    """The index is built anew, the message names both, and the next question is silent and finds the same place."""
    list(jobs().run("index", {}))
    told: list[Progress | Notice] = []
    chosen = {"search.embedder": f"gguf:{bert}", "llama.threads": 1}
    for _ in range(2):
        events = list(jobs(chosen, aside=told.append).run(job, options))
        (sources,) = (event for event in events if isinstance(event, Sources))
        assert sources.hits[0].chunk.path == "cart.py"
    notices = [event.text for event in told if isinstance(event, Notice)]
    assert len(notices) == 1
    assert notices[0].startswith("the index is built anew: the embedder changed from static-")
    assert " to gguf:tiny-bert-" in notices[0]


@pytest.mark.usefixtures("llama")
def test_index_reports_the_change(jobs: OpenJobs, bert: Path) -> None:
    """Its report holds the reason too, for `--json`."""
    list(jobs().run("index", {}))
    events = list(jobs({"search.embedder": f"gguf:{bert}"}).run("index", {}))
    (refreshed,) = (event for event in events if isinstance(event, Refreshed))
    assert "the embedder changed from static-" in refreshed.report.rebuilt
    assert refreshed.report.added == 2


@pytest.mark.usefixtures("llama")
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:20_000])])
def test_a_question_whose_embedder_is_gone_is_an_error(
    jobs: OpenJobs, bert: Path, spoil: Callable[[Path], object]
) -> None:
    """Neither another embedder nor words alone take its place."""
    chosen = {"search.embedder": f"gguf:{bert}"}
    list(jobs(chosen).run("index", {}))
    spoil(bert)
    with pytest.raises(LocaldevError) as caught:
        list(jobs(chosen).run("search", {"queries": ["cart"]}))
    assert str(bert) in str(caught.value)


@pytest.mark.usefixtures("llama")
def test_an_embedding_model_is_not_chosen_to_answer(folders: Folders, bert: Path, script: Callable[..., str]) -> None:
    """Alone it counts as no model, beside a language model it is passed over, and named it is an error."""
    store = ModelStore(folders.models)
    store.add(bert, Adding(name="minilm"))
    none = open_engine(build({}), folders)
    assert none.backend is None and none.notice is not None and "models add" in none.notice.text
    store.add(TINY, Adding(name="tiny"))
    found = open_engine(build({"llama.threads": 1}), folders)
    assert found.backend is not None and found.backend.describe().name == "tiny"
    found.backend.close()
    for name in ("minilm", str(bert)):
        with pytest.raises(ModelError, match="is an embedding model") as caught:
            open_engine(build({"model": name}), folders)
        assert f"search.embedder gguf:{name}" in caught.value.hint


def test_a_cloned_repository_chooses_no_embedder_until_it_is_trusted(folders: Folders, root: Path) -> None:
    """Its setting names a file to load; it stays without effect, with a warning."""
    (root / ".localdev.toml").write_text('[search]\nembedder = "gguf:/tmp/theirs.gguf"\n')
    layers = Layers(folders, root, {}, {})
    loaded = load(layers)
    assert loaded.settings.search.embedder == "static"
    assert "search.embedder not used" in loaded.notices[0].text
    trust.grant(root, folders)
    assert load(layers).settings.search.embedder == "gguf:/tmp/theirs.gguf"
