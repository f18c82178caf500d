"""Reusing the state of prompts, in memory and on disk: the answers stay the same, and only then is it used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from localdev.backends.llamacpp.backend import LlamaCppBackend
from localdev.backends.options import BackendOptions, EngineOptions
from localdev.core.chat import ChatRequest, Message, Sampling
from localdev.core.events import Finished, Progress, TextDelta
from tests.backends.conftest import TINY, collect
from tests.backends.long_rope import write_long_rope

pytestmark = pytest.mark.llama

RULES = Message("system", "You write Python. " + "Each function has a docstring and returns early when it can. " * 8)
CODE = "def total(self, items):\n    return sum(item.price for item in items)\n\n" * 12


def request(*turns: str, owner: str = "shop-1", tokens: int = 24) -> ChatRequest:
    """Make a request of user and assistant turns behind the same rules, to be kept."""
    roles = ("user", "assistant")
    said = [Message(roles[number % 2], text) for number, text in enumerate(turns)]  # type: ignore[arg-type]
    return ChatRequest((RULES, *said), sampling=Sampling(max_tokens=tokens), cache_key="ask/1", owner=owner)


FIRST, SECOND = request(CODE + "What is total?"), request("How is a cart made?" + CODE)


def open_tiny(states: Path | None, path: Path = TINY, **options: object) -> LlamaCppBackend:
    """Load a model with exact arithmetic for its states."""
    engine = EngineOptions(threads=1, kv_type="f32", states=states, states_bytes=10**8)
    return LlamaCppBackend(path, replace(BackendOptions(digest="tiny", engine=engine), **options))  # type: ignore[arg-type]


@pytest.fixture
def states(llama: None, tmp_path: Path) -> Path:
    """Give a folder for states."""
    return tmp_path / "states"


@pytest.fixture
def models(llama: None) -> Iterator[list[LlamaCppBackend]]:
    """Collect opened models and close them."""
    opened: list[LlamaCppBackend] = []
    yield opened
    for model in opened:
        model.close()


def answer(model: LlamaCppBackend, asked: ChatRequest) -> tuple[str, int]:
    """Give the text of an answer, and how many tokens of its prompt came from kept state."""
    text, finished = collect(model.stream(asked))
    return text, finished.usage.cached_tokens


def kept(states: Path) -> list[Path]:
    """List the files of states."""
    return sorted(states.rglob("*.kv"))


def test_answers_are_those_without_reuse(states: Path, models: list[LlamaCppBackend]) -> None:
    """No reuse, memory, disk, and disk in a newly loaded model: one answer, greedily drawn."""
    models += [open_tiny(None), open_tiny(states), open_tiny(states)]
    plain, first, second = models
    expected = {asked: answer(plain, asked)[0] for asked in (FIRST, SECOND)}
    assert expected[FIRST] != expected[SECOND]
    prompt = collect(plain.stream(FIRST))[1].usage.prompt_tokens
    assert answer(first, FIRST) == (expected[FIRST], 0)
    assert answer(first, FIRST) == (expected[FIRST], prompt - 2)  # from memory
    text, stable = answer(first, SECOND)
    assert text == expected[SECOND] and 100 < stable < prompt / 2
    assert answer(first, FIRST) == (expected[FIRST], prompt - 2)  # from disk: memory holds the other one
    assert answer(second, FIRST) == (expected[FIRST], prompt - 2)
    assert answer(second, SECOND)[0] == expected[SECOND]


AGAIN = """
import json, sys
from pathlib import Path
from tests.backends import test_llamacpp_prefix as tests
model = tests.open_tiny(Path(sys.argv[1]))
print(json.dumps(tests.answer(model, tests.FIRST)))
model.close()
"""


def test_a_new_process_goes_on_from_disk(states: Path, models: list[LlamaCppBackend]) -> None:
    """The key of a state is the same in every process."""
    models.append(open_tiny(states))
    text, _ = answer(models[0], FIRST)
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", AGAIN, str(states)], capture_output=True, text=True, cwd=root, check=False
    )
    assert run.returncode == 0, run.stderr
    again, cached = json.loads(run.stdout)
    assert again == text and cached > 100


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
"""


