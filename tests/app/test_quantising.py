"""Quantising into the store: passports, refusals before the work, and nothing left when it does not end well."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from localdev.app.quantising import Made, Order, perplexity_of, quantise_model
from localdev.backends.llamacpp.quantise import Quantising
from localdev.backends.llamacpp.quantise import quantise as write_quantised
from localdev.config.settings import build
from localdev.core.errors import DiskFull, LocaldevError, ModelError, NotFound, UsageError
from localdev.core.events import Notice, Progress
from localdev.core.folders import Folders
from localdev.models.gguf import read_header
from localdev.models.passport import Passport
from localdev.models.store import Adding, ModelStore
from tests.backends import tiny_weights
from tests.backends.lora import write_adapter

pytestmark = pytest.mark.llama
DATA = Path(__file__).parents[1] / "data"
TINY = DATA / "tiny.gguf"
SAMPLES = Path(__file__).parents[1] / "source" / "samples"
TEXT = "".join((SAMPLES / f"{name}.txt").read_text() for name in ("python", "ruby"))
Quantise = Callable[..., Made]


@pytest.fixture
def store(folders: Folders) -> ModelStore:
    """Give the store."""
    pytest.importorskip("llama_cpp")
    return ModelStore(folders.models)


@pytest.fixture
def tiny(store: ModelStore) -> Passport:
    """Store the tiny model, with a licence that its user gave."""
    return store.add(TINY, Adding(mode="copy", name="tiny-f32", licence="My-Own"))


@pytest.fixture
def quantise(folders: Folders) -> Quantise:
    """Give a function that quantises with one thread: `quantise("tiny", "Q8_0")`."""

    def run(
        model: str, kind: str, told: Callable[[Progress | Notice], None] = lambda _event: None, **more: object
    ) -> Made:
        order = Order(model, kind, threads=1, **more)  # type: ignore[arg-type]
        return quantise_model(order, build({}), folders, told)

    return run


def leftovers(folders: Folders) -> list[str]:
    """List what lies in the store's staging area, locks aside."""
    return sorted(path.name for path in (folders.models / "staging").glob("*") if path.is_dir())


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_K_M"])
def test_what_comes_of_it(kind: str, quantise: Quantise, tiny: Passport, store: ModelStore, folders: Folders) -> None:
    """The new model is in the store with its origin and licence, and smaller."""
    made = quantise("tiny-f32", kind.lower())
    stored = store.find(made.passport.name)
    assert stored == made.passport and store.checked_file(stored) == stored.file
    assert stored.name == f"tiny-{kind.lower().replace('_', '-')}"
    assert (stored.source.kind, stored.source.place) == ("quantised", f"tiny-f32 sha256:{tiny.digest}")
    assert (stored.licence, stored.quantisation, stored.mode) == ("My-Own", kind, "move")
    assert read_header(stored.file).quantisation == kind
    assert (stored.has_template, stored.has_fim, stored.template_digest) == (True, True, tiny.template_digest)
    assert made.bytes_before == TINY.stat().st_size and stored.size < made.bytes_before / 3
    assert leftovers(folders) == []


def test_figures(quantise: Quantise, tiny: Passport, folders: Folders) -> None:
    """The figures before and after are of the same text and near each other; the first is that of the model alone."""
    made = quantise("tiny-f32", "Q4_K_M", text=TEXT, window=128)
    assert made.before is not None and made.after is not None
    assert 0 < abs(made.after.value / made.before.value - 1) < 0.02
    assert made.before.tokens == made.after.tokens > 300
    order = Order("tiny-f32", "", text=TEXT, window=128, threads=1)
    found, figures = perplexity_of(order, build({}), folders, lambda _event: None)
    assert found.digest == tiny.digest and figures.window == 128
    assert figures.value == pytest.approx(made.before.value, rel=1e-6) and 50 < figures.value < 500


def test_a_split_model_by_its_path(quantise: Quantise, store: ModelStore, tmp_path: Path) -> None:
    """One file is made of all parts, and what is not stored is named by its digest too; the same twice is refused."""
    parts = tiny_weights.write_split(tmp_path / "split", TINY)
    made = quantise(str(parts[0]), "F16", name="half")
    whole = store.add(parts[0], Adding(name="parts"))
    assert len(made.passport.files) == 1 and made.passport.source.place == f"tiny sha256:{whole.digest}"
    assert (made.passport.name, made.before, made.after) == ("half", None, None)
    with pytest.raises(UsageError, match="stored already, as half"):
        quantise("parts", "F16")  # the very same bytes


