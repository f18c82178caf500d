"""`localdev models bench` as its user sees it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from localdev.core.folders import find_folders
from tests.cli.conftest import Run


@pytest.fixture
def script(tmp_path: Path) -> str:
    """Give a scripted model that has enough to say."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"name": "scripted", "replies": ["a", "b", "c", *["word " * 60] * 60]}))
    return f"fake:{path}"


def test_the_report(run: Run, repository: Path, script: str) -> None:
    """Speeds, what it is fit for, which to choose, and what else could be measured; progress does not mix in."""
    done = run("models", "bench", script, "--quick", "-C", repository)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "scripted"
    assert lines[2].startswith("  reads ") and "tokens/s, writes " in lines[2]
    assert lines[3].startswith("  first token: ") and lines[3].endswith("s after the same again")
    assert "  fits ask, chat, review, commit, gen, complete" in lines
    assert any(line.startswith("  complete  scripted: first word after") for line in lines)
    assert lines[-1].startswith("speed alone was measured; --history 40")


def test_side_by_side(run: Run, repository: Path, script: str, tmp_path: Path) -> None:
    """Several models stand in one table, the fastest first; of which no size is known, that is said."""
    slow = tmp_path / "slow.json"
    replies = ["a", "b", "c", *[{"text": "word " * 20, "delay": 0.01}] * 60]
    slow.write_text(json.dumps({"name": "slow", "replies": replies}))
    done = run("models", "bench", f"fake:{slow}", script, "nobody", "--quick", "-C", repository)
    assert done.code == 0
    lines = done.out.splitlines()
    at = lines.index("side by side")
    head, first, second = (line.split() for line in lines[at + 1 : at + 4])
    assert head == [
        "reads/s",
        "writes/s",
        "cold",
        "warm",
        "memory",
        "ask",
        "chat",
        "review",
        "commit",
        "gen",
        "complete",
    ]
    assert (first[0], second[0]) == ("scripted", "slow") and len(first) == len(second) == 14
    assert lines[at + 4] == "for each job"
    assert "not known of slow, scripted" in done.out and "at least" in done.out


def test_on_the_history(run: Run, repository: Path, script: str) -> None:
    """The shares come with the number of cases and bounds; a commit of five files or fewer asks a question."""
    done = run("models", "bench", script, "--quick", "--history", 3, "-C", repository)
    assert done.code == 0
    assert "lines of this repository written just as they were: 0% of " in done.out
    assert "  static: " in done.out and "--history" not in done.out


def test_as_json(run: Run, repository: Path, script: str) -> None:
    """All figures are there, those of a model that failed with its error."""
    done = run("models", "bench", script, "nobody", "--quick", "--json", "-C", repository)
    found = json.loads(done.out)
    assert found["schema_version"] == 1
    good, bad = found["models"]
    assert good["speed"]["generated_tokens"] > 0 and good["jobs"]["ask"]["verdict"] == "fits"
    assert bad["speed"] is None and "no model named 'nobody'" in bad["error"]
    assert found["choice"]["ask"] == "scripted"


def test_none_could_be_measured(run: Run, repository: Path) -> None:
    """That is a negative answer, with the reason and what to do."""
    done = run("models", "bench", "nobody", "-C", repository)
    assert done.code == 1
    assert "not measured: no model named 'nobody'" in done.out and "hint: " in done.out
    assert "speed alone" not in done.out and "for each job" not in done.out
    line = json.loads(find_folders().journal.read_text().splitlines()[-1])
    assert line["models"] == [{"model": "nobody", "digest": "", "outcome": "failed"}]


@pytest.mark.skipif(not hasattr(os, "getloadavg"), reason="the system tells no load")
def test_a_busy_machine(run: Run, repository: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That other work was done just before is said, as the figures show it; a run of its own would disturb others."""
    for load, busy in ((1000.0, True), (0.0, False)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        done = run("models", "bench", script, "--quick", "-C", repository)
        found = json.loads(run("models", "bench", script, "--quick", "--json", "-C", repository).out)
        assert ("this machine was busy before the run, with a load of 1000.0 on" in done.out) == busy
        assert (found["busy"], found["load"]) == (busy, load) and found["processors"] >= 1


def test_the_journal(run: Run, repository: Path, script: str) -> None:
    """A run leaves one line: models and what became of them, and of the history how much was read."""
    run("models", "bench", script, "nobody", "--quick", "--history", 1, "-C", repository)
    run("models", "bench", "-C", repository)
    done, failed = [json.loads(line) for line in find_folders().journal.read_text().splitlines()]
    assert (done["kind"], done["outcome"], done["root"]) == ("bench", "ok", str(repository))
    assert [(each["model"], each["outcome"]) for each in done["models"]] == [("scripted", "ok"), ("nobody", "failed")]
    assert done["read"]["commits"] == 1 and len(done["read"]["newest"]) == 40 and done["total_ms"] > 0
    assert done["embedders"] == ["static"]
    assert (failed["outcome"], failed["error"]) == ("failed", "not_found")


def test_no_models(run: Run, repository: Path) -> None:
    """Without any there is nothing to do but add one."""
    done = run("models", "bench", "-C", repository)
    assert done.code == 4 and "no model to measure" in done.err