@pytest.mark.skipif(os.name != "posix", reason="files cannot be limited here")
def test_a_full_disk_does_not_touch_answers(states: Path, models: list[LlamaCppBackend]) -> None:
    """Two answers come as without a disk; that nothing is kept is said once, and nothing is left behind."""
    models.append(open_tiny(None))
    script = FULL + AGAIN.replace("model.close()", "print(json.dumps(tests.answer(model, tests.SECOND)))")
    run = subprocess.run(
        [sys.executable, "-c", script, str(states)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said = [json.loads(line)[0] for line in run.stdout.splitlines()]
    assert said == [answer(models[0], FIRST)[0], answer(models[0], SECOND)[0]]
    assert run.stderr.count("was not kept for later questions: File too large") == 1
    assert not [path for path in states.rglob("*") if path.is_file()]


def test_a_conversation_goes_on(states: Path, models: list[LlamaCppBackend]) -> None:
    """The next turn begins behind the answer before it, also with another conversation in between."""
    models += [open_tiny(states), open_tiny(None)]
    model, plain = models
    text, _ = answer(model, FIRST)
    next_turn = request(CODE + "What is total?", text, "And then?")
    answer(model, SECOND)
    again, cached = answer(model, next_turn)
    assert again == answer(plain, next_turn)[0]
    assert cached > collect(plain.stream(FIRST))[1].usage.prompt_tokens
    assert len(kept(states)) == 3  # the rules, the conversation as it is now, and the other one


def test_the_stable_beginning_is_kept_on_its_own(states: Path, models: list[LlamaCppBackend]) -> None:
    """It outlives the conversations; another repository's questions begin with it, too."""
    models += [open_tiny(states), open_tiny(states)]
    answer(models[0], FIRST)
    small, large = sorted(kept(states), key=lambda path: path.stat().st_size)
    large.unlink()
    _, cached = answer(models[1], request("Where is it?", owner="bank-2"))
    assert cached > 100
    assert {path.parent.name for path in kept(states)} == {"shop-1", "bank-2"} and small.exists()


def test_only_requests_with_a_cache_key_are_written(states: Path, models: list[LlamaCppBackend]) -> None:
    """And none that is so short that evaluating it takes no longer than reading."""
    models.append(open_tiny(states))
    answer(models[0], replace(FIRST, cache_key=""))
    answer(models[0], ChatRequest((Message("user", "a"),), sampling=Sampling(max_tokens=2), cache_key="ask/1"))
    assert kept(states) == []


def test_what_was_kept_already_is_not_written_again(states: Path, models: list[LlamaCppBackend]) -> None:
    """The same question leaves the files as they are."""
    models.append(open_tiny(states))
    answer(models[0], FIRST)
    before = [(path, path.stat().st_ino) for path in kept(states)]
    answer(models[0], FIRST)
    assert [(path, path.stat().st_ino) for path in kept(states)] == before and len(before) == 2


def test_a_stream_closed_early_keeps_what_it_had(states: Path, models: list[LlamaCppBackend]) -> None:
    """What was evaluated is right, however the answer ended."""
    models += [open_tiny(states), open_tiny(states), open_tiny(None)]
    stream = models[0].stream(FIRST)
    assert any(isinstance(event, TextDelta) for event in stream)  # the first one
    stream.close()  # type: ignore[attr-defined]
    text, cached = answer(models[1], FIRST)
    assert cached > 100 and text == answer(models[2], FIRST)[0]


def test_making_ready(states: Path, models: list[LlamaCppBackend]) -> None:
    """A request for no tokens evaluates what all prompts begin with, and leaves a conversation that does so alone."""
    ready = request("-", tokens=0)
    models.append(open_tiny(states))
    text, finished = collect(models[0].stream(ready))
    assert text == "" and finished.usage.cached_tokens == 0 and len(kept(states)) == 1
    stable = models[0]._engine.evaluated
    assert answer(models[0], FIRST)[1] == stable > 100
    held = models[0]._engine.evaluated
    collect(models[0].stream(ready))
    assert models[0]._engine.evaluated == held and len(kept(states)) == 2
    models.append(open_tiny(states))
    assert collect(models[1].stream(ready))[1].usage.cached_tokens == stable == models[1]._engine.evaluated


def test_making_ready_keeps_nothing_of_another_request(states: Path, models: list[LlamaCppBackend]) -> None:
    """What was asked without a key stays off the disk, also where a request that is kept finds it evaluated."""
    models.append(open_tiny(states))
    answer(models[0], replace(FIRST, cache_key="", owner="secret"))
    collect(models[0].stream(request("-", owner="bank-2", tokens=0)))
    assert kept(states) == []


@pytest.mark.parametrize("change", ["digest", "kv_type", "flash_attention"])
def test_states_of_another_model_are_not_used(change: str, states: Path, models: list[LlamaCppBackend]) -> None:
    """What the state depends on is part of its key."""
    models.append(open_tiny(states))
    answer(models[0], FIRST)
    if change == "digest":
        models.append(open_tiny(states, digest="other"))
    else:
        value = {"kv_type": "f16", "flash_attention": "off"}[change]
        engine = EngineOptions(threads=1, kv_type="f32", states=states, states_bytes=10**8)
        models.append(open_tiny(states, engine=replace(engine, **{change: value})))  # type: ignore[arg-type]
    assert answer(models[1], FIRST)[1] == 0


def test_rotations_that_depend_on_the_window(states: Path, models: list[LlamaCppBackend]) -> None:
    """Answers are those of a new context whatever was asked before, and states of the other rotations are not used."""
    path = write_long_rope(states.parent / "long.gguf", TINY)
    long = replace(FIRST, sampling=Sampling(max_tokens=2400, stop=("\n",)))
    models += [open_tiny(None, path), open_tiny(None, path), open_tiny(states, path), open_tiny(states, path)]
    expected = {FIRST: answer(models[0], FIRST)[0], long: answer(models[1], long)[0]}
    assert expected[FIRST].split("\n")[0] != expected[long]
    for model in models:
        for asked in (FIRST, long, FIRST):
            assert answer(model, asked)[0] == expected[asked]
    assert answer(models[2], FIRST)[1] > 100


def test_a_file_without_digest_is_known_by_its_change(states: Path, models: list[LlamaCppBackend]) -> None:
    """A model that was put in the place of another has states of its own."""
    path = states.parent / "model.gguf"
    path.write_bytes(TINY.read_bytes())
    models.append(open_tiny(states, path, digest=""))
    answer(models[0], FIRST)
    models.append(open_tiny(states, path, digest=""))
    assert answer(models[1], FIRST)[1] > 100
    os.utime(path, (1, 1))
    models.append(open_tiny(states, path, digest=""))
    assert answer(models[2], FIRST)[1] == 0


def test_damaged_states_cost_time_only(states: Path, models: list[LlamaCppBackend]) -> None:
    """Every file changed by a bit: the answer is that without reuse, and is kept anew."""
    models += [open_tiny(states), open_tiny(states)]
    text, _ = answer(models[0], FIRST)
    for path in kept(states):
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    assert answer(models[1], FIRST) == (text, 0)
    models.append(open_tiny(states))
    assert answer(models[2], FIRST)[0] == text and len(kept(states)) == 2


def _logits(model: LlamaCppBackend, asked: ChatRequest) -> np.ndarray:
    """Give the logits behind a prompt."""
    stream = model.stream(replace(asked, sampling=Sampling(max_tokens=1)))
    next(event for event in stream if not isinstance(event, Progress))
    logits: np.ndarray = model._engine.logits(-1).copy()
    return logits


# Measured on a CPU: 0, since no token of a prompt is evaluated alone. Kernels that take rows together (repacked
# weights, GPUs) round batches of other sizes otherwise; the logits themselves spread by about 2.
TOLERANCE = 0.05


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
def test_quantised_models_stay_within_a_tolerance(kind: str, states: Path, models: list[LlamaCppBackend]) -> None:
    """Logits behind a prompt whose beginning came from disk, against those of evaluating it at once."""
    import llama_cpp

    path = states.parent / "quantised.gguf"
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    assert llama_cpp.llama_model_quantize(os.fsencode(TINY), os.fsencode(path), params) == 0
    options = BackendOptions(digest=kind, engine=EngineOptions(threads=1, states=states, states_bytes=10**8))
    models += [LlamaCppBackend(path, options), LlamaCppBackend(path, options), LlamaCppBackend(path)]
    answer(models[0], FIRST)
    assert answer(models[1], FIRST)[1] > 100
    for asked in (FIRST, SECOND, request(CODE + "Another question")):
        reused, cold = _logits(models[1], asked), _logits(models[2], asked)
        difference = np.abs(reused - cold).max()
        assert difference < TOLERANCE < cold.std()


def test_an_unknown_ending(states: Path, models: list[LlamaCppBackend]) -> None:
    """A request that fails before its prompt is evaluated leaves nothing behind, and the next one works."""
    models.append(open_tiny(states))
    with pytest.raises(Exception, match="window"):
        collect(models[0].stream(request("word " * 3000)))
    assert kept(states) == []
    assert isinstance(list(models[0].stream(FIRST))[-1], Finished)
