"""Quantising the tiny model: smaller files that answer, with perplexities close to the original's; and refusals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from localdev.backends.engine.task import working
from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.llamacpp.native import load_library
from localdev.backends.llamacpp.perplexity import Measuring, Perplexity, measure
from localdev.backends.llamacpp.quantise import Importance, Quantised, Quantising, _weights, quantise, types
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.errors import DiskFull, ModelError, UsageError
from localdev.core.events import Progress
from localdev.models.gguf import read_header
from localdev.models.imatrix import read_importance
from tests.backends import tiny_weights
from tests.backends.conftest import TINY, ask, collect

pytestmark = pytest.mark.llama
ONE_THREAD = EngineOptions(threads=1)
SAMPLES = Path(__file__).parents[1] / "source" / "samples"
TEXT = "".join((SAMPLES / f"{name}.txt").read_text() for name in ("python", "ruby", "java", "typescript"))
# The most that the perplexity may differ from the original's, as a share of it. Measured: F16 0.00003, Q8_0 0.00003,
# Q6_K 0.0017, Q4_K_M 0.0075, Q4_0 0.002, Q2_K 0.048.
BOUNDS = {"F16": 0.0005, "Q8_0": 0.001, "Q6_K": 0.005, "Q4_K_M": 0.02, "Q4_0": 0.02, "Q2_K": 0.1}


@dataclass(frozen=True)
class Made:
    """A file made of the wide model, and its perplexity."""

    path: Path
    said: Quantised
    perplexity: Perplexity


def perplexity(path: Path) -> Perplexity:
    """Measure a model on the text."""
    return measure(Measuring(path, TEXT, 256, ONE_THREAD))


@pytest.fixture(scope="module")
def wide(llama: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the tiny model with rows of 256, so that every type is made as itself."""
    return tiny_weights.write_wide(tmp_path_factory.mktemp("wide") / "wide.gguf")


@pytest.fixture(scope="module")
def made(wide: Path) -> dict[str, Made]:
    """Quantise it to several types."""
    found = {}
    for kind in BOUNDS:
        path = wide.with_name(f"{kind}.gguf")
        said = quantise(Quantising(wide, kind, path, 1))
        found[kind] = Made(path, said, perplexity(path))
    return found


def test_the_wide_model_is_the_tiny_one(wide: Path) -> None:
    """The filled-up model, from which the others are made, foresees the text as the tiny one does."""
    assert perplexity(wide).value == pytest.approx(perplexity(TINY).value, rel=1e-4)


def test_sizes(made: dict[str, Made], wide: Path) -> None:
    """Fewer bits make smaller files; what llama.cpp says of sizes and tensors is what lies there."""
    sizes = {kind: each.path.stat().st_size for kind, each in made.items()}
    assert sorted(sizes, key=sizes.__getitem__, reverse=True) == list(BOUNDS)
    for each in made.values():
        header = read_header(each.path)
        assert header.quantisation == each.said.type and header.parameters == read_header(wide).parameters
        assert each.said.bytes_after == pytest.approx(header.tensor_bytes, abs=12_000)  # hundredths of a MiB
        assert (each.said.tensors, each.said.changed, each.said.fallbacks, each.said.requantised) == (47, 36, 0, 0)


@pytest.mark.parametrize("kind", BOUNDS)
def test_it_foresees_nearly_as_well(kind: str, made: dict[str, Made], wide: Path) -> None:
    """The perplexity stays within its bound of the original's; one of F16 and Q8_0 closer than those of four bits."""
    original = perplexity(wide).value
    assert abs(made[kind].perplexity.value / original - 1) < BOUNDS[kind]


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_K_M", "Q4_0"])
def test_it_answers(kind: str, made: dict[str, Made]) -> None:
    """The new file is loaded by the engine, keeps the template, the licence and the special tokens, and answers."""
    was, now = read_header(TINY), read_header(made[kind].path)
    assert (now.chat_template, now.fim_tokens, now.vocabulary) == (was.chat_template, was.fim_tokens, was.vocabulary)
    assert now.metadata["general.license"] == "Python-2.0"
    backend = LlamaCppBackend(made[kind].path, BackendOptions(engine=ONE_THREAD))
    try:
        text, finished = collect(backend.stream(ask("open: Open a file and return a reader.", max_tokens=30)))
    finally:
        backend.close()
    assert text.strip() and finished.usage.completion_tokens > 5


def test_rows_that_do_not_divide(llama: None) -> None:
    """K-quants of rows of 128 and 320 fall back to larger types, and how many tensors did is said."""
    assert quantise(Quantising(TINY, "Q4_K_M")).fallbacks == 35
    assert quantise(Quantising(TINY, "Q8_0")).fallbacks == 0


def test_a_plan_is_what_comes(wide: Path, made: dict[str, Made]) -> None:
    """Without a target nothing is written, and what is said before is what is said after."""
    before = sorted(wide.parent.iterdir())
    assert quantise(Quantising(wide, "q4_k_m")) == made["Q4_K_M"].said
    assert sorted(wide.parent.iterdir()) == before


def test_every_type_is_made(wide: Path) -> None:
    """Of each type that is offered a file can be made, but of those that need an importance matrix."""
    needy = set()
    for kind in types(load_library()):
        plan = quantise(Quantising(wide, kind))
        needy |= {kind} if plan.needs_importance else set()
    assert {"IQ1_S", "IQ2_XXS", "Q2_K_S"} <= needy
    assert not {"Q8_0", "Q4_K_M", "Q4_0", "IQ4_XS", "MXFP4_MOE", "TQ2_0"} & needy


