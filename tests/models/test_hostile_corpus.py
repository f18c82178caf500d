"""The hostile corpus is refused, each case with its own reason, at once and without being run; good files pass."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.core.errors import ModelError
from localdev.models.store import Adding, ModelStore
from localdev.models.vetting.vet import vet, vet_or_refuse
from scripts.hostile.foreign import touching
from scripts.make_hostile_models import MARKER, Made, hostile_cases, make, rules_of, try_it
from tests.models.conftest import TINY

CASES = {case.name: case for case in hostile_cases(Path(MARKER))}
_SECONDS = 2.0
_VOCABULARIES = "LOCALDEV_TEST_VOCABULARIES"
# In a process of its own: the library writes to the terminal, and a fault in it ends the process it is in.
_QUANTISE = """
import ctypes, sys
import llama_cpp
for name in sorted(name for name in dir(llama_cpp) if name.startswith(("LLAMA_FTYPE_MOSTLY_", "LLAMA_FTYPE_ALL_"))):
    wish = llama_cpp.llama_model_quantize_default_params()
    wish.ftype, wish.nthread = getattr(llama_cpp, name), 1
    target = f"{sys.argv[2]}/{name}.gguf"
    llama_cpp.llama_model_quantize(sys.argv[1].encode(), target.encode(), ctypes.byref(wish))
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Made]]:
    """Make the corpus once; none of it may have been run in the end."""
    folder = tmp_path_factory.mktemp("corpus")
    yield {made.case.name: made for made in make(folder)}
    assert not (folder / MARKER).exists(), "something in a hostile file was run"


def test_the_corpus_is_large(corpus: dict[str, Made]) -> None:
    """There are far more than 60 cases, each with a name and a reason, and the script lists what it has written."""
    assert set(corpus) == set(CASES)
    assert len(corpus) >= 400
    assert all(case.reason for case in CASES.values())
    assert all(made.path.exists() or made.path.is_symlink() for made in corpus.values())


@pytest.mark.parametrize("name", CASES)
def test_each_is_refused_for_its_reason(name: str, corpus: dict[str, Made], tmp_path: Path) -> None:
    """The error is of the user's kind, says the case's own reason on one line, has a hint, and comes at once."""
    made = corpus[name]
    started = time.perf_counter()
    error = try_it(made, tmp_path)
    assert time.perf_counter() - started < _SECONDS
    assert error is not None, "it was let in"
    assert made.case.reason in str(error)
    assert error.hint
    assert (str(error) + error.hint).isprintable()
    if made.case.door == "vet":
        assert isinstance(error, ModelError)
        assert made.case.rule in rules_of(made)


def test_none_is_stored(corpus: dict[str, Made], tmp_path: Path) -> None:
    """Adding any of them to the store fails in the same way and leaves nothing there."""
    store = ModelStore(tmp_path / "store")
    for made in corpus.values():
        if made.case.door == "vet":
            with pytest.raises(ModelError):
                store.add(made.path, Adding(mode="copy"))
    assert store.list() == []
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file() and path.name != "lock"]


def test_the_pickles_would_do_something(tmp_path: Path) -> None:
    """A pickle of the corpus that is loaded does make the marker: that there is none afterwards means something."""
    for protocol in range(6):
        marker = tmp_path / f"marker-{protocol}"
        pickle.loads(touching(marker, protocol)).close()
        assert marker.exists()


def test_the_script_tries_its_files(tmp_path: Path) -> None:
    """With `--table` the script says of every case what became of it, and that all were refused as they should be."""
    script = Path(__file__).parents[2] / "scripts" / "make_hostile_models.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "made"), "--table"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, [line for line in done.stdout.splitlines() if not line.startswith("ok")]
    assert done.stdout.count("\nok ") == len(CASES)


@pytest.mark.llama
def test_every_quantisation_of_the_tiny_model_passes(tmp_path: Path) -> None:
    """At least twenty good files: the tiny models, and whatever llama.cpp makes of one of them."""
    pytest.importorskip("llama_cpp")
    done = subprocess.run(
        [sys.executable, "-c", _QUANTISE, str(TINY), str(tmp_path)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr[-2000:]
    good = [TINY, TINY.parent / "tiny-bert.gguf", *sorted(tmp_path.glob("*.gguf"))]
    assert len(good) >= 20
    for path in good:
        vetted = vet_or_refuse(path)
        assert vetted.model is not None
        assert not [finding for finding in vetted.findings if finding.severity != "note"]


def test_the_vocabularies_of_llama_cpp_pass() -> None:
    """The files in `models` of llama.cpp's source pass with nothing but notes; what they lack is said."""
    folder = os.environ.get(_VOCABULARIES)
    if not folder:
        pytest.skip(f"{_VOCABULARIES} does not name a folder with llama.cpp's ggml-vocab-*.gguf")
    files = sorted(Path(folder).glob("ggml-vocab-*.gguf"))
    assert len(files) >= 10
    for path in files:
        vetted = vet(path)
        assert vetted.refusal() is None, path
        assert not [finding for finding in vetted.findings if finding.severity != "note"], path
        assert [finding.message for finding in vetted.findings if finding.rule == "kind"] == [
            "it is a vocabulary alone"
        ]
