"""`models adapters` as a user types it, and adapters by name in `ask` and `complete`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from localdev.models.store import Adding, ModelStore
from tests.backends.lora import write_adapter
from tests.cli.conftest import Run

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


@pytest.fixture
def store() -> ModelStore:
    """Give the store of the user, with the tiny model in it."""
    store = ModelStore(find_folders().models)
    store.add(TINY, Adding(mode="copy", name="tiny"))
    return store


def test_add_list_remove(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """An adapter is kept with the models it fits, is listed with them, and goes; its file stays."""
    assert "no adapters yet" in run("models", "adapters", "list").err
    path = write_adapter(tmp_path / "My Style.gguf")
    added = run("models", "adapters", "add", path)
    assert added.code == 0 and added.out.startswith("my-style: adapter for llama")
    assert "; fits tiny\n" in added.out and f"sha256 {store.find('my-style', 'adapter').digest}" in added.out
    listed = run("models", "adapters", "list").out
    assert listed.startswith("my-style  ") and listed.endswith("; fits tiny\n")
    (entry,) = json.loads(run("models", "adapters", "list", "--json").out)["adapters"]
    assert (entry["name"], entry["kind"], entry["fits"]) == ("my-style", "adapter", ["tiny"])
    assert (entry["ranks"], entry["alpha"]) == ([4], 4.0) and ", rank 4, alpha 4; fits tiny" in listed
    assert json.loads(run("models", "adapters", "remove", "my-style", "--yes", "--json").out)["name"]
    assert path.exists() and store.list("adapter") == []
    gone = run("models", "adapters", "remove", "my-style", "--yes")
    assert gone.code == 4 and "no adapter named 'my-style'" in gone.err


def test_json_and_base(run: Run, store: ModelStore, tmp_path: Path) -> None:
    """A name and a base may be given; the base's own reason is said where it is another one's."""
    write_adapter(tmp_path / "a.gguf")
    found = json.loads(run("models", "adapters", "add", tmp_path / "a.gguf", "--name", "terse", "--json").out)
    assert (found["name"], found["fits"], found["mode"]) == ("terse", ["tiny"], "link")
    write_adapter(tmp_path / "b.gguf", width=64)
    wrong = run("models", "adapters", "add", tmp_path / "b.gguf", "--base", "tiny")
    assert wrong.code == 4 and "64 x 64, the model's is 128 x 128" in wrong.err and "hint: " in wrong.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.gguf", "none.gguf"),
        ("model.gguf", "is a model, not an adapter"),
        ("cut.gguf", "is truncated"),
        ("text.gguf", "error: "),
    ],
)
def test_mistakes(name: str, said: str, run: Run, store: ModelStore, tmp_path: Path) -> None:
    """What is no adapter is refused with one line of what and one of what to do."""
    (tmp_path / "model.gguf").write_bytes(TINY.read_bytes())
    (tmp_path / "cut.gguf").write_bytes(write_adapter(tmp_path / "whole.gguf").read_bytes()[:3000])
    (tmp_path / "text.gguf").write_text("no weights\n")
    done = run("models", "adapters", "add", tmp_path / name)
    assert (done.code, done.out) == (4, "")
    assert said in done.err and "hint: " in done.err and "Traceback" not in done.err


@pytest.mark.llama
def test_by_name(run: Run, store: ModelStore, tmp_path: Path, repository: Path) -> None:
    """`ask` and `complete` answer under the adapter that is named, and list those that fit where it is unknown."""
    pytest.importorskip("llama_cpp")
    run("models", "adapters", "add", write_adapter(tmp_path / "style.gguf"))
    asked = ("complete", "-C", repository, "--no-service", "--at", "app/main.py:8:5", "--max-tokens", 8)
    plain, styled, again = run(*asked), run(*asked, "--adapter", "style@3"), run(*asked, "--adapter", "style@0")
    assert [each.code for each in (plain, styled, again)] == [0, 0, 0], styled.err
    assert plain.out == again.out != styled.out
    unknown = run("ask", "settings?", "-C", repository, "--no-service", "--adapter", "stile")
    assert unknown.code == 4 and "no adapter named 'stile'; those that fit tiny: style" in unknown.err