def test_twice(quantise: Quantise, store: ModelStore, tmp_path: Path) -> None:
    """Quantising what is quantised must be asked for, and is then done."""
    eight = tmp_path / "eight.gguf"
    write_quantised(Quantising(TINY, "Q8_0", eight, 1))
    store.add(eight)
    with pytest.raises(UsageError, match=r"quantised already \(Q8_0\)") as caught:
        quantise("eight", "Q4_0")
    assert "--allow-requantize" in caught.value.hint
    assert quantise("eight", "Q4_0", allow_requantize=True).said.requantised == 35


def test_larger_than_before(quantise: Quantise, store: ModelStore, tmp_path: Path) -> None:
    """That the file gets larger is said before the work, with its size."""
    four = tmp_path / "four.gguf"
    write_quantised(Quantising(TINY, "Q4_0", four, 1))
    store.add(four)
    said: list[str] = []

    def told(event: Progress | Notice) -> None:
        if isinstance(event, Notice):
            said.append(event.text)
        elif event.stage == "quantising":
            said.append("work")

    quantise("four", "Q8_0", told, allow_requantize=True)
    assert said[0].startswith("Q8_0 takes about 1 MB, more than the 765 kB of four") and "work" in said


def test_made_before(quantise: Quantise, tiny: Passport, store: ModelStore, tmp_path: Path) -> None:
    """The same again is refused before the work, under whatever name, also of a copy by its path."""
    quantise("tiny-f32", "Q8_0", name="mine")
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(TINY, copy)
    stages = []
    for model, name in (("tiny-f32", ""), ("tiny-f32", "other"), (str(copy), "")):
        with pytest.raises(UsageError, match="Q8_0 of this model is stored already, as mine") as caught:
            quantise(model, "Q8_0", lambda event: stages.append(getattr(event, "stage", "")), name=name)
        assert "`localdev models remove mine`" in caught.value.hint
    assert "quantising" not in stages


def test_an_adapter_is_no_model(quantise: Quantise, tmp_path: Path) -> None:
    """What is sound but no model is not handed to the engine."""
    with pytest.raises(ModelError, match=r"style\.gguf: it is an adapter"):
        quantise(str(write_adapter(tmp_path / "style.gguf")), "Q8_0")


@pytest.mark.parametrize(
    ("order", "error", "said"),
    [
        (("tiny-f32", "F32"), UsageError, "tiny-f32 is F32 already"),
        (("tiny-f32", "Q9"), UsageError, "llama.cpp makes no 'Q9'"),
        (("tinier", "Q8_0"), NotFound, "no model named 'tinier'"),
        ((str(DATA / "README.md"), "Q8_0"), ModelError, "is a text file"),
        (("tiny-f32", "Q8_0", {"name": "Tiny F32"}), UsageError, "another model is named 'tiny-f32'"),
        (("tiny-f32", "Q8_0", {"name": "世"}), UsageError, "no letter or digit"),
        (("tiny-f32", "Q8_0", {"text": "short"}), UsageError, "two windows of 512 have 1024"),
        (("tiny-f32", "Q8_0", {"text": TEXT, "window": 4096}), UsageError, "was trained for windows of 2048"),
        ((str(DATA / "tiny-bert.gguf"), "Q8_0", {"text": TEXT}), ModelError, "is an embedding model"),
    ],
)
def test_refused(
    order: tuple[object, ...],
    error: type[LocaldevError],
    said: str,
    quantise: Quantise,
    tiny: Passport,
    store: ModelStore,
    folders: Folders,
) -> None:
    """What cannot be, or would change nothing, is said before the work, with what to do; the store is as it was."""
    model, kind, *more = order
    with pytest.raises(error, match=said) as caught:
        quantise(model, kind, **(more[0] if more else {}))  # type: ignore[arg-type]
    assert caught.value.hint
    assert store.list() == [tiny] and leftovers(folders) == []


