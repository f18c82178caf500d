"""The service is started once, ends by itself, and whoever is killed harms nobody else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from localdev.core.folders import Folders
from localdev.service import client
from localdev.service.address import address_of
from localdev.service.log import Log, log_file
from localdev.service.server import Server
from tests.service.conftest import Run, Script, background, facts, until

_LONG = "the answer goes on " * 500


def asked(repository: Path, model: str) -> subprocess.Popen[str]:
    """Ask in another process, and come back when the answer has begun."""
    process = background("ask", "settings?", "--model", model, cwd=repository)
    assert process.stdout is not None
    assert process.stdout.read(10) == "the answer"
    return process


def test_a_question_with_a_model_starts_it(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """A search does not, as it is quick alone; the answer of a model comes from the service that it started."""
    assert shell("search", "settings", cwd=repository).code == 0
    assert shell("ask", "settings?", "--no-model", cwd=repository).code == 0
    assert client.status(folders) is None
    answer = shell("ask", "settings?", "--model", script("It is so [1]."), cwd=repository)
    assert (answer.code, answer.out.splitlines()[0]) == (0, "It is so [1].")
    found = facts(folders)
    assert found["jobs"]["ok"] == 1 and found["repositories"] == [str(repository)]
    assert found["prompt_tokens"] > 0 and found["memory_bytes"] > 10**7


def test_many_start_one(repository: Path, folders: Folders) -> None:
    """Six at once end up with one service, and leave no other behind."""
    processes = [background("service", "start", cwd=repository) for _ in range(6)]
    said = {process.communicate(timeout=60)[0] for process in processes}
    assert said == {f"running, pid {facts(folders)['pid']}\n"}
    assert log_file(folders).read_text().count("started, pid") == 1


def test_killed_in_an_answer(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """The client says so with exit code 4; the next command cleans up and works."""
    process = asked(repository, script(_LONG, delay=0.02))
    os.kill(facts(folders)["pid"], signal.SIGKILL)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 4
    assert "error: the background service ended while it was working\nhint: run the command again" in said
    assert client.status(folders) is None
    assert shell("search", "settings", cwd=repository).code == 0
    assert shell("ask", "settings?", "--model", script("Yes [1]."), cwd=repository).code == 0
    assert facts(folders)["jobs"]["ok"] == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_client_that_leaves(repository: Path, folders: Folders, script: Script, number: signal.Signals) -> None:
    """Its job is cancelled and recorded as that; the service lives on."""
    process = asked(repository, script(_LONG, delay=0.05))
    process.send_signal(number)
    began = time.monotonic()
    until(lambda: not facts(folders)["jobs_running"])
    assert time.monotonic() - began < 2
    process.communicate(timeout=20)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert facts(folders)["jobs"]["cancelled"] == 1
    assert json.loads(folders.journal.read_text().splitlines()[-1])["outcome"] == "cancelled"


def test_stopped_in_an_answer(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """`service stop` ends what runs with an error for its client, within seconds, and leaves no socket."""
    process = asked(repository, script(_LONG, delay=0.05))
    began = time.monotonic()
    assert shell("service", "stop", cwd=repository).out.startswith("stopped, pid")
    assert time.monotonic() - began < 5
    _, said = process.communicate(timeout=20)
    assert process.returncode == 4 and "error: the background service was stopped while it was working" in said
    assert not address_of(folders).path.exists()
    again = shell("service", "stop", cwd=repository)
    assert (again.code, again.out) == (0, "not running\n")
    assert shell("service", "status", "--json").code == 1


def test_terminated_in_an_answer(repository: Path, folders: Folders, script: Script) -> None:
    """SIGTERM, as a system sends it that shuts down, is over within seconds, and recorded."""
    process = asked(repository, script(_LONG, delay=0.05))
    pid = facts(folders)["pid"]
    os.kill(pid, signal.SIGTERM)
    began = time.monotonic()
    assert "was stopped while it was working" in process.communicate(timeout=20)[1]
    assert process.returncode == 4
    until(lambda: "ended: stopped" in log_file(folders).read_text())
    assert time.monotonic() - began < 5
    assert json.loads(folders.journal.read_text().splitlines()[-1])["outcome"] == "cancelled"


def test_it_ends_when_idle(
    shell: Run, repository: Path, folders: Folders, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the idle time of its last client, but not while a job runs."""
    monkeypatch.setenv("LOCALDEV_SERVICE_IDLE_MINUTES", "0.01")
    answer = shell("ask", "settings?", "--model", script("four pieces of it", piece=4, delay=0.2), cwd=repository)
    assert answer.code == 0  # it took longer than the idle time
    until(lambda: client.status(folders) is None)
    until(lambda: "ended: idle" in log_file(folders).read_text())


