"""LoRA adapters on the tiny model, switched from request to request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.errors import LocaldevError, ModelError, NotFound, UsageError
from tests.backends.conftest import TINY, ask, collect
from tests.backends.lora import write_adapter

pytestmark = pytest.mark.llama
STYLE, TERSE = "style.gguf", "terse.gguf"
QUESTION = ask("open: Open a file and return a reader.", max_tokens=40)


@pytest.fixture
def backend(llama: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlamaCppBackend]:
    """Give the tiny model, in a folder with two adapters."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate((STYLE, TERSE)):
        write_adapter(tmp_path / name, seed=seed)
    found = LlamaCppBackend(TINY, BackendOptions(engine=EngineOptions(threads=1)))
    yield found
    found.close()


def answer(backend: LlamaCppBackend, adapter: str) -> str:
    """Ask the question under an adapter."""
    return collect(backend.stream(replace(QUESTION, adapter=adapter)))[0]


def test_switching(backend: LlamaCppBackend) -> None:
    """Every adapter and scale has an answer of its own, whatever was asked before; none and scale 0 are the model's."""
    asked = ("", STYLE, TERSE, f"{STYLE}@0.5", "", f"{STYLE}@0", f"{TERSE}@1", f"{STYLE}@1.0", f"{STYLE}@0.5")
    found = [answer(backend, name) for name in asked]
    base, style, terse, half = found[:4]
    assert len({base, style, terse, half}) == 4
    assert found == [base, style, terse, half, base, base, terse, style, half]


def test_a_state_is_not_reused_under_another_adapter(backend: LlamaCppBackend) -> None:
    """After a switch the whole prompt is evaluated again; without one it is kept, also when the context grows."""
    kept = []
    for adapter in ("", STYLE, STYLE, f"{STYLE}@0.5", "", f"{TERSE}@0"):
        kept.append(collect(backend.stream(replace(QUESTION, adapter=adapter)))[1].usage.cached_tokens > 0)
    assert kept == [False, False, True, False, False, True]


def test_a_new_context_has_the_adapter(backend: LlamaCppBackend, tmp_path: Path) -> None:
    """A context made after the switch, or anew, answers as the adapter says."""
    style = answer(backend, STYLE)
    backend._engine._free_context()
    backend._engine._held.clear()
    assert answer(backend, STYLE) == style


def test_an_adapter_by_path(backend: LlamaCppBackend, tmp_path: Path) -> None:
    """From the current folder or from the root, with a scale too."""
    style = answer(backend, STYLE)
    assert answer(backend, str(tmp_path / STYLE)) == style
    assert answer(backend, f"{tmp_path / STYLE}@0.5") == answer(backend, f"{STYLE}@0.5") != style
    (tmp_path / "of@me.gguf").write_bytes((tmp_path / STYLE).read_bytes())
    assert answer(backend, "of@me.gguf") == style


def test_an_adapter_that_was_made_anew(backend: LlamaCppBackend, tmp_path: Path) -> None:
    """Another file in its place is loaded, and nothing of the old one's state is used."""
    style, terse = answer(backend, STYLE), answer(backend, TERSE)
    (tmp_path / TERSE).replace(tmp_path / STYLE)
    assert answer(backend, STYLE) == terse != style


def test_loaded_once(backend: LlamaCppBackend, tmp_path: Path) -> None:
    """A file that is gone after the first use is not missed."""
    style = answer(backend, STYLE)
    (tmp_path / STYLE).unlink()
    answer(backend, "")
    assert answer(backend, STYLE) == style


@pytest.mark.parametrize(
    ("adapter", "error", "said"),
    [
        ("other", NotFound, "unknown adapter 'other'"),
        ("gone.gguf", NotFound, "cannot read the adapter"),
        ("style.gguf@much", UsageError, "'much' is no number"),
        ("style.gguf@nan", UsageError, "scale is nan"),
    ],
)
def test_refused(adapter: str, error: type[LocaldevError], said: str, backend: LlamaCppBackend) -> None:
    """What cannot be used is named, and the model goes on answering."""
    with pytest.raises(error, match=said):
        answer(backend, adapter)
    assert answer(backend, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 64}, "incorrect shape"),
        ({"architecture": "gemma"}, "mismatch"),
        ({"kind": "model"}, "is a model, not an adapter"),
        ({"layers": (0, 77)}, "does not exist in base model"),
    ],
)
def test_adapters_of_another_base(
    change: dict[str, object], said: str, backend: LlamaCppBackend, tmp_path: Path
) -> None:
    """An adapter of another model, or a model in its place, is an error with the engine's reason."""
    path = write_adapter(tmp_path / "wrong.gguf", **change)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=said):
        answer(backend, str(path))
    assert answer(backend, STYLE)


@pytest.mark.parametrize("cut", [3, 40, 400, 3000])
def test_damaged_adapters(cut: int, backend: LlamaCppBackend, tmp_path: Path) -> None:
    """A file that was cut off is refused."""
    path = tmp_path / "cut.gguf"
    path.write_bytes((tmp_path / STYLE).read_bytes()[:cut])
    with pytest.raises(ModelError, match="adapter"):
        answer(backend, str(path))
    assert answer(backend, "")


@pytest.mark.parametrize("name", [TINY])
def test_a_model_is_no_adapter(name: Path, backend: LlamaCppBackend) -> None:
    """The base model itself given as its adapter is an error."""
    with pytest.raises(ModelError, match=r"tiny\.gguf is a model, not an adapter"):
        answer(backend, str(name))