def test_an_importance_matrix_is_needed(quantise: Quantise, store: ModelStore, tmp_path: Path) -> None:
    """A type of so few bits that it needs one is refused with types that do not."""
    wide = tiny_weights.write_wide(tmp_path / "wide.gguf")
    with pytest.raises(UsageError, match="IQ2_XXS of wide cannot be made without an importance matrix") as caught:
        quantise(str(wide), "IQ2_XXS")
    assert "IQ4_XS" in caught.value.hint and "--imatrix" in caught.value.hint and store.list() == []
    _, weights = tiny_weights.read(wide)
    rows = {
        name: (np.ones((1, values.shape[1])), np.array([1.0]))
        for name, values in weights.items()
        if name.startswith("blk.") and values.ndim == 2
    }
    path = tiny_weights.write_importance(tmp_path / "imatrix.gguf", rows)
    made = quantise(str(wide), "Q2_K_S", importance=path).passport
    assert made.quantisation == "Q2_K_S" and " with imatrix sha256:" in made.source.place
    with pytest.raises(ModelError, match="is no importance matrix"):
        quantise(str(wide), "Q2_K", importance=TINY)
    foreign = tiny_weights.write_importance(
        tmp_path / "foreign.gguf", {"blk.9.ffn_moe.weight": next(iter(rows.values()))}
    )
    with pytest.raises(ModelError, match=r"is of another model: wide has no blk\.9\.ffn_moe\.weight"):
        quantise(str(wide), "Q2_K", importance=foreign)


def test_embedding_models_get_smaller_too(quantise: Quantise, store: ModelStore) -> None:
    """Without a text to measure on an embedding model is quantised like any other, also by its path."""
    made = quantise(str(DATA / "tiny-bert.gguf"), "F16").passport
    assert made.architecture == "bert"
    assert made.source.place == f"tiny-bert sha256:{store.add(DATA / 'tiny-bert.gguf').digest}"


def test_stopped(quantise: Quantise, tiny: Passport, store: ModelStore, folders: Folders) -> None:
    """Ctrl-C at any stage leaves nothing."""
    for stage, text in (("measuring perplexity", TEXT), ("quantising", ""), ("hash", "")):

        def stop(event: Progress | Notice, stage: str = stage) -> None:
            if isinstance(event, Progress) and event.stage == stage:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            quantise("tiny-f32", "Q8_0", stop, text=text, window=64)
        assert store.list() == [tiny] and leftovers(folders) == []


def run_quantise(folders: Folders, before: str) -> subprocess.CompletedProcess[str]:
    """Quantise in a process of its own, after running the lines `before` there."""
    code = (
        "import os, resource, signal\nfrom localdev.app.quantising import Order, quantise_model\n"
        "from localdev.config.settings import build\nfrom localdev.core.folders import find_folders\n"
        f"seen = lambda event: None\n{before}\n"
        "quantise_model(Order('tiny-f32', 'Q8_0', threads=1), build({}), find_folders(), seen)\n"
    )
    environ = {**os.environ, "LOCALDEV_HOME": str(folders.data.parent)}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=environ
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_killed(tiny: Passport, store: ModelStore, folders: Folders) -> None:
    """After kill -9 in the middle nothing counts as stored, the engine's process ends, and the next run cleans up."""
    done = run_quantise(
        folders,
        "seen = lambda event: event.done == 20 and event.unit == 'tensors' and os.kill(os.getpid(), signal.SIGKILL)",
    )
    assert done.returncode == -signal.SIGKILL
    assert store.list() == [tiny] and len(leftovers(folders)) == 1
    left = folders.models / "staging" / leftovers(folders)[0]
    deadline = time.monotonic() + 20
    while _open_files_below(left) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _open_files_below(left)
    with store.staging() as mine:  # as the next run does
        assert leftovers(folders) == [mine.name]
    assert leftovers(folders) == []


def _open_files_below(folder: Path) -> list[str]:
    """List the open files of all processes below a folder, where /proc tells."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith(str(folder) + os.sep):
            found.append(target)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk(tiny: Passport, store: ModelStore, folders: Folders) -> None:
    """A write that fails in the engine's process is a full disk here, and nothing is left."""
    done = run_quantise(
        folders,
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))",
    )
    assert "DiskFull: the disk is full" in done.stderr
    assert store.list() == [tiny] and leftovers(folders) == []


def test_no_room(quantise: Quantise, tiny: Passport, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room for the result is refused before the work; no test can fill a real one."""
    usage = shutil.disk_usage(TINY)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=60_000_000))
    with pytest.raises(DiskFull, match=r"takes about 1 MB, and 67 MB are to stay free.* has 60 MB left"):
        quantise("tiny-f32", "Q8_0")


def test_a_source_that_was_changed(quantise: Quantise, tiny: Passport) -> None:
    """A tampered model is not made a new one of."""
    with tiny.file.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    with pytest.raises(ModelError, match="was changed"):
        quantise("tiny-f32", "Q8_0")


def test_embedding_models_have_no_perplexity(folders: Folders) -> None:
    """They foresee no text, which is said before any engine sees them."""
    with pytest.raises(ModelError, match="foresees no text"):
        perplexity_of(Order(str(DATA / "tiny-bert.gguf"), "", text=TEXT), build({}), folders, lambda _event: None)
