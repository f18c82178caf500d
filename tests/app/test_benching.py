"""Measuring models: the tiny one for real, others by what they say."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.benching import Bench, BenchedModel, BenchOptions, choices
from localdev.assistant.past_work import Completed, Rate
from localdev.assistant.speed import Fit
from localdev.config.settings import build
from localdev.core.errors import NotFound, UsageError
from localdev.core.events import Notice, Progress
from localdev.core.folders import Folders
from localdev.models.store import Adding, ModelStore
from tests.app.test_remote import SECRET, Server, linux, server

__all__ = ["server"]  # a fixture

DATA = Path(__file__).parents[1] / "data"
TINY, TINY_BERT = DATA / "tiny.gguf", DATA / "tiny-bert.gguf"
engine = pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="the llama extra is not installed")


def short(*models: str, history: int = 0, long_tokens: int = 0) -> BenchOptions:
    """Ask for a quick measurement."""
    return BenchOptions(models, history=history, prompt_tokens=64, tokens=16, long_tokens=long_tokens)


def bench(folders: Folders, root: Path, **values: object) -> Bench:
    """Make a bench that says nothing."""
    return Bench(build(dict(values)), folders, root, aside=lambda _event: None)  # type: ignore[arg-type]


@pytest.fixture
def committed(root: Path) -> Path:
    """Make the sample folder a repository with three commits."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-q")
    git("add", "cart.py")
    git("commit", "-qm", "feat: put an item into the cart")
    git("add", "pay.py")
    git("commit", "-qm", "pay the fee of the cart (#12)")
    (root / "tax.py").write_text("def tax_of(price: float) -> float:\n    return price * 0.19 + 0.01\n")
    git("add", "tax.py")
    git("commit", "-qm", "compute the tax of a price")
    return root


@engine
def test_stored_models(folders: Folders, root: Path) -> None:
    """Without names all that is stored is measured: what answers by its speed, an embedding model as an embedder."""
    store = ModelStore(folders.models)
    store.add(TINY, Adding(name="tiny"))
    store.add(TINY_BERT, Adding(name="minilm"))
    seen: list[Progress | Notice] = []
    result = Bench(build({}), folders, root, aside=seen.append).run(short())
    (model,), (embedder,) = result.models, result.embedders
    assert (model.name, model.error, model.backend) == ("tiny", "", "llamacpp")
    assert (model.parameters, model.digest) == (store.find("tiny").parameters, store.find("tiny").digest)
    assert model.speed is not None and model.speed.generated_tokens >= 8 and model.speed.prompt_tokens_s > 100
    assert model.memory_bytes > 10_000_000 and model.load_s > 0
    assert set(result.choice) == set(model.jobs) and set(result.choice.values()) == {"tiny"}
    assert (embedder.name, embedder.error, embedder.hits) == ("gguf:minilm", "", {})
    assert embedder.texts_s > 1 and embedder.dimension > 0
    stages = {event.stage for event in seen if isinstance(event, Progress)}
    assert {"tiny: warming up", "tiny: reading a prompt", "tiny: the same again", "tiny: writing"} <= stages
    assert not folders.states.exists()


@engine
def test_history(folders: Folders, committed: Path) -> None:
    """Each commit's words are searched for, and lines it added completed; nothing of it stays."""
    result = bench(folders, committed).run(short(str(TINY), history=5))
    (model,), (static,) = result.models, result.embedders
    assert static.name == "static" and static.index_s > 0
    assert {depth: rate.total for depth, rate in static.hits.items()} == {1: 3, 3: 3, 10: 3}
    assert static.hits[1].hits >= 2 and static.hits[10].hits == 3
    assert model.completed is not None and model.completed.exact.total == 3
    assert 0 <= model.completed.alike <= 1
    assert not folders.indexes.exists()
    assert [path.name for path in (folders.cache / "bench").iterdir()] == ["lock"]


