"""Addresses of an Ollama, its models, and windows and tokens as they are reckoned for it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from localdev.backends.addresses import read_address, read_model
from localdev.backends.ollama_api.client import OllamaServer, full_name, keep_alive
from localdev.backends.ollama_api.errors import refusal
from localdev.backends.ollama_api.models import list_models, pull_model, server_version, show_model
from localdev.backends.ollama_api.window import fewest_tokens, step_for, window_of
from localdev.backends.options import RemoteOptions
from localdev.backends.token_estimate import TokenEstimate
from localdev.core.errors import BackendError, EgressRefused, LocaldevError, NotFound, UsageError
from localdev.core.events import Progress
from tests.backends.ollama_server import DIGEST, Answer, error, lines, plain, serve_bodies, show

LOCAL = "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("ollama:qwen3", "qwen3", LOCAL),
        ("ollama:qwen2.5-coder:1.5b-base", "qwen2.5-coder:1.5b-base", LOCAL),
        ("OLLAMA:hf.co/someone/Model-GGUF:Q4_K_M", "hf.co/someone/Model-GGUF:Q4_K_M", LOCAL),
        ("ollama:qwen3@http://127.0.0.1:8080/ollama/", "qwen3", "http://127.0.0.1:8080/ollama"),
        ("ollama:qwen3:8b@localhost", "qwen3:8b", "http://localhost:11434"),
        ("ollama:qwen3@https://[::1]", "qwen3", "https://[::1]:443"),
        ("ollama:qwen3@[::1]:99", "qwen3", "http://[::1]:99"),
    ],
)
def test_model_strings(text: str, name: str, url: str) -> None:
    """A name may hold a tag, a registry and a folder; an address of its own goes before the configured one."""
    found, address = read_model(text, LOCAL)
    assert (found, address.url) == (name, url)


@pytest.mark.parametrize(
    "text",
    ["ollama:", "ollama:@http://127.0.0.1", "ollama:a b", "ollama:a@", "ollama:a@ftp://x", "ollama:a@ftp://x:21",
     "ollama:a@http://", "gguf:a",
     "ollama:a@http://127.0.0.1:x", "ollama:a@http://me:pw@127.0.0.1", "ollama:a@http://127.0.0.1/?q=1"],
)  # fmt: skip
def test_what_is_no_model_string(text: str) -> None:
    """Each is refused before anything is sent."""
    with pytest.raises(UsageError) as caught:
        read_model(text, LOCAL)
    assert caught.value.hint and "pw" not in str(caught.value)


def test_addresses_and_names_in_full() -> None:
    """A host alone gets Ollama's port, a name alone its tag; a port in a registry's address is no tag."""
    assert read_address("127.0.0.1", "ollama").url == LOCAL
    assert read_address("http://127.0.0.1", "ollama").url == "http://127.0.0.1:80"
    assert full_name("qwen3") == "qwen3:latest" and full_name("host:5000/qwen3") == "host:5000/qwen3:latest"
    assert full_name("qwen3:8b") == "qwen3:8b"


def test_list_show_and_version() -> None:
    """What the documentation's bodies say is what comes back."""
    shown = show(parameters='num_ctx                        16384\nstop "a"')
    with serve_bodies(version=plain({"version": "0.5.1"}), show=shown) as asked:
        server = OllamaServer(asked.url, RemoteOptions())
        first, second = list_models(server)
        details = show_model(server, "tiny")
        assert server_version(server) == "0.5.1"
        server.close()
    assert (first.name, first.digest, first.size, first.quantization) == ("tiny:latest", DIGEST, 4683075271, "F32")
    assert second.name == "llama3.2:latest"
    assert (details.architecture, details.context_length, details.embedding_length) == ("llama", 8192, 4096)
    assert (details.num_ctx, details.digest) == (16384, DIGEST)
    assert details.capabilities == frozenset({"completion", "vision"})


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "qwen3-coder:480B-Cloud", "glm:cloud"])
def test_models_of_a_cloud(name: str) -> None:
    """By such a tag a server on this machine asks another one, so nothing is sent, not even the name."""
    with serve_bodies(pull=lines(*PULLED)) as asked:
        server = OllamaServer(asked.url, RemoteOptions())
        with pytest.raises(EgressRefused, match=r"ollama\.com"):
            show_model(server, name)
        with pytest.raises(EgressRefused):
            list(pull_model(server, name))
    assert not asked.calls


def test_another_program_at_the_address() -> None:
    """What lists no models or has no version is no Ollama."""
    bodies = {"tags": plain({"data": []}), "version": plain({"name": "other"})}
    with serve_bodies(**bodies) as asked:
        server = OllamaServer(asked.url, RemoteOptions())
        for call in (list_models, server_version):
            with pytest.raises(BackendError, match=r"does not (speak|say)"):
                call(server)


# docs/api.md, "Pull a Model"
PULLED: list[dict[str, Any]] = [
    {"status": "pulling manifest"},
    {"status": "pulling digestname", "digest": "digestname", "total": 2142590208},
    {"status": "pulling digestname", "digest": "digestname", "total": 2142590208, "completed": 241970},
    {"status": "verifying sha256 digest"},
    {"status": "writing manifest"},
    {"status": "removing any unused layers"},
    {"status": "success"},
]


