"""The GGUF embedder: real llama.cpp on a tiny BERT, against vectors computed by the plain formulas."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from localdev.backends.embedders.gguf import GgufEmbedder
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.errors import ModelError

TINY_BERT = Path(__file__).parent.parent / "data" / "tiny-bert.gguf"
REFERENCE = json.loads(TINY_BERT.with_name("tiny-bert-reference.json").read_text())
WIDTH = 32
# The last two tensors of the file: what the last layer's outcome is multiplied by, and what is added to it.
_LAST = WIDTH * 4
pytestmark = pytest.mark.usefixtures("llama")


def opened(path: Path = TINY_BERT, dimension: int = WIDTH) -> GgufEmbedder:
    """Open an embedder over a file."""
    return GgufEmbedder(
        path, BackendOptions(engine=EngineOptions(threads=1), name="tiny-bert", digest="0123456789abcdef"), dimension
    )


@pytest.mark.parametrize("row", REFERENCE, ids=range(len(REFERENCE)))
def test_vectors_are_those_of_the_formulas(row: dict[str, object]) -> None:
    """Pieces, positions, layers, mean pooling, normalising and cutting at the window, an empty text included."""
    (vector,) = opened().embed([str(row["text"])])
    assert float(vector @ np.asarray(row["vector"])) > 0.99999
    assert vector.dtype == np.float32
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-6


def test_batches_of_any_size_give_the_same_vectors_in_the_order_asked() -> None:
    """More texts than sequences, more tokens than a call, lengths mixed: each text keeps its own vector."""
    rng = random.Random(5)
    words = ["open", "file", "read", "line", "cart", "price", "total", "user", "session"]
    texts = [" ".join(rng.choices(words, k=rng.choice((0, 1, 5, 40, 200)))) for _ in range(150)]
    embedder = opened()
    together = embedder.embed(texts)
    assert together.shape == (150, WIDTH)
    assert np.array_equal(together, embedder.embed(texts))
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-4
    assert len({vector.tobytes() for vector in alone}) > 60
    assert embedder.embed([]).shape == (0, WIDTH)


def test_what_lies_behind_the_window_does_not_count() -> None:
    """A text is cut, and a megabyte of one is no more work than its beginning."""
    start = "read the file " * 60
    embedder = opened()
    long, longer, other = embedder.embed([start, start + "customer " * 100_000, "customer " * 60])
    assert np.allclose(long, longer, atol=1e-5)
    assert not np.allclose(long, other, atol=0.1)


@pytest.mark.parametrize("text", ["\x00\x01\x02", "\ud800 lone surrogate", "[CLS] [SEP] [PAD]", "🙂" * 999, " \n\t"])
def test_odd_texts_have_vectors(text: str) -> None:
    """Control characters, half a character pair, the names of marks, blanks: all are texts."""
    (vector,) = opened().embed([text])
    assert np.isfinite(vector).all()
    assert vector.any()


def spoilt(path: Path, *, weight: float, bias: float) -> Path:
    """Write the tiny model with the last norm's numbers replaced."""
    raw = bytearray(TINY_BERT.read_bytes())
    raw[-2 * _LAST : -_LAST] = np.full(WIDTH, weight, dtype="<f4").tobytes()
    raw[-_LAST:] = np.full(WIDTH, bias, dtype="<f4").tobytes()
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("make", "dimension", "said"),
    [
        (lambda path: spoilt(path, weight=0, bias=0), WIDTH, "vector of zeros"),
        (lambda path: spoilt(path, weight=1, bias=float("nan")), WIDTH, "no finite numbers"),
        (lambda path: spoilt(path, weight=float("inf"), bias=0), WIDTH, "no finite numbers"),
        (lambda path: spoilt(path, weight=1, bias=0), WIDTH + 1, "1x32 numbers where 1x33 were due"),
        (lambda path: path.write_bytes(TINY_BERT.read_bytes()[:9000]) and path, WIDTH, "llama.cpp cannot load"),
    ],
)
def test_unusable_vectors_are_errors(tmp_path: Path, make: Callable[[Path], Path], dimension: int, said: str) -> None:
    """Zeros, NaN, infinity, another length, a truncated file: the error names the file and says what to do."""
    path = make(tmp_path / "spoilt.gguf")
    with pytest.raises(ModelError, match=said) as caught:
        opened(path, dimension).embed(["text"])
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_the_engine_says_nothing_and_waits_for_the_first_text() -> None:
    """Name and dimension cost no engine; loading and embedding leave the terminal alone."""
    code = (
        "import sys; from pathlib import Path\n"
        "from localdev.backends.embedders.gguf import GgufEmbedder\n"
        "from localdev.backends.options import BackendOptions\n"
        f"embedder = GgufEmbedder(Path({str(TINY_BERT)!r}), BackendOptions(name='t', digest='d' * 64), {WIDTH})\n"
        "assert embedder.name == 'gguf:t-dddddddddddd' and embedder.dimension == 32\n"
        "assert 'llama_cpp' not in sys.modules\n"
        "embedder.embed(['one', 'two'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
