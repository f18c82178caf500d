"""The embedder on the command line: set, told, examined, and kept apart from models that answer."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TINY_BERT = Path(__file__).parents[1] / "data" / "tiny-bert.gguf"


@pytest.fixture
def llama() -> None:
    """Skip loudly where the engine is not installed; with LOCALDEV_TEST_LLAMA set that is a failure."""
    if importlib.util.find_spec("llama_cpp") is None:
        message = "llama-cpp-python is not installed, so no GGUF embedder is tested: setup llama"
        if os.environ.get("LOCALDEV_TEST_LLAMA"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.mark.usefixtures("llama")
def test_a_gguf_embedder_from_adding_to_searching(run: Run, repository: Path) -> None:
    """Added, shown as one for search, set, examined, used: with one message on stderr and hits on stdout."""
    run("-C", repository, "index")
    assert "for search only" in run("models", "add", TINY_BERT, "--name", "minilm").out
    assert "for search only" in run("models", "list").out
    assert run("config", "set", "search.embedder", "gguf:minilm").code == 0
    first = run("-C", repository, "search", "settings", "-k", "1")
    assert first.code == 0
    assert first.err.count("the index is built anew: the embedder changed from static-") == 1
    assert run("-C", repository, "search", "settings", "-k", "1").err == ""
    examined = run("-C", repository, "doctor")
    assert "gguf:minilm" in examined.out
    assert "none added" in examined.out


def test_an_embedder_that_is_not_there(
    run: Run, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every job ends with exit code 4 and a hint, doctor says it too; a setting that names nothing is exit code 2."""
    written = run("config", "set", "search.embedder", f"gguf:{tmp_path}/gone.gguf")
    assert (written.code, written.err) == (0, f"warning: there is no {tmp_path}/gone.gguf yet\n")
    for arguments in (("search", "settings"), ("ask", "settings?"), ("index",)):
        outcome = run("-C", repository, *arguments)
        assert (outcome.code, outcome.out) == (4, "")
        assert "gone.gguf" in outcome.err and "hint:" in outcome.err
    assert "gone.gguf" in run("-C", repository, "doctor").out
    monkeypatch.setenv("LOCALDEV_SEARCH_EMBEDDER", "word2vec")
    outcome = run("-C", repository, "search", "settings")
    assert outcome.code == 2
    assert "names no embedder" in outcome.err


@pytest.mark.parametrize(
    ("key", "value", "code", "said"),
    [
        ("search.embedder", "nonsense", 2, "names no embedder"),
        ("search.embedder", "", 2, "names no embedder"),
        ("search.embedder", "gguf:", 2, "names no embedder"),
        ("search.embedder", "gguf: ", 2, "names no embedder"),
        ("search.embedder", "gguf:relative.gguf", 2, "depends on the current folder"),
        ("search.embedder", "sentence-transformers:model", 2, "depends on the current folder"),
        ("index.store", "ftp://x", 2, "index.store is no address"),
        ("index.store", "", 2, "index.store is no address"),
        ("index.store", "http://example.com:8000", 4, "names another machine"),
    ],
)
def test_what_can_never_work_is_not_set(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch, *, key: str, value: str, code: int, said: str
) -> None:
    """It is refused as the commands refuse it, word for word, and the file stays as it was."""
    refused = run("config", "set", key, value)
    assert (refused.code, refused.out) == (code, "") and said in refused.err
    assert f'{key} = "{"static" if key == "search.embedder" else "embedded"}"' in run("config", "show").out
    if value:  # an empty variable counts as not set
        monkeypatch.setenv(f"LOCALDEV_{key.replace('.', '_').upper()}", value)
        assert run("search", "settings", "-C", repository).err == refused.err


def test_a_name_that_no_model_has_yet_is_set_with_a_warning(run: Run) -> None:
    """It may be added later; what can work is set without a word."""
    unknown = run("config", "set", "search.embedder", "gguf:later")
    assert unknown.code == 0 and unknown.err.startswith("warning: no model named 'later'")
    for key, value in (("search.embedder", "static"), ("index.store", "http://127.0.0.1:8000")):
        assert (run("config", "set", key, value).code, run("config", "set", key, value).err) == (0, "")