def test_pulling() -> None:
    """Each line of the server becomes progress, in bytes where it counts them."""
    with serve_bodies(pull=lines(*PULLED)) as asked:
        found = list(pull_model(OllamaServer(asked.url, RemoteOptions()), "llama3.2"))
    assert found[2] == Progress("pulling digestname", 241970, 2142590208, "bytes")
    assert [event.stage for event in found] == [line["status"] for line in PULLED]
    assert asked.bodies("/api/pull")[0]["model"] == "llama3.2"


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (lines(PULLED[0], {"error": "pull model manifest: file does not exist"}), NotFound, "no model 'llama3.2'"),
        (lines(*PULLED[:3]), BackendError, "ended before"),
        (lines(PULLED[0], {"error": "max retries exceeded: EOF"}), BackendError, "max retries"),
        (error(500, "write /root/.ollama/models: no space left on device"), BackendError, "no space left"),
        (Answer((b"<html>",), kind="text/html"), BackendError, "does not speak"),
    ],
)
def test_a_pull_that_fails(answer: Answer, kind: type[LocaldevError], message: str) -> None:
    """It says why; what came is kept by the server."""
    with serve_bodies(pull=answer) as asked, pytest.raises(kind, match=message):
        list(pull_model(OllamaServer(asked.url, RemoteOptions()), "llama3.2"))


def test_a_pull_is_patient() -> None:
    """Checking a large file is one long silence, which the limit between two tokens does not end."""
    slow = Answer((b'{"status": "verifying sha256 digest"}\n', 0.4, b'{"status": "success"}\n'))
    with serve_bodies(pull=slow) as asked:
        server = OllamaServer(asked.url, RemoteOptions(gap_seconds=0.2, first_token_seconds=5.0))
        assert [event.stage for event in pull_model(server, "a")][-1] == "success"


def test_a_server_is_shared_by_threads() -> None:
    """Requests of several threads do not mix."""
    with serve_bodies() as asked:
        server = OllamaServer(asked.url, RemoteOptions())
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(len(list_models(server)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == [2] * 8


@pytest.mark.parametrize(
    ("wanted", "own", "window"),
    [(0, 0, 4096), (8192, 0, 8192), (0, 32768, 32768), (8192, 2048, 2048), (512, 2048, 512)],
)
def test_windows(wanted: int, own: int, window: int) -> None:
    """The window is what was asked for, and never more than the model's own."""
    assert window_of(wanted, own) == window


@pytest.mark.parametrize(
    ("need", "most", "loaded", "asked"),
    [(10, 8192, 0, 2048), (2049, 8192, 0, 4096), (5000, 6000, 0, 6000), (100, 2000, 0, 2000),
     (3000, 8192, 3000, 3000), (3001, 8192, 3000, 4096), (10, 8192, 32768, 32768)],
)  # fmt: skip
def test_steps(need: int, most: int, loaded: int, asked: int) -> None:
    """A window is rounded up to a power of two within what there is; one that is loaded and large enough is kept."""
    assert step_for(need, most, loaded) == asked


@pytest.mark.llama
@pytest.mark.parametrize(
    "name", ["src/localdev/backends/ollama_api/backend.py", "README.md", "tests/data/tiny-reference.json"]
)
def test_estimates_hold_for_a_real_tokenizer(name: str) -> None:
    """What is taken for the fewest tokens is no more than a real vocabulary gives; the estimate learns the rest.

    The tiny model's vocabulary of 1,024 pieces cuts words finer than any large one, so only learning fits it.
    """
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: no tokenizer to compare")
    model = llama_cpp.Llama(str(Path(__file__).parent.parent / "data" / "tiny.gguf"), vocab_only=True, verbose=False)
    text = (Path(__file__).parents[2] / name).read_text(encoding="utf-8")[:20_000]
    half = len(text) // 2
    first, second = (len(model.tokenize(part.encode(), add_bos=False)) for part in (text[:half], text[half:]))
    assert fewest_tokens(text) <= first + second
    estimate = TokenEstimate()
    estimate.learn(text[:half], first)
    assert second * 0.8 <= estimate.tokens(text[half:]) <= second * 1.6


def test_estimates_never_exceed_the_bytes() -> None:
    """A token has at least one byte, so digits and signs are not counted twice; half characters are no fault."""
    assert TokenEstimate().tokens("1234567890") == 10
    assert TokenEstimate().tokens("\udcff") <= 1
    assert TokenEstimate().tokens("") == 0


@pytest.mark.parametrize(
    ("said", "sent"), [("15m", "15m"), ("-1", -1.0), (" 90 ", 90.0), ("inf", "inf"), ("nan", "nan")]
)
def test_how_long_a_model_stays(said: str, sent: str | float) -> None:
    """A number is sent as one; what JSON has no number for is left to the server to refuse."""
    assert keep_alive(RemoteOptions(keep_alive=said)) == sent


def test_many_models_are_not_all_named() -> None:
    """An error about a missing one stays readable."""
    found = refusal(404, "model 'm' not found", url="here", model="m", known=[f"model-{at:02}" for at in range(40)])
    assert "model-11 and 28 more" in str(found) and "model-12" not in str(found)
