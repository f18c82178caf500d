"""The Ollama embedder against loopback servers that answer with bodies of Ollama's documentation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from localdev.backends.embedders.ollama import OllamaEmbedder
from localdev.backends.options import RemoteOptions
from localdev.core.errors import BackendError, ContextOverflow, LocaldevError, ModelError, NotFound, Unreachable
from tests.backends.ollama_server import DIGEST, Answer, error, plain, serve, serve_bodies, show, tags

INFO = {"general.architecture": "bert", "bert.context_length": 512, "bert.embedding_length": 3}
ABLE = show(model_info=INFO, capabilities=["embedding"])


def vectors(*rows: list[Any]) -> Answer:
    """Answer with vectors, as docs/api.md shows."""
    return plain({"model": "tiny", "embeddings": rows, "total_duration": 14143917, "prompt_eval_count": 8})


def opened(url: str) -> OllamaEmbedder:
    """Open the embedder of a server."""
    return OllamaEmbedder("ollama:tiny", RemoteOptions(url=url))


def by_length(path: str, body: Any) -> Answer:
    """Embed each text as its length and refuse those of more than 100 characters, as versions that do not cut do."""
    if path == "/api/show":
        return ABLE
    if path == "/api/tags":
        return tags("tiny:latest")
    if any(len(text) > 100 for text in body["input"]):
        return error(400, "the input length exceeds the context length")
    return vectors(*[[len(text), 1, 0] for text in body["input"]])


def test_identity_and_dimension() -> None:
    """Both are known before the first text, and the identity holds the digest."""
    with serve_bodies(show=ABLE) as asked:
        embedder = opened(asked.url)
    assert (embedder.name, embedder.dimension) == (f"ollama:tiny-{DIGEST[:12]}", 3)
    assert not asked.bodies("/api/embed")


def test_vectors_have_length_one() -> None:
    """Rows come in the order of the texts, in batches, with zeros for an empty text, which is not sent."""
    texts = ["a" * (number + 1) for number in range(70)] + ["", " \n", "half \udcff"]
    with serve(by_length) as asked:
        found = opened(asked.url).embed(texts)
    sent = asked.bodies("/api/embed")
    assert [len(body["input"]) for body in sent] == [32, 32, 7] and sent[2]["input"][-1] == "half ?"
    assert found.dtype == np.float32 and found.shape == (73, 3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1.0] * 70 + [0.0, 0.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(found[9, 0] / found[9, 1], 10, rtol=1e-5)


def test_nothing_to_embed() -> None:
    """No texts are no rows, and no request."""
    with serve(by_length) as asked:
        assert opened(asked.url).embed([]).shape == (0, 3)
    assert not asked.bodies("/api/embed")


def test_texts_that_are_too_long() -> None:
    """A server that refuses one instead of cutting it gets its beginning; the others of its batch are not touched."""
    with serve(by_length) as asked:
        found = opened(asked.url).embed(["a" * 10, "b" * 350, "c" * 99_999])
    np.testing.assert_allclose(found[:, 0] / found[:, 1], [10, 350 // 4, 512 * 32 // 256], rtol=1e-5)
    assert max(len(text) for body in asked.bodies("/api/embed") for text in body["input"]) == 512 * 32


@pytest.mark.parametrize(
    ("embed", "kind", "message"),
    [
        (vectors([1, 2, 3], [1, 2, 3]), ModelError, "2x3 numbers where 1x3"),
        (vectors([1, 2]), ModelError, "1x2 numbers where 1x3"),
        (vectors([0, 0, 0]), ModelError, "zeros"),
        (Answer((b'{"embeddings": [[NaN, 1, 2]]}',)), ModelError, "no finite"),
        (vectors(), ModelError, "where 1x3"),
        (plain({}), BackendError, "does not speak"),
        (vectors(["a", 1, 2]), BackendError, "does not speak"),
        (Answer((b"<html>",), kind="text/html"), BackendError, "does not speak"),
        (error(404, "model 'tiny' not found"), NotFound, "llama3.2:latest"),
        (error(500, "model requires more system memory (8.4 GiB) than is available (3.1 GiB)"), BackendError, "memory"),
        (error(400, "the input length exceeds the context length"), ContextOverflow, "refuses"),
    ],
)
def test_errors(embed: Answer, kind: type[LocaldevError], message: str) -> None:
    """What is no vector of the promised length is an error, as is whatever the server says."""
    with serve_bodies(show=ABLE, embed=embed) as asked, pytest.raises(kind, match=message):
        opened(asked.url).embed(["text"])


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (show(capabilities=["completion"]), "makes no vectors"),
        (show(model_info={}, capabilities=["embedding"]), "does not say which vectors"),
    ],
)
def test_models_that_do_not_embed(shown: Answer, message: str) -> None:
    """They are refused when they are opened."""
    with serve_bodies(show=shown) as asked, pytest.raises(ModelError, match=message):
        opened(asked.url)


def test_no_server() -> None:
    """An embedder whose server is away cannot be opened; nothing takes its place."""
    with serve_bodies() as asked:
        pass
    with pytest.raises(Unreachable):
        opened(asked.url)