def test_another_version_is_replaced(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """It frees the address, serves its own client to the end, and a new one is started beside it."""
    old = Server(address_of(folders), Log(log_file(folders)), program="an older version")
    thread = threading.Thread(target=old.serve)
    thread.start()
    assert facts(folders) == {"pid": os.getpid(), "same_version": False}
    assert shell("ask", "settings?", "--model", script("Yes [1]."), cwd=repository).code == 0
    thread.join(20)
    assert not thread.is_alive()
    assert facts(folders)["same_version"] and facts(folders)["pid"] != os.getpid()
    assert "ended: replaced" in log_file(folders).read_text()


def test_a_lost_socket_ends_it(shell: Run, repository: Path, folders: Folders) -> None:
    """Where its socket was removed nobody finds it, so it leaves."""
    shell("service", "start", cwd=repository)
    pid = facts(folders)["pid"]
    address_of(folders).path.unlink()
    until(lambda: "ended: replaced" in log_file(folders).read_text())
    until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


def test_where_it_cannot_be_started(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """The command says so and runs by itself."""
    folders.runtime.parent.mkdir(parents=True, exist_ok=True)
    folders.runtime.write_text("a file where a folder should be")
    answer = shell("ask", "settings?", "--model", script("It is so [1]."), cwd=repository)
    assert (answer.code, answer.out.splitlines()[0]) == (0, "It is so [1].")
    assert answer.err.startswith("warning: ") and "running without it" in answer.err
    folders.runtime.unlink()


def test_one_that_does_not_answer(
    run: Run, repository: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process is told from none; a search goes on without it, and nothing hangs."""
    run("service", "start", "-C", repository)
    pid = facts(folders)["pid"]
    monkeypatch.setattr(client, "_GREETING_SECONDS", 0.3)
    os.kill(pid, signal.SIGSTOP)
    try:
        found = run("search", "settings", "-C", repository)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert found.code == 0 and "warning: the background service does not answer: running without it" in found.err


def test_logs_hold_no_questions(shell: Run, repository: Path, folders: Folders, script: Script) -> None:
    """What was asked and answered is not in the log; what was done is."""
    shell("ask", "where are secretquestion kept?", "--model", script("secretanswer [1]"), cwd=repository)
    shell("ask", "what of @secretfile.py?", "--model", script("secretanswer [1]"), cwd=repository)
    shown = json.loads(shell("service", "logs", "--json", "-n", "99").out)
    text = "\n".join(shown["lines"])
    assert "ask ok" in text and "ask failed: " in text and "secret" not in text
    assert shell("service", "logs", "-n", "1").out == shown["lines"][-1] + "\n"


def test_rotation(tmp_path: Path) -> None:
    """A log that has grown large is put aside once, and a new one begun."""
    log = Log(tmp_path / "service.log")
    for _ in range(12):
        log.line("info", "x" * 200_000)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"service.log", "service.log.1"}
    assert all(path.stat().st_size < 1_300_000 for path in tmp_path.glob("service.log*"))
