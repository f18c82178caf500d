"""The embedder of an OpenAI-compatible server: scripted ones, and the real `llama_cpp.server` with a tiny BERT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from localdev.backends.embedders.gguf import GgufEmbedder
from localdev.backends.embedders.openai_api import OpenAIEmbedder
from localdev.backends.options import BackendOptions, EngineOptions, RemoteOptions
from localdev.core.errors import BackendError, ContextOverflow, LocaldevError, ModelError, NotFound, Unreachable
from tests.backends.openai_server import Asked, Route, Said, as_json, free_port, listing, serve_gguf, serve_script

TINY_BERT = Path(__file__).parent.parent / "data" / "tiny-bert.gguf"
PATH = "/v1/embeddings"


def listed(*vectors: list[Any]) -> Said:
    """Answer with vectors, the last first: their numbers say the order."""
    return as_json({"data": [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)][::-1]})


def by_length(asked: Asked) -> Said:
    """Embed each text as its length, and refuse those of more than 100 characters."""
    longest = max(map(len, asked.body["input"]))
    if longest > 100:
        return as_json({"error": {"message": f"input ({longest} tokens) is too large, physical batch size: 100"}}, 500)
    return listed(*[[len(text), 1, 0] for text in asked.body["input"]])


def opened(url: str, record: Path | None = None) -> OpenAIEmbedder:
    """Open the model `m` of a server."""
    return OpenAIEmbedder("openai:m", RemoteOptions(url=url), record=record)


def serve(route: Route, **entry: Any) -> Any:
    """Run a server that embeds in a scripted way."""
    return serve_script({"/v1/models": listing({"id": "m", **entry}), PATH: route})


def test_vectors() -> None:
    """Rows come in the order of the texts, in batches, with zeros for an empty text, which is not sent."""
    texts = ["a" * (number + 1) for number in range(70)] + ["", " \n", "half \udcff"]
    with serve(by_length) as script:
        embedder = opened(script.url)
        found = embedder.embed(texts)
        sent = script.bodies(PATH)
    assert (embedder.name, embedder.dimension) == ("openai:m-3", 3)
    assert [len(body["input"]) for body in sent] == [1, 32, 32, 7] and sent[3]["input"][-1] == "half ?"
    assert {body["encoding_format"] for body in sent} == {"float"}
    assert found.dtype == np.float32 and found.shape == (73, 3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1.0] * 70 + [0.0, 0.0, 1.0], rtol=1e-6)
    np.testing.assert_allclose(found[9, 0] / found[9, 1], 10, rtol=1e-5)


def test_nothing_to_embed() -> None:
    """No texts give no rows, and nothing is sent for them."""
    with serve(by_length) as script:
        embedder = opened(script.url)
        assert embedder.embed([]).shape == (0, 3) and len(script.bodies(PATH)) == 1


def test_long_texts_are_cut() -> None:
    """A text that the server refuses is cut by its numbers, alone: the others of the call stay whole."""
    with serve(by_length) as script:
        found = opened(script.url).embed(["a" * 50, "b" * 400, "c" * 90])
    assert [round(float(row[0] / row[1])) for row in found] == [50, 95, 90]


def test_vllm_cuts() -> None:
    """vLLM is told to cut at its window, and what is far beyond it is not sent."""
    with serve(by_length, owned_by="vllm", max_model_len=2) as script:
        opened(script.url).embed(["a" * 80])
        body = script.bodies(PATH)[-1]
    assert body["truncate_prompt_tokens"] == 2 and body["input"] == ["a" * 64]


def test_dimension_is_recorded(tmp_path: Path) -> None:
    """Once found, name and length are known without the server; a damaged record is made anew."""
    record = tmp_path / "cache" / "dimensions.json"
    with serve(by_length) as script:
        opened(script.url, record)
        again = opened(script.url, record)
        assert len(script.bodies(PATH)) == 1
        record.write_text("{")
        opened(script.url, record)
        assert len(script.bodies(PATH)) == 2
    assert again.name == opened(script.url, record).name == "openai:m-3"
    with pytest.raises(Unreachable):
        again.embed(["a"])


@pytest.mark.parametrize(
    ("route", "kind", "message"),
    [
        (listed([[1, 2], [3, 4]]), ModelError, "gives no vector|no vectors"),
        (listed([]), ModelError, "gives no vector"),
        (as_json({"data": []}), ModelError, "gives no vector"),
        (as_json({"data": [{"index": 0}]}), ModelError, "gives no vectors"),
        (as_json({"data": "none"}), ModelError, "gives no vectors"),
        (Said(b"<html>", kind="text/html"), BackendError, "HTML"),
        (Said(b"", 401), BackendError, "refused the key"),
        (as_json({"error": {"code": "context_length_exceeded"}}, 400), ContextOverflow, "longer than the window"),
        ([listed([1, 0]), listed([1, 0, 0])], ModelError, "of 2 numbers, and now of 3"),
        ([listed([1, 0]), listed([0, 0])], ModelError, "zeros"),
        ([listed([1, 0]), listed([float("nan"), 0])], ModelError, "no finite"),
        ([listed([1, 0]), listed([1, 0], [1, 0])], ModelError, "2x2 numbers where 1x2"),
    ],
)
def test_no_vectors(route: Route, kind: type[LocaldevError], message: str) -> None:
    """What are no vectors of the promised length is an error, when it is opened or when it embeds."""
    with serve(route) as script, pytest.raises(kind, match=message):
        opened(script.url).embed(["a"])


def test_no_server_or_model() -> None:
    """A server that is away and a model it does not list are said so when it is opened."""
    with pytest.raises(Unreachable):
        opened(f"http://127.0.0.1:{free_port()}/v1")
    with serve_script({"/v1/models": listing({"id": "bert"})}) as script, pytest.raises(NotFound, match="it has bert"):
        opened(script.url)


def test_real_server(llama: None) -> None:
    """The vectors of the real server are those of the same file in this process, long texts too."""
    texts = ["def open(path): ...", "", "x = 1\n" * 300, "close the reader"]
    options = BackendOptions(name="bert", digest="d" * 64, engine=EngineOptions(threads=1))
    with serve_gguf(TINY_BERT, "m", window=48, embedding=True) as url:
        embedder = opened(url)
        found = embedder.embed(texts)
    here = GgufEmbedder(TINY_BERT, options, embedder.dimension).embed(texts)
    close = (found * here).sum(axis=1)
    assert found.shape == here.shape and not found[1].any()
    assert close[0] > 0.999 and close[3] > 0.999
    assert close[2] > 0.9  # cut by the server at its window, with or without the end mark


def test_another_model_under_the_same_name(tmp_path: Path) -> None:
    """Vectors of another length than the one written down are an error once: the next run begins with them."""
    record = tmp_path / "lengths.json"
    with serve(listed([1, 2])) as script:
        assert opened(script.url, record).dimension == 2
        script.routes[PATH] = listed([1, 2, 3])
        embedder = opened(script.url, record)
        with pytest.raises(ModelError, match="of 2 numbers, and now of 3") as caught:
            embedder.embed(["a"])
        assert "run the command again" in caught.value.hint and embedder.dimension == 2
        assert opened(script.url, record).embed(["a"]).shape == (1, 3)
