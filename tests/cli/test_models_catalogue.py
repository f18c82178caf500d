"""`localdev models catalogue`: what is listed for a machine and a job."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run


def test_for_a_job_and_a_machine(run: Run) -> None:
    """One model a line, with licence, memory and what `models pull` takes; the best for this memory first."""
    done = run("models", "catalogue", "--job", "ask", "--memory", "8")
    lines = done.out.splitlines()
    assert done.code == 0 and len(lines) >= 10
    assert lines[0].startswith("Qwen2.5-Coder 7B Instruct (Apache-2.0); some 5.4 GB of memory; some 8 tokens/s; ")
    assert lines[0].endswith("hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf")
    assert "as of 20" in done.err and "`localdev models pull`" in done.err


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
    lines = run("models", "catalogue", "--memory", "8").out.splitlines()
    (line,) = [line for line in lines if line.startswith("Qwen3 Embedding")]
    assert line.endswith("ollama:qwen3-embedding:0.6b") and "tokens/s" not in line


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
