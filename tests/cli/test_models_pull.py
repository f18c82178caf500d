"""`localdev models pull`: what is said, asked and printed. The hub is a replay on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.cli.progress import plain
from localdev.core.events import Progress
from tests.backends.ollama_server import lines, serve_bodies
from tests.backends.ollama_server import plain as answer
from tests.cli.conftest import Run
from tests.models.hub_replay import COMMIT, NAME, Hub, Repository, cut, serving, status

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
DATA = TINY.read_bytes()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve the tiny model, and have the settings name that hub."""
    with serving(Repository({"tiny-F32.gguf": DATA})) as found:
        monkeypatch.setenv("LOCALDEV_REMOTE_HUB_URL", found.url)
        yield found


def test_what_would_come_is_told_and_asked(run: Run, hub: Hub) -> None:
    """Size, commit and licence come before the question; without a terminal to ask on nothing is fetched."""
    done = run("models", "pull", f"hf:{NAME}")
    assert done.code == 2 and "give --yes" in done.err
    for part in ("tiny-F32.gguf, 5 MB", f"{hub.url}/{NAME} at {COMMIT}", "licence: apache-2.0"):
        assert part in done.err
    assert not hub.of("cdn")
    done = run("models", "pull", f"hf:{NAME}", "--yes")
    assert (done.code, done.out.splitlines()[0][:24]) == (0, "tiny-f32: pulled, llama,")
    assert "warning: licence-differs: it came with the licence apache-2.0, its file states Python-2.0" in done.err
    assert "apache-2.0, as the hub says; the file itself states Python-2.0" in run("models", "info", "tiny-f32").out
    assert "tiny-f32" in run("models", "list").out


def test_json_of_a_pull_and_of_a_second_one(run: Run, hub: Hub, home: Path) -> None:
    """The object says what is there and where it came from; what is there already is not fetched again."""
    first = json.loads(run("models", "pull", f"hf:{NAME}", "--yes", "--json").out)
    assert first["name"] == "tiny-f32" and first["received"] == len(DATA) and first["commit"] == COMMIT
    assert first["source"]["kind"] == "hub" and first["schema_version"] and first["licence"] == "apache-2.0"
    asked = len(hub.of("cdn"))
    (lock,) = (home / "localdev" / "data" / "models" / "staging").glob("kept-*.lock")
    killed = lock.with_suffix("") / "parts"  # as a process leaves it that is killed when all of it was stored
    killed.mkdir(parents=True)
    second = run("models", "pull", f"hf:{NAME}")
    assert second.code == 0 and "is here already" in second.out and len(hub.of("cdn")) == asked
    assert not killed.exists()
    renamed = run("models", "pull", f"hf:{NAME}", "--name", "other", "--yes")
    assert renamed.code == 2 and "stored already, as tiny-f32" in renamed.err


def test_a_page_without_a_licence_says_so(run: Run, hub: Hub) -> None:
    """No licence is no permission, and terms of the owner's are told."""
    repository = hub.repositories[NAME]
    repository.licence, repository.gated = "", "manual"
    done = run("models", "pull", f"{hub.url}/{NAME}")
    assert "licence: none is named" in done.err and "by its owner's terms" in done.err


def test_several_models_are_listed_and_none_is_chosen(run: Run, hub: Hub) -> None:
    """Paths and sizes, and which option chooses."""
    hub.repositories[NAME].files |= {"tiny-Q8_0.gguf": DATA[:1_000_000], "mmproj-tiny.gguf": DATA[:10]}
    done = run("models", "pull", f"hf:{NAME}", "--yes")
    assert done.code == 2 and "--quant Q4_K_M or --file NAME" in done.err
    assert "5 MB  tiny-F32.gguf" in done.err and "1 MB  tiny-Q8_0.gguf" in done.err and "mmproj" not in done.err
    listed = json.loads(run("models", "pull", f"hf:{NAME}", "--json").out)
    assert [(each["path"], each["size"]) for each in listed["models"]] == [
        ("tiny-F32.gguf", len(DATA)),
        ("tiny-Q8_0.gguf", 1_000_000),
    ]
    assert not hub.of("cdn")
    for words in ([f"hf:{NAME}:F32"], [f"hf:{NAME}", "--file", "tiny-F32.gguf"], [f"hf:{NAME}", "--quant", "f32"]):
        assert run("models", "pull", *words, "--yes").code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["owner/model"], 2, "write hf:OWNER/REPO"),
        (["hf:owner/none"], 4, "knows no repository owner/none"),
        ([f"hf:{NAME}", "--revision", "v9"], 4, "no such revision"),
        ([f"hf:{NAME}", "--file", "tiny-F23.gguf"], 4, "nearest: tiny-F32.gguf"),
        ([f"hf:{NAME}", "--quant", "Q4_0"], 4, "there are: tiny-F32.gguf"),
        ([f"hf:{NAME}:F32", "--quant", "Q4_0"], 2, "contradicts"),
        (["ollama:qwen3", "--quant", "Q4_0"], 2, "are for hubs"),
        ([f"hf:{NAME}", "--accept", "gguf-structure", "--yes"], 2, "cannot be accepted"),
    ],
)
def test_mistakes(run: Run, hub: Hub, words: list[str], code: int, said: str) -> None:
    """Each is one line and a hint."""
    done = run("models", "pull", *words)
    assert done.code == code and said in done.err and "Traceback" not in done.err
    assert done.err.count("hint:") == 1 and not hub.of("cdn") and done.out == ""


