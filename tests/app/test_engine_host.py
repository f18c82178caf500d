"""The engine's process as the program starts it: guarded."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from localdev.app.adapters import NamedAdapters
from localdev.app.engines import open_engine
from localdev.app.remote import Contact
from localdev.backends.engine.process import ProcessBackend
from localdev.config.settings import ModelsSettings, Settings
from localdev.core.errors import MissingExtra
from localdev.core.events import Notice
from localdev.core.folders import find_folders
from localdev.core.wire import dumps
from localdev.models.store import Adding, ModelStore

TINY = Path(__file__).parent.parent / "data" / "tiny.gguf"
ATTEMPT = (
    "from localdev.app import engine_host\nfrom localdev.backends.engine import host as inner\nimport socket\n"
    "def run(self):\n    socket.create_connection(('192.0.2.1', 80), timeout=1)\n"
    "inner.Host.run = run\nengine_host.main()\n"
)


def test_the_engines_process_connects_nowhere() -> None:
    """The guard is on before the engine runs."""
    done = subprocess.run([sys.executable, "-c", ATTEMPT], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "EgressRefused: refused to connect to 192.0.2.1" in done.stderr


@pytest.mark.llama
def test_models_are_opened_behind_the_guard() -> None:
    """The configured model runs in that process."""
    pytest.importorskip("llama_cpp")
    backend = open_engine(Settings(model=str(TINY)), find_folders()).backend
    assert isinstance(backend, NamedAdapters) and isinstance(backend._backend, ProcessBackend)
    assert b"localdev.app.engine_host" in dumps(backend._backend._opening)
    assert backend.describe().name == "tiny"
    backend.close()


@pytest.mark.llama
def test_an_engine_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken build is a hint where nobody named the model, and an error where somebody did."""
    pytest.importorskip("llama_cpp")
    broken = tmp_path / "llama_cpp"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise RuntimeError('no such library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folders = find_folders({"LOCALDEV_HOME": str(tmp_path / "home")})
    ModelStore(folders.models).add(TINY, Adding(name="tiny"))
    engine = open_engine(Settings(), folders)
    assert engine.backend is None and engine.notice is not None
    assert "no such library" in engine.notice.text and "`localdev setup llama`" in engine.notice.text
    backend = open_engine(Settings(model="tiny"), folders).backend
    assert backend is not None
    with pytest.raises(MissingExtra, match="no such library"):
        backend.describe()
    backend.close()


@pytest.mark.llama
def test_a_model_that_does_not_load_is_passed_over(tmp_path: Path) -> None:
    """Loading goes on behind the opening; what it fails with still leads to the next model, and is said."""
    pytest.importorskip("llama_cpp")
    foreign = tmp_path / "foreign.gguf"
    name = b"general.architecture" + struct.pack("<IQ", 8, 5)  # which the engine is the first to find unknown
    foreign.write_bytes(TINY.read_bytes().replace(name + b"llama", name + b"nosuc"))
    told: list[Notice] = []
    settings = Settings(models=ModelsSettings(ask=(str(foreign), str(TINY))))
    backend = open_engine(settings, find_folders(), contact=Contact(tell=told.append)).backend
    assert backend is not None
    assert backend.count_tokens("x") > 0
    assert backend.describe().name == "tiny"
    backend.close()
    assert [f"{foreign} cannot be had (llama.cpp cannot load" in notice.text for notice in told] == [True]