def test_quantised_already(made: dict[str, Made], tmp_path: Path) -> None:
    """What is quantised is not quantised again unless asked for; to float32 it goes the same way."""
    source = made["Q4_0"].path
    with pytest.raises(UsageError, match="quantised already"):
        quantise(Quantising(source, "Q8_0", tmp_path / "q8.gguf"))
    said = quantise(Quantising(source, "F32", tmp_path / "f32.gguf", 1, allow_requantize=True))
    assert said.requantised == 36
    assert perplexity(tmp_path / "f32.gguf").value == pytest.approx(made["Q4_0"].perplexity.value, rel=0.01)


def weighing(path: Path) -> tuple[Importance, ...]:
    """Give what an importance matrix holds."""
    return tuple(Importance(*each) for each in read_importance(path))


def test_an_importance_matrix(wide: Path, tmp_path: Path) -> None:
    """With one the types that need it are made; one of another model is refused."""
    _, weights = tiny_weights.read(wide)
    draw = np.random.default_rng(1)
    rows = {
        name: (draw.uniform(50, 150, (1, values.shape[1])), np.array([100.0]))
        for name, values in weights.items()
        if name.startswith("blk.") and values.ndim == 2
    }
    path = tiny_weights.write_importance(tmp_path / "imatrix.gguf", rows)
    task = Quantising(wide, "Q2_K_S", tmp_path / "q2.gguf", 1, importance=path, weighing=weighing(path))
    assert quantise(task).changed == 36
    assert perplexity(tmp_path / "q2.gguf").value / perplexity(wide).value < 1.2
    rows["blk.0.attn_q.weight"] = (np.ones((1, 128)), np.array([1.0]))
    other = tiny_weights.write_importance(tmp_path / "other.gguf", rows)
    with pytest.raises(ModelError, match="imatrix size 128 is different from tensor size 256") as caught:
        quantise(replace(task, importance=other, weighing=weighing(other)))
    assert "made of this very model" in caught.value.hint


def test_the_numbers_of_an_importance_matrix(llama: None, tmp_path: Path) -> None:
    """llama.cpp is given the mean of the squares for each matrix, 1 where no token came by, and an end."""
    sums = np.arange(8.0).reshape(2, 4)
    path = tiny_weights.write_importance(tmp_path / "i.gguf", {"x": (sums, np.array([2.0, 0.0]))})
    given = _weights(load_library(), Quantising(TINY, "Q4_0", importance=path, weighing=weighing(path)))
    assert given.entries[0].name == b"x" and given.entries[0].size == 8
    assert [given.entries[0].data[at] for at in range(8)] == [0, 0.5, 1, 1.5, 1, 1, 1, 1]
    assert len(given.entries) == 2 and given.entries[1].name is None


def test_split_models(llama: None, wide: Path, tmp_path: Path) -> None:
    """The first part stands for all of them; the result is one file."""
    parts = tiny_weights.write_split(tmp_path / "split", wide)
    quantise(Quantising(parts[0], "Q8_0", tmp_path / "q8.gguf", 1))
    whole = read_header(tmp_path / "q8.gguf")
    assert whole.parameters == read_header(wide).parameters
    assert "split.count" not in whole.metadata
    parts[1].unlink()
    with pytest.raises(ModelError, match="cannot make Q8_0"):
        quantise(Quantising(parts[0], "Q8_0", tmp_path / "again.gguf", 1))


def test_refused(llama: None, tmp_path: Path) -> None:
    """An unknown type lists the known ones, a damaged file is named, and an unlikely end of the disk is said."""
    with pytest.raises(UsageError, match="makes no 'Q9_K'") as caught:
        quantise(Quantising(TINY, "Q9_K"))
    assert "IQ4_XS" in caught.value.hint and "Q4_K_M" in caught.value.hint and "GUESSED" not in caught.value.hint
    with pytest.raises(ModelError, match="requires an imatrix"):
        quantise(Quantising(tiny_weights.write_wide(tmp_path / "w.gguf"), "IQ1_S", tmp_path / "out.gguf"))
    cut = Path(shutil.copyfile(TINY, tmp_path / "cut.gguf"))
    with cut.open("r+b") as file:
        file.truncate(3_000_000)
    with pytest.raises(ModelError, match="cannot make Q8_0 of mine: "), working() as worker:
        worker.quantise(Quantising(cut, "Q8_0", tmp_path / "out.gguf", name="mine"), lambda _: None)


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk(llama: None, tmp_path: Path) -> None:
    """A write that fails is a full disk, whatever llama.cpp calls it."""
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from localdev.backends.llamacpp.quantise import Quantising, quantise\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))\n"
        "quantise(Quantising(Path(sys.argv[1]), 'Q8_0', Path(sys.argv[2])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(TINY), str(tmp_path / "out.gguf")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f"{DiskFull.__module__}.DiskFull: the disk is full" in done.stderr


def test_progress_and_stopping(llama: None, tmp_path: Path) -> None:
    """Each tensor is told; what `told` raises, as Ctrl-C does, ends the process and comes through."""
    seen: list[Progress] = []
    with working() as worker:
        worker.quantise(Quantising(TINY, "Q8_0", tmp_path / "q8.gguf", 1), seen.append)
    assert [event.done for event in seen] == list(range(48))
    assert {(event.stage, event.total, event.unit) for event in seen} == {("quantising", 47, "tensors")}

    def stop(_progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), working() as worker:
        worker.quantise(Quantising(TINY, "Q8_0", tmp_path / "stopped.gguf", 1), stop)
