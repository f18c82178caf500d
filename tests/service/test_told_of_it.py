"""What `localdev service` tells of the service, and what it takes from the settings when it is started by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localdev.core.folders import Folders
from localdev.service.log import log_file
from tests.service.conftest import Run, Script, facts

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


def test_started_by_hand_it_takes_the_settings(run: Run, repository: Path, folders: Folders) -> None:
    """Its idle time is the one that is set, and `running` says yes or no."""
    assert run("config", "set", "service.idle_minutes", "7").code == 0
    missing = run("service", "logs")
    assert f"there is no {log_file(folders)} yet" in missing.err
    stopped = json.loads(run("service", "status", "--json").out)
    assert stopped["running"] is False and stopped["jobs_running"] == []
    assert run("service", "start", "-C", repository).code == 0
    assert "ends after 7 min" in run("service", "status").out
    shown = json.loads(run("service", "status", "--json").out)
    assert shown["running"] is True and shown["jobs_running"] == []
    doctor = json.loads(run("doctor", "-C", repository, "--json").out)
    assert any(each["name"] == "service" and each["detail"].startswith("runs, pid ") for each in doctor["checks"])


def test_a_failed_job_is_one_line_of_the_log(run: Run, repository: Path, folders: Folders, script: Script) -> None:
    """It names the reason, once."""
    model = script("x", error="out of memory", fail_after=0)
    assert run("ask", "settings?", "-C", repository, "--model", model).code == 4
    lines = [line for line in log_file(folders).read_text().splitlines() if "ask" in line]
    assert len(lines) == 1 and "failed" in lines[0]


def test_two_engines_of_one_model_are_told_apart(
    run: Run, repository: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed window loads the model a second time; the status shows which is which."""
    pytest.importorskip("llama_cpp")
    monkeypatch.setenv("LOCALDEV_ASK_MAX_TOKENS", "2")
    monkeypatch.setenv("LOCALDEV_ASK_CONTEXT_TOKENS", "100")
    for window in (512, 1024):
        monkeypatch.setenv("LOCALDEV_LLAMA_CONTEXT", str(window))
        assert run("ask", "settings?", "-C", repository, "--model", TINY).code == 0
    assert sorted(each["context_tokens"] for each in facts(folders)["models"]) == [512, 1024]
    shown = run("service", "status").out
    assert "window 512, state f16" in shown and "window 1024, state f16" in shown


def test_why_it_cannot_be_used(run: Run, repository: Path, folders: Folders, script: Script) -> None:
    """The warning names the service, and the question is answered without it."""
    folders.runtime.parent.mkdir(parents=True, exist_ok=True)
    folders.runtime.write_text("a file where a folder should be")
    done = run("ask", "settings?", "-C", repository, "--model", script("yes"))
    assert done.code == 0 and "warning: no background service: " in done.err


def test_wiping_empties_the_service_too(
    run: Run, repository: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that the service holds is closed first, so that it cannot store the wiped states again when it ends."""
    pytest.importorskip("llama_cpp")
    monkeypatch.setenv("LOCALDEV_ASK_MAX_TOKENS", "2")
    assert run("ask", "settings?", "-C", repository, "--model", TINY).code == 0
    assert len(facts(folders)["models"]) == 1
    assert run("wipe", "--yes", "-C", repository).code == 0
    assert facts(folders)["models"] == [] and facts(folders)["repositories"] == []
    run("service", "stop")
    assert not folders.states.exists() or list(folders.states.iterdir()) == []