def test_nothing_is_asked_of_a_hub_that_is_not_allowed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real hub is refused with the line to write; the suite's own guard would see a connection."""
    done = run("models", "pull", "hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "--yes")
    assert done.code == 4 and "config set egress.allow huggingface.co:443" in done.err
    monkeypatch.setenv("LOCALDEV_REMOTE_HUB_URL", "http://hub.example")
    monkeypatch.setenv("LOCALDEV_EGRESS_ALLOW", "hub.example")
    done = run("models", "pull", "hf:a/b", "--yes")
    assert done.code == 4 and "not encrypted" in done.err


def test_a_project_cannot_name_the_hub(run: Run, repository: Path) -> None:
    """A cloned repository has no say in where models come from."""
    (repository / ".localdev.toml").write_text('[remote]\nhub_url = "http://127.0.0.1:9"\n')
    done = run("-C", repository, "models", "pull", "hf:a/b")
    assert done.code == 4 and "huggingface.co would be asked" in done.err, "the default, whatever the project says"


def test_an_ollama_gets_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects to whom is told before it is asked for, and the registry has to be allowed."""
    listed = {"models": [{"name": "qwen3:latest", "model": "qwen3:latest", "size": 5_000_000_000, "digest": "ab12"}]}
    with serve_bodies(pull=lines({"status": "success"}), tags=answer(listed)) as asked:
        monkeypatch.setenv("LOCALDEV_REMOTE_OLLAMA_URL", asked.url)
        refused = run("models", "pull", "ollama:qwen3", "--yes")
        assert refused.code == 4 and "egress.allow registry.ollama.ai:443" in refused.err and asked.calls == []
        monkeypatch.setenv("LOCALDEV_EGRESS_ALLOW", "registry.ollama.ai")
        assert run("models", "pull", "ollama:qwen3").code == 2 and asked.calls == []
        done = run("models", "pull", "ollama:qwen3", "--yes")
        assert done.code == 0 and f"Ollama at {asked.url} would connect to registry.ollama.ai:443" in done.err
        assert done.out.splitlines() == ["ollama:qwen3:latest: Ollama has it, 5.0 GB", "sha256 ab12"]
        found = json.loads(run("models", "pull", "ollama:qwen3", "--yes", "--json").out)
    assert (found["model"], found["by"], found["size"]) == ("ollama:qwen3:latest", asked.url, 5_000_000_000)


def test_the_rate_leaves_out_what_was_there() -> None:
    """A download that is gone on with says how fast it is, not how much an earlier one brought."""
    progress = Progress("pulling", 600_000_000, 1_000_000_000, "bytes")
    assert plain(progress, 10.0, 500) == "pulling 600/1000 MB, 10 MB/s, 40 s left"


def test_what_is_unfinished_is_listed(run: Run, hub: Hub, home: Path) -> None:
    """`models list` says how much of a broken-off pull is here, in JSON too, until it is given up."""
    hub.cdn += [cut(1_000_000), status(429, {"retry-after": "3600"})]
    assert run("models", "pull", f"hf:{NAME}", "--yes").code == 4
    named = f"hf:{NAME}/tiny-F32.gguf"
    assert f"unfinished: {named}, 1 MB are here" in run("models", "list").err
    (entry,) = json.loads(run("models", "list", "--json").out)["unfinished"]
    assert entry["source"] == named and 0 < entry["size"] <= 1_000_000
    wrong = run("models", "pull", f"hf:{NAME}", "--discard")
    assert wrong.code == 2 and "`localdev models list`" in wrong.err
    done = run("models", "pull", named, "--discard")
    assert (done.code, done.out) == (0, f"{named}: 1 MB that had come are removed\n")
    assert run("models", "pull", named, "--discard").code == 4
    assert json.loads(run("models", "list", "--json").out)["unfinished"] == []
