"""The static embedder: what its vectors are like, and that nothing read from a repository upsets it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localdev.backends.embedders import make_embedder
from localdev.backends.embedders.static import StaticEmbedder
from localdev.core.errors import UsageError

EMBEDDER = StaticEmbedder()
CODE = 'def load_cookies(path):\n    """Read cookies from disk."""\n    return json.loads(path.read_text())\n'
# Everything a file can hold after decoding with surrogateescape, controls and lone surrogates included.
ANY_TEXT = st.text(alphabet=st.characters(), max_size=200)


def test_vectors_are_float32_unit_rows() -> None:
    """Every text with a known word gives a float32 row of length 1."""
    vectors = EMBEDDER.embed([CODE, "where are cookies read", "x"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, EMBEDDER.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("text", ["", " \n\t", "{}();->", "404 0xFF 1e9 3.14", "\x00\x00", "\ud800\udfff", "😀"])
def test_text_without_a_word_gives_zeros(text: str) -> None:
    """Nothing to go by is the zero vector: similar to nothing, and no division by zero."""
    assert not EMBEDDER.embed([text]).any()


def test_no_texts_give_no_rows() -> None:
    """An empty call keeps the width."""
    assert EMBEDDER.embed([]).shape == (0, EMBEDDER.dimension)


@settings(deadline=None, max_examples=60)
@given(st.lists(ANY_TEXT | st.sampled_from([CODE, "route handler", ""]), min_size=1, max_size=12), st.randoms())
def test_a_vector_does_not_depend_on_its_batch(texts: list[str], random: object) -> None:
    """Alone, in a batch, in any order: the same bits. The index embeds what changed and keeps the rest."""
    together = EMBEDDER.embed(texts)
    alone = np.concatenate([EMBEDDER.embed([text]) for text in texts])
    assert together.tobytes() == alone.tobytes()
    assert EMBEDDER.embed(texts[::-1]).tobytes() == together[::-1].tobytes()


@settings(deadline=None, max_examples=200)
@given(ANY_TEXT)
def test_any_text_gives_a_unit_or_zero_vector(text: str) -> None:
    """Lone surrogates, NULs, any script: a finite vector, and never an error."""
    (vector,) = EMBEDDER.embed([text])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) or not vector.any()


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "Ab" * 500_000, "word " * 200_000, "é" * 1_000_000, "中" * 1_000_000, "\0" * 1_000_000]
)
def test_a_text_of_a_megabyte_is_cut_short(text: str) -> None:
    """What stands after the first 16,384 characters changes nothing."""
    tail = " entirely different words about cookies and sockets"
    assert EMBEDDER.embed([text]).tobytes() == EMBEDDER.embed([text + tail]).tobytes()


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("where are cookies read from a file", CODE, "def rotate(matrix, angle):\n    return matrix @ turn(angle)\n"),
        ("send an email", "class SmtpMailer:\n    def deliver(self, message): ...", "struct Vec3 { float x, y, z; };"),
        ("draw a circle on the canvas", "func renderArc(ctx *Canvas, radius int)", "SELECT name FROM users"),
        ("encryption key", "decryptWithPassword(cipher, secret)", "public void onMouseMove(Event e)"),
    ],
)
def test_meaning_brings_texts_near(query: str, near: str, far: str) -> None:
    """A question is nearer to code about its subject, also when they share no word."""
    asked, about, other = EMBEDDER.embed([query, near, far])
    assert asked @ about > asked @ other


@pytest.mark.parametrize(
    "name", ["getHttpResponse", "get_http_response", "GET_HTTP_RESPONSE", "getHTTPResponse", "get.http.response2"]
)
def test_identifiers_mean_their_words(name: str) -> None:
    """However a name is spelt, it embeds as its words do."""
    assert EMBEDDER.embed([name]).tobytes() == EMBEDDER.embed(["get http response"]).tobytes()


def test_a_repeated_word_counts_as_the_root_of_its_number() -> None:
    """Four times a word weighs twice as much beside another word as once does."""
    once, four, word, other = EMBEDDER.embed(["cookie socket", "cookie " * 4 + "socket", "cookie", "socket"])
    shares = [np.linalg.lstsq(np.stack([word, other]).T, vector, rcond=None)[0] for vector in (once, four)]
    assert (shares[1][0] / shares[1][1]) / (shares[0][0] / shares[0][1]) == pytest.approx(2, rel=1e-4)


def test_threads_share_one_embedder() -> None:
    """The service embeds from several threads; each gets what it would get alone."""
    texts = [f"{CODE} name_{number} other{number}Word" for number in range(200)]
    expected = EMBEDDER.embed(texts).tobytes()
    fresh = StaticEmbedder()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: fresh.embed(texts).tobytes(), range(8)))
    assert results == [expected] * 8


def test_make_embedder_gives_the_static_one() -> None:
    """The default is the one in the package, under a name with its digest."""
    embedder = make_embedder()
    assert embedder.name == EMBEDDER.name
    assert embedder.name.startswith("static-")


def test_unknown_embedder_is_an_error() -> None:
    """An unknown name lists the known ones; nothing is substituted."""
    with pytest.raises(UsageError, match="no-such") as caught:
        make_embedder("no-such")
    assert "static" in caught.value.hint


def test_nothing_heavy_is_imported() -> None:
    """Opening costs no numpy, so that a refresh that finds nothing new has none; embedding costs nothing beyond it."""
    code = (
        "import sys; from localdev.backends.embedders import make_embedder;"
        "embedder = make_embedder(); embedder.name, embedder.dimension; assert 'numpy' not in sys.modules;"
        "embedder.embed(['text']);"
        "heavy = {'torch', 'tokenizers', 'transformers', 'huggingface_hub', 'model2vec'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
