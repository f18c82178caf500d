"""`localdev models catalogue`: what is listed for a machine and a job."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest

from localdev.models.catalogue import load_catalogue
from tests.cli.conftest import Run, command


def test_for_a_job_and_a_machine(run: Run) -> None:
    """One entry after another, with licence, memory and what `models pull` takes; the best for this memory first."""
    done = run("models", "catalogue", "--job", "ask", "--memory", "8")
    lines = done.out.splitlines()
    assert done.code == 0 and done.out.count("\n\n") >= 10
    assert lines[0] == "Qwen2.5-Coder 7B Instruct (Apache-2.0)"
    assert lines[1].startswith("  some 5.4 GB of memory, some 8 tokens/s; ask, ")
    entry = lines[: lines.index("")]
    assert entry[-1] == "  hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf"
    assert "as of 20" in done.err and "`localdev models pull`" in done.err


def test_what_is_left_out_is_said(run: Run) -> None:
    """A model may take a share of the memory, so one that would just fit is not listed: output and help say so."""
    done = run("models", "catalogue", "--memory", "2")
    assert "listed is what takes up to 1.4 GB, 70% of 2.0 GB of memory; --all" in done.err
    assert "Qwen2.5-Coder 1.5B" not in done.out
    assert "listed is" not in run("models", "catalogue", "--all").err
    assert "70 %" in " ".join(run("models", "catalogue", "--help").out.split())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX")
def test_names_are_not_broken_on_a_narrow_terminal() -> None:
    """What is to be copied stands on one line of the output, however narrow the terminal is; the rest is folded."""
    import pty

    ours, theirs = pty.openpty()
    words = command("models", "catalogue", "--job", "complete", "--all")
    process = subprocess.Popen(words, stdout=theirs, env={**os.environ, "COLUMNS": "50", "NO_COLOR": "1"})
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that the other side of a terminal is gone
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    process.wait(timeout=60)
    lines = shown.decode().splitlines()
    names = [line.strip() for line in lines if "hf:" in line]
    assert names and set(names) <= {model.pull() for model in load_catalogue().models}
    assert all(len(line) <= 50 for line in lines if "hf:" not in line)


def test_as_json(run: Run) -> None:
    """A script gets every fact with its pages, and the estimates by names that say so."""
    found = json.loads(run("models", "catalogue", "--memory", "64", "--json").out)
    assert found["schema_version"] == 1 and found["memory_bytes"] == 64 * 10**9
    codestral = next(model for model in found["models"] if model["name"] == "codestral-22b")
    assert codestral["commercial"] == "no" and "Non-Production" in codestral["licence"]
    assert codestral["tokens_s_estimate"] > 0 and codestral["sources"][0]["at"].startswith("https://")


def test_nothing_fits(run: Run) -> None:
    """A negative answer says what would show more; `--all` does."""
    nothing = run("models", "catalogue", "--memory", "1", "--job", "gen")
    assert (nothing.code, nothing.out) == (1, "") and "--all" in nothing.err
    assert run("models", "catalogue", "--memory", "1", "--job", "gen", "--all").code == 0


def test_what_runs_elsewhere_says_so(run: Run) -> None:
    """A model that only an Ollama runs for its job is named as one of an Ollama."""
    entries = run("models", "catalogue", "--memory", "8").out.split("\n\n")
    (entry,) = [entry for entry in entries if entry.startswith("Qwen3 Embedding")]
    assert entry.rstrip().endswith("ollama:qwen3-embedding:0.6b") and "tokens/s" not in entry


@pytest.mark.parametrize(
    "wrong",
    [
        ["--job", "cook"],
        ["--memory", "0"],
        ["--memory", "-1"],
        ["--memory", "lots"],
        ["--memory", "nan"],
        ["--memory", "inf"],
    ],
)
def test_wrong_usage(run: Run, wrong: list[str]) -> None:
    """An unknown job or an impossible memory is wrong usage, with a hint."""
    done = run("models", "catalogue", *wrong)
    assert done.code == 2 and done.err.startswith("error: ") and "hint: " in done.err


def test_this_machine(run: Run) -> None:
    """Given nothing, it is this machine's memory."""
    found = json.loads(run("models", "catalogue", "--json").out)
    assert found["memory_bytes"] > 10**8
    assert all(model["memory_bytes"] <= 0.7 * found["memory_bytes"] for model in found["models"])
