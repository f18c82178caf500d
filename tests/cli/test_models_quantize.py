"""`models quantize` and `models perplexity` as a user types them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from localdev.models.store import Adding, ModelStore
from tests.backends import tiny_weights
from tests.cli.conftest import Run, command

pytestmark = pytest.mark.llama
DATA = Path(__file__).parents[1] / "data"
SAMPLES = Path(__file__).parents[1] / "source" / "samples"


@pytest.fixture
def store() -> ModelStore:
    """Give the store of the user, with the tiny model in it."""
    pytest.importorskip("llama_cpp")
    store = ModelStore(find_folders().models)
    store.add(DATA / "tiny.gguf", Adding(mode="copy", name="tiny"))
    return store


def test_quantize(run: Run, store: ModelStore) -> None:
    """Name, sizes, perplexity before and after, and what fell back are said; the journal has a line of it."""
    done = run("models", "quantize", "tiny", "Q4_K_M", "--text", SAMPLES / "python.txt", "--window", 128)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("tiny-q4-k-m: llama, 1.1 M, Q4_K_M")
    assert lines[1] == "size 975 kB, 21% of the 5 MB of tiny"
    assert lines[2].startswith("perplexity ") and " before, " in lines[2] and lines[2].endswith("%)")
    assert "windows of 128" in lines[3]
    assert lines[4] == f"sha256 {store.find('tiny-q4-k-m').digest}"
    assert "35 of 47 tensors have rows that do not divide" in done.err
    journal = find_folders().journal.read_text().splitlines()
    entry = json.loads(journal[-1])
    assert "tiny-q4-k-m" in journal[-1] and "quantised" in journal[-1], entry


def test_json(run: Run, store: ModelStore) -> None:
    """With --json one object on stdout; without a text it has no perplexity."""
    done = run("models", "quantize", "tiny", "q8_0", "--name", "small", "--json")
    found = json.loads(done.out)
    assert (found["name"], found["type"], found["perplexity"]) == ("small", "Q8_0", None)
    assert found["made_of"] == {"name": "tiny", "digest": store.find("tiny").digest, "quantisation": "F32"}
    assert found["bytes_after"] == store.find("small").size < found["bytes_before"]
    assert (found["tensors"], found["changed"], found["fallbacks"], found["requantised"]) == (47, 36, 0, 0)


def test_perplexity(run: Run, shell: Run, store: ModelStore) -> None:
    """A figure with its error and what it rests on; from a pipe, of a path and as JSON it is the same."""
    text = SAMPLES / "python.txt"
    done = run("models", "perplexity", "tiny", "--text", text, "--window", 64, "--threads", 1)
    first, second = done.out.splitlines()
    assert first.startswith("tiny: perplexity ") and " +/- " in first and "windows of 64" in second
    piped = shell(
        "models", "perplexity", DATA / "tiny.gguf", "--text", "-", "--window", 64, "--threads", 1, "--json",
        input=text.read_text(),
    )  # fmt: skip
    found = json.loads(piped.out)
    assert first == f"tiny: perplexity {found['value']:.4f} +/- {found['error']:.4f}"
    assert found.keys() >= {"model", "digest", "tokens", "window", "windows", "seconds", "schema_version"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("quantize", "tiny", "Q9"), 2, "IQ4_XS"),
        (("quantize", "tiny", "F32"), 2, "tiny is F32 already"),
        (("quantize", "none", "Q8_0"), 4, "no model named 'none'"),
        (("quantize", "tiny", "Q8_0", "--text", "no-such-file"), 4, "cannot read no-such-file"),
        (("quantize", "tiny", "Q8_0", "--text", "-"), 2, "the text for the perplexity is empty"),
        (("perplexity", "tiny"), 2, "needs --text"),
        (("perplexity", "tiny", "--text", DATA / "tiny.gguf"), 2, "is not text"),
        (
            ("perplexity", "tiny", "--text", SAMPLES / "python.txt", "--window", "9999"),
            2,
            "tiny was trained for windows",
        ),
        (("perplexity", "tiny", "--text", SAMPLES / "python.txt", "--threads", "100000"), 2, "512"),
        (("quantize", "tiny", "Q8_0", "--threads", "513"), 2, "512"),
        (("perplexity", "tiny", "--text", SAMPLES / "tsx.txt"), 2, "or --window"),
        (("perplexity", DATA / "tiny-bert.gguf", "--text", SAMPLES / "python.txt"), 4, "name a model that writes"),
    ],
)
def test_mistakes(arguments: tuple[object, ...], code: int, said: str, run: Run, store: ModelStore) -> None:
    """Each is one line of what is wrong and one of what to do, and the store is as it was."""
    done = run("models", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err and "error: " in done.err and "hint: " in done.err and "Traceback" not in done.err
    assert [passport.name for passport in store.list()] == ["tiny"]


def _maps(pid: str, path: Path) -> bool:
    """Tell whether a process has a file mapped."""
    try:
        return str(path) in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False


def test_a_long_text(shell: Run, store: ModelStore, tmp_path: Path) -> None:
    """A pipe and a file have one limit and one hint: what is too short for one window is read whole, 16 MB are not."""
    for size, code, said in ((1_100_000, 2, "was trained for windows of 2048 tokens"), (16_000_001, 2, "16 MB")):
        text = "a " * (size // 2) + "b" * (size % 2)
        (tmp_path / "long.txt").write_text(text)
        asked = ("models", "perplexity", "tiny", "--window", 9999, "--text")
        piped, read = shell(*asked, "-", input=text), shell(*asked, tmp_path / "long.txt")
        assert (piped.code, read.code) == (code, code) and said in piped.err and said in read.err
        assert piped.err.splitlines()[-1] == read.err.splitlines()[-1] and "@path" not in piped.err


def test_slow_pipes_are_waited_for(store: ModelStore) -> None:
    """What was asked for with - may take longer than what comes by chance."""
    running = subprocess.Popen(
        command("models", "perplexity", "tiny", "--text", "-", "--window", 9999),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.8)
    _, err = running.communicate("a slow text", timeout=30)
    assert running.returncode == 2 and "was trained for windows" in err


def test_the_journal(run: Run, store: ModelStore) -> None:
    """Each leaves one line, also one that fails: what was read, of which model, and what became of it."""
    text = SAMPLES / "python.txt"
    run("models", "quantize", "tiny", "Q8_0", "--threads", 1)
    run("models", "perplexity", "tiny", "--text", text, "--window", 64, "--threads", 1)
    run("models", "perplexity", "tiny", "--text", text, "--window", 9999)
    lines = [json.loads(line) for line in find_folders().journal.read_text().splitlines()]
    made, added, measured, failed = lines
    assert [line["kind"] for line in lines] == ["quantize", "model_added", "perplexity", "perplexity"]
    digest = store.find("tiny").digest
    assert all((line["model"], line["digest"]) == ("tiny", digest) for line in (made, measured, failed))
    assert (made["outcome"], made["type"], made["made"], made["made_digest"]) == (
        "ok",
        "Q8_0",
        "tiny-q8-0",
        added["digest"],
    )
    (read,) = measured["read"]
    assert read["path"] == str(text) and len(read["digest"]) == 16 and "def " not in json.dumps(lines)
    assert measured["outcome"] == "ok" and measured["total_ms"] > 0
    assert (failed["outcome"], failed["error"]) == ("failed", "usage")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
def test_ctrl_c(store: ModelStore, tmp_path: Path) -> None:
    """Ctrl-C ends with 130 and leaves nothing: no model, no part of one, no process at work on it."""
    wide = tiny_weights.write_wide(tmp_path / "wide.gguf")
    text = tmp_path / "long.txt"
    text.write_text((SAMPLES / "python.txt").read_text() * 60)
    running = subprocess.Popen(
        command("models", "quantize", wide, "Q4_K_M", "--text", text, "--threads", 1),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    deadline = time.monotonic() + 30
    # The engine's process has the model mapped while it measures, for some seconds.
    seen: set[str] = set()
    while not any(_maps(pid, wide) for pid in seen) and time.monotonic() < deadline and running.poll() is None:
        seen |= set(children.read_text().split()) if children.exists() else set()
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    deadline = time.monotonic() + 30
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, "") and "Traceback" not in err
    assert [passport.name for passport in store.list()] == ["tiny"]
    assert not [path for path in (find_folders().models / "staging").glob("*") if path.is_dir()]
    # One that was being started just then ends by itself, when it finds that nobody is there.
    while any(Path(f"/proc/{pid}").exists() for pid in seen) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [pid for pid in seen if Path(f"/proc/{pid}").exists()]
