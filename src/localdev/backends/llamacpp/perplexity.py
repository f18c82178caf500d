"""How well a model foresees a text: its perplexity, as llama.cpp's `llama-perplexity` defines it.

The text's tokens, begun by the model's beginning-of-text token where it wants one, are cut into windows of N tokens;
what is left over at the end is not used. Each window is read on its own, its first token replaced by that same token.
Only the second half is scored, so that every scored token has at least N/2 tokens before it: from the logits z behind
token i, for i = N/2 .. N - 2, the loss is -log p of token i + 1,

    nll_i = log(sum_j exp(z_j)) - z[token i + 1]

and over all n scored tokens, with the mean m = sum(nll) / n and the mean square s = sum(nll^2) / n,

    perplexity = exp(m),    standard error = exp(m) * sqrt((s - m^2) / (n - 1)).

The error takes the tokens for independent of each other, which they are not: it is a lower bound. Two figures can be
compared only for one text, one window and one vocabulary.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localdev.backends.llamacpp.engine import Engine
from localdev.backends.options import EngineOptions
from localdev.core.errors import ModelError, UsageError
from localdev.core.events import Progress

if TYPE_CHECKING:
    import numpy as np

STAGE = "measuring perplexity"
WINDOW = 512  # llama.cpp's own, which published figures are for
_SMALLEST = 8
_FEWEST_WINDOWS = 2  # llama.cpp refuses a shorter text too: one window gives no idea of the error


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is to be measured: a model file on a text, read in windows of `window` tokens (0: 512, or the model's).

    `name` is what messages call the model, if not by its file's name.
    """

    path: Path
    text: str
    window: int = 0
    options: EngineOptions = field(default_factory=EngineOptions)
    name: str = ""

    @property
    def called(self) -> str:
        """What messages call the model."""
        return self.name or self.path.name


@dataclass(frozen=True, slots=True)
class Perplexity:
    """A perplexity and its standard error; `tokens` were scored, in `windows` of `window` tokens each."""

    value: float
    error: float
    tokens: int
    window: int
    windows: int
    seconds: float


def measure(task: Measuring, told: Callable[[Progress], None] = lambda _progress: None) -> Perplexity:
    """Compute the perplexity of a model on a text; progress is counted in tokens read.

    Raises:
        UsageError: the text has fewer tokens than two windows, or the window is larger than the model was trained for.
        ModelError: llama.cpp cannot load the model, or what it computes are no numbers.
        MissingExtra: llama-cpp-python is not installed.
        BackendError: the engine failed while it ran.
    """
    engine = Engine(task.path, task.options, window=task.window or WINDOW)
    try:
        window = _window(task.window, engine.trained_window, task.called)
        tokens = [engine.bos] * engine.add_bos + engine.tokenize(task.text)
        windows = len(tokens) // window
        if windows < _FEWEST_WINDOWS:
            raise UsageError(
                f"the text has {len(tokens)} tokens, two windows of {window} have {_FEWEST_WINDOWS * window}",
                _shorter(len(tokens) // _FEWEST_WINDOWS),
            )
        started = time.monotonic()
        engine.make_room(window, window)
        losses: list[float] = []
        for at in range(0, windows * window, window):
            told(Progress(STAGE, at, windows * window, "tokens"))
            losses.extend(_losses(engine, tokens[at : at + window]))
        told(Progress(STAGE, windows * window, windows * window, "tokens"))
        value, error = summed(losses)
    finally:
        engine.close()
    if not math.isfinite(value):
        raise ModelError(f"{task.called} computes no numbers: its weights are damaged", "get the file again")
    return Perplexity(value, error, len(losses), window, windows, time.monotonic() - started)


def _window(wanted: int, trained: int, name: str) -> int:
    """Check the size of the windows."""
    if wanted and wanted < _SMALLEST:
        raise UsageError(f"a window of {wanted} tokens is too small", f"give at least {_SMALLEST}")
    if wanted > trained:
        raise UsageError(f"{name} was trained for windows of {trained} tokens", f"give --window {trained} or less")
    return wanted or min(WINDOW, trained)


def _shorter(most: int) -> str:
    """Say what to do about a text that is too short."""
    longer = "give a longer text"
    return f"{longer}, or --window {most}" if most >= _SMALLEST else longer


def _losses(engine: Engine, window: Sequence[int]) -> Iterator[float]:
    """Read one window and give the loss of each token that is scored."""
    read = [engine.bos, *window[1:]] if engine.add_bos else list(window)
    first = len(window) // 2
    engine.keep(0)
    engine.evaluate(read[:first])
    for start in range(first, len(window) - 1, engine.step):
        part = read[start : min(start + engine.step, len(window) - 1)]
        engine.advance_all(part)
        rows = [engine.logits(index) for index in range(len(part))]
        yield from losses(rows, window[start + 1 : start + 1 + len(part)])


def losses(logits: Sequence[Any], following: Sequence[int]) -> Iterator[float]:
    """Give -log p of each following token under the softmax of its logits, in float64; logits: rows of V floats."""
    import numpy as np

    for row, token in zip(logits, following, strict=True):
        scores: np.ndarray = np.asarray(row, dtype=np.float64)
        top = scores.max()
        yield float(top + np.log(np.exp(scores - top).sum()) - scores[token])


def summed(found: Sequence[float]) -> tuple[float, float]:
    """Give the perplexity and its standard error of the losses of at least two tokens."""
    count = len(found)
    mean = math.fsum(found) / count
    if not math.isfinite(mean) or mean > 700:  # beyond, exp overflows; no text is as unlikely
        return math.nan, math.nan
    square = math.fsum(loss * loss for loss in found) / count
    value = math.exp(mean)
    return value, value * math.sqrt(max(0.0, square - mean * mean) / (count - 1))