@engine
def test_two_of_one_name_and_a_small_window(folders: Folders, root: Path, tmp_path: Path) -> None:
    """They are told apart by what they were asked for by; both sizes are known, and a small window is enough."""
    ModelStore(folders.models).add(TINY, Adding(name="tiny"))
    copy = tmp_path / "tiny.gguf"
    copy.write_bytes(TINY.read_bytes())
    result = bench(folders, root, **{"llama.context": 256}).run(BenchOptions(("tiny", str(copy)), tokens=16))
    assert [(each.name, each.error, each.window) for each in result.models] == [("tiny", "", 256), (str(copy), "", 256)]
    stored, file = result.models
    assert stored.parameters == file.parameters > 0
    assert stored.speed is not None and 0 < stored.speed.prompt_tokens < 240
    assert stored.load_s > stored.speed.warm_up_s > 0


@engine
def test_a_killed_bench_leaves_nothing_for_long(folders: Folders, committed: Path) -> None:
    """What a killed one had indexed goes with the next one."""
    left = folders.cache / "bench" / "0123456789abcdef"
    (left / "indexes").mkdir(parents=True)
    (left / "indexes" / "code.db").write_text("def total")
    bench(folders, committed).run(BenchOptions(embedders=("static",), history=1))
    assert not left.exists()


@linux
def test_a_server_beyond_this_machine(root: Path, server: Server, journal: Callable[[], list[dict[str, Any]]]) -> None:
    """What is sent is masked and each connection written down; that it fills in no text costs no other figure."""
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / "cart.py").write_text(f'def deploy_token():\n    token = "{SECRET}"\n    return token\n')
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-qm", "add the token of deployments"], cwd=root, check=True)
    port = server.server_address[1]
    code = "import sys; from localdev.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "models", "bench", "openai:m", "--quick", "--history", "2"]

    settings = {"LOCALDEV_REMOTE_OPENAI_URL": f"http://0.0.0.0:{port}/v1", "LOCALDEV_EGRESS_ALLOW": f"0.0.0.0:{port}"}
    env = {**os.environ, **settings, "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=root, env=env)
    assert "cannot complete: http://" in done.stdout
    assert "tokens/s" in done.stdout and server.bodies, done.stderr
    assert not any(SECRET in body for body in server.bodies)
    assert {(line["host"], line["port"]) for line in journal() if line["kind"] == "egress"} == {("0.0.0.0", port)}


def test_one_that_fails_does_not_stop_the_others(
    folders: Folders, root: Path, script: Callable[[object], str], tmp_path: Path
) -> None:
    """Its error stands in its place."""
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    name = script(["a", "b", "c", *["word " * 40] * 6])
    result = bench(folders, root).run(short(str(tmp_path / "bad.gguf"), "nobody", name))
    bad, nobody, good = result.models
    assert "bad.gguf" in bad.error and bad.speed is None and bad.hint
    assert "no model named 'nobody'" in nobody.error
    assert good.speed is not None and set(result.choice.values()) == {"scripted"}


def test_nothing_to_measure(folders: Folders, root: Path) -> None:
    """Without a model, and without the history that was asked for, it is said what to do."""
    with pytest.raises(NotFound, match="no model to measure"):
        bench(folders, root).run(BenchOptions())
    with pytest.raises(UsageError, match="no history in git"):
        bench(folders, root).run(BenchOptions(("fake:none",), history=3))


def test_choices() -> None:
    """For completions what was measured on the history decides, for the rest the larger of those that are quick."""
    fits, slow = Fit("fits", "", 1, 2), Fit("slow", "", 30, 90)

    def model(name: str, parameters: int, ask: Fit, exact: int | None) -> BenchedModel:
        done = None if exact is None else Completed(Rate(exact, 10), 0.5)
        return BenchedModel(name, parameters=parameters, jobs={"ask": ask, "complete": fits}, completed=done)

    found = [model("small", 10**9, fits, 6), model("middle", 3 * 10**9, fits, 4), model("big", 10**10, slow, None)]
    assert choices(found) == {"ask": "middle", "complete": "small"}
    assert choices([BenchedModel("broken", error="x")]) == {}
