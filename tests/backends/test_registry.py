"""The table of backends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from localdev.backends.options import BackendOptions
from localdev.backends.registry import FACTORIES, kind_of, open_backend
from localdev.core.errors import NotFound, UsageError
from tests.backends.conftest import TINY


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("model.gguf", "gguf"),
        ("/a/B.GGUF", "gguf"),
        (r"C:\models\a.gguf", "gguf"),
        ("fake:script.json", "fake"),
        ("ollama:qwen3", "ollama"),
        ("http://localhost:8080/v1", "http"),
        ("qwen3", ""),
        ("", ""),
    ],
)
def test_kinds(model: str, kind: str) -> None:
    """The form of the string decides, and nothing else."""
    assert kind_of(model) == kind


@pytest.mark.parametrize("model", ["vllm:qwen3", "http://localhost:8080/v1", "https://example.invalid", "openai-x:y"])
def test_kinds_of_other_versions(model: str) -> None:
    """A known scheme that is not built in is refused with the ones that are."""
    with pytest.raises(UsageError, match="not built in this version") as caught:
        open_backend(model)
    assert ".gguf" in caught.value.hint and "`localdev models list`" in caught.value.hint


@pytest.mark.parametrize("model", ["qwen3", "", "model.safetensors"])
def test_unknown_models(model: str) -> None:
    """What is no known form is an error; nothing is put in its place."""
    with pytest.raises(UsageError, match="unknown kind of model"):
        open_backend(model)


def test_fake(tmp_path: Path) -> None:
    """`fake:PATH` opens the script."""
    path = tmp_path / "script.json"
    path.write_text('{"name": "demo", "replies": []}')
    assert open_backend(f"fake:{path}").describe().name == "demo"


@pytest.mark.llama
def test_gguf(llama: None) -> None:
    """A path opens the in-process engine with the options given."""
    backend = open_backend(str(TINY), options=BackendOptions(context_window=512, name="t", digest="d"))
    info = backend.describe()
    backend.close()
    assert (info.name, info.digest, info.backend, info.context_window) == ("t", "d", "llamacpp", 512)


def test_gguf_missing() -> None:
    """A path that is not there is an error before any engine is needed."""
    with pytest.raises(NotFound, match=r"none\.gguf"):
        open_backend("none.gguf")


def test_every_factory_has_a_form() -> None:
    """The table holds what this version is said to have."""
    assert set(FACTORIES) == {"gguf", "fake", "ollama", "openai"}


def test_gguf_without_the_extra() -> None:
    """Where the engine is not installed, the error names the command that adds it."""
    code = (
        "import sys; sys.modules['llama_cpp'] = None\n"
        "from localdev.backends.registry import open_backend\nfrom localdev.core.errors import MissingExtra\n"
        "try:\n    open_backend(sys.argv[1])\nexcept MissingExtra as error:\n    print(error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(TINY)], capture_output=True, timeout=60, check=False)
    assert b"`localdev setup llama`" in done.stdout and b"pip install" not in done.stdout
