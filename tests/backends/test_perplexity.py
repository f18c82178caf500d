"""Perplexity: the figures of an independent computation, and texts and windows that give none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from localdev.backends.engine.task import working
from localdev.backends.llamacpp.engine import Engine
from localdev.backends.llamacpp.perplexity import Measuring, losses, measure, summed
from localdev.backends.options import EngineOptions
from localdev.core.errors import BackendError, LocaldevError, ModelError, UsageError
from localdev.core.events import Progress
from tests.backends import tiny_weights
from tests.backends.conftest import TINY

pytestmark = pytest.mark.llama
ONE_THREAD = EngineOptions(threads=1)
SAMPLES = Path(__file__).parents[1] / "source" / "samples"
TEXT = "".join((SAMPLES / f"{name}.txt").read_text() for name in ("python", "ruby", "java", "typescript"))


@pytest.fixture
def tokens(llama: None) -> Iterator[list[int]]:
    """Give the tokens of the text, begun as the model wants it."""
    engine = Engine(TINY, ONE_THREAD)
    yield [engine.bos, *engine.tokenize(TEXT)]
    engine.close()


def test_the_figures_of_another_computation(tokens: list[int]) -> None:
    """The network in float64 by numpy, and the sample variance by its definition, give the same to four digits."""
    window = 256
    found = measure(Measuring(TINY, TEXT, window, ONE_THREAD))
    _, weights = tiny_weights.read()
    logs = []
    for start in range(0, len(tokens) - window + 1, window):
        part = [tokens[0], *tokens[start + 1 : start + window]]
        rows = tiny_weights.logits(part, weights)
        shares = np.exp(rows) / np.exp(rows).sum(axis=1, keepdims=True)
        logs += [-math.log(shares[at, part[at + 1]]) for at in range(window // 2, window - 1)]
    assert found.value == pytest.approx(math.exp(np.mean(logs)), rel=1e-4)
    error = found.value * math.sqrt(np.var(logs, ddof=1) / len(logs))
    assert found.error == pytest.approx(error, rel=1e-3)
    assert (found.tokens, found.window, found.windows) == (len(logs), window, len(tokens) // window)


def test_the_figures_of_llama_cpp_itself(llama: None) -> None:
    """`llama-perplexity -c 512 -b 512 -t 1 -fa off`, built of the sources of llama-cpp-python 0.3.36, gave these."""
    found = measure(Measuring(TINY, TEXT, 512, ONE_THREAD))
    assert found.value == pytest.approx(170.9852, rel=1e-4)
    assert found.error == pytest.approx(14.17134, rel=1e-4)


def test_a_model_that_knows_nothing() -> None:
    """A model whose logits are all alike has the perplexity of its vocabulary's size, without an error."""
    rows = [np.full(2048, 7.0, dtype=np.float32)] * 3
    value, error = summed(list(losses(rows, [0, 5, 2047])))
    assert value == pytest.approx(2048) and error == pytest.approx(0, abs=1e-3)


def test_progress_and_the_process_of_its_own(llama: None) -> None:
    """In a process of its own the figures are the same, also of a second task, and each window is told."""
    seen: list[Progress] = []
    task = Measuring(TINY, TEXT, 256, ONE_THREAD)
    with working() as worker:
        apart, here = worker.measure(task, seen.append), measure(task)
        again = worker.measure(task, lambda _progress: None)
    assert (again.value, again.tokens) == (here.value, here.tokens)
    assert (apart.value, apart.error, apart.tokens) == (here.value, here.error, here.tokens)
    assert [event.done for event in seen] == [256 * index for index in range(here.windows + 1)]
    assert {event.total for event in seen} == {256 * here.windows}


@pytest.mark.parametrize(
    ("text", "window", "said", "hint"),
    [
        ("", 0, "the text has 1 tokens, two windows of 512 have 1024", "give a longer text"),
        ("x = 1\n" * 20, 0, "two windows of 512", "--window"),
        (TEXT, 4, "too small", "at least 8"),
        (TEXT, 4096, "was trained for windows of 2048 tokens", "--window 2048 or less"),
    ],
)
def test_no_figure(text: str, window: int, said: str, hint: str, llama: None) -> None:
    """A text of fewer than two windows, and a window that is no good, are refused with what would do."""
    with pytest.raises(UsageError, match=said) as caught:
        measure(Measuring(TINY, text, window, ONE_THREAD))
    assert hint in caught.value.hint


def test_the_window_that_was_named_fits(llama: None) -> None:
    """The window that the refusal of a short text names is taken."""
    short = "x = 1\n" * 20
    with pytest.raises(UsageError) as caught:
        measure(Measuring(TINY, short, 0, ONE_THREAD))
    window = int(caught.value.hint.rpartition(" ")[2])
    assert measure(Measuring(TINY, short, window, ONE_THREAD)).window == window


def test_weights_that_are_no_numbers(llama: None, tmp_path: Path) -> None:
    """A model that computes NaN is damaged; the error says so instead of a figure."""
    pairs, weights = tiny_weights.read()
    weights["output_norm.weight"][:] = np.nan
    path = tiny_weights.write(tmp_path / "nan.gguf", pairs, weights)
    with pytest.raises(ModelError, match=r"nan\.gguf computes no numbers"):
        measure(Measuring(path, TEXT, 256, ONE_THREAD))


def test_a_process_that_dies(llama: None, tmp_path: Path) -> None:
    """The end of the process is an error that names the file; what `told` raises ends the process."""
    said = r"ended with exit code 1 at work on tiny\.gguf: .*No module named nowhere"
    with pytest.raises(BackendError, match=said), working("nowhere") as worker:
        worker.measure(Measuring(TINY, TEXT), print)

    def stop(_progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), working() as worker:
        worker.measure(Measuring(TINY, TEXT, 256, ONE_THREAD), stop)


def test_errors_come_through(llama: None) -> None:
    """What the process refuses is the same error with the same hint as here."""
    found: list[LocaldevError] = []
    with working() as worker:
        for run in (measure, lambda task: worker.measure(task, print)):
            with pytest.raises(UsageError) as caught:
                run(Measuring(TINY, "short", 0, ONE_THREAD))
            found.append(caught.value)
    assert str(found[0]) == str(found[1]) and found[0].hint == found[1].hint
