"""What the service keeps for later jobs, and that it stands in nobody's way."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from localdev.config.settings import build
from localdev.core.folders import Folders
from localdev.service.client import ServiceJobs, reach
from localdev.service.frames import RunJob
from localdev.service.log import log_file
from tests.service.conftest import Outcome, Run, background, facts, until

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for little, so that the tiny model answers at once."""
    pytest.importorskip("llama_cpp")
    monkeypatch.setenv("LOCALDEV_ASK_MAX_TOKENS", "8")
    monkeypatch.setenv("LOCALDEV_ASK_CONTEXT_TOKENS", "100")
    monkeypatch.setenv("LOCALDEV_MODEL", str(TINY))


def usage(answer: Outcome) -> dict[str, int]:
    """Give the token counts of an answer as JSON."""
    assert answer.code == 0, answer.err
    found: dict[str, int] = json.loads(answer.out)["usage"]
    return found


@pytest.mark.usefixtures("small")
def test_a_model_is_loaded_once_and_kept_warm(run: Run, repository: Path, folders: Folders) -> None:
    """The second question finds nearly all of its prompt evaluated; the answers are those of a process of one's own."""
    ask = ("ask", "how are settings read?", "--json", "-C", repository)
    alone, first, second = run(*ask, "--no-service"), run(*ask), run(*ask)
    answers = [json.loads(each.out)["answer"] for each in (alone, first, second)]
    assert answers[0] == answers[1] == answers[2]
    assert usage(second)["cached_tokens"] >= usage(second)["prompt_tokens"] - 2
    (model,) = facts(folders)["models"]
    assert model["name"] == "tiny" and model["memory_bytes"] > 10**6
    assert facts(folders)["cached_tokens"] > 0
    shown = run("service", "status").out
    assert "model tiny, " in shown and "jobs: 2 ok" in shown and " were kept (" in shown


@pytest.mark.usefixtures("small")
def test_starting_it_warms_the_model(run: Run, repository: Path, folders: Folders) -> None:
    """`service start` loads what the first question needs: its prompt's stable part is evaluated then."""
    assert run("service", "start", "-C", repository).code == 0
    until(lambda: "warm ok" in log_file(folders).read_text())
    asked = ("ask", "settings?", "--json", "-C", repository)
    assert usage(run(*asked))["cached_tokens"] > 50
    # Warming once more would throw away what this question left behind.
    assert run("service", "start", "-C", repository).code == 0
    time.sleep(1.5)
    again = usage(run(*asked))
    assert again["cached_tokens"] >= again["prompt_tokens"] - 2


@pytest.mark.usefixtures("small")
def test_many_at_once_are_all_answered(repository: Path, folders: Folders) -> None:
    """Six questions at the same time, one model, and nobody is forgotten; its end ends the engine's process too."""
    processes = [background("ask", f"what is {name}?", cwd=repository) for name in "abcdef"]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert {code for _, code in ends} == {0}, ends
    (model,) = facts(folders)["models"]
    os.kill(facts(folders)["pid"], 9)
    until(lambda: not Path(f"/proc/{model['pid']}/exe").exists())


def test_others_may_rebuild_and_remove(run: Run, shell: Run, repository: Path, folders: Folders) -> None:
    """While the service holds an index open another process writes it anew, and removes it; searches go on."""
    run("service", "start", "-C", repository)
    found = run("search", "settings", "-C", repository)
    assert facts(folders)["repositories"] == [str(repository)]
    assert shell("index", "--rebuild", "--json", cwd=repository).code == 0
    assert run("search", "settings", "-C", repository) == found
    (repository / "new.py").write_text("def brand_new_thing():\n    return 1\n")
    assert "new.py" in run("search", "brand new thing", "-C", repository).out
    assert shell("wipe", "--yes", cwd=repository).code == 0
    pid = facts(folders)["pid"]
    held = Path(f"/proc/{pid}/fd")
    until(lambda: not [1 for each in held.iterdir() if "index-" in os.readlink(each)])
    assert run("search", "settings", "-C", repository).code == 0


def test_a_repository_that_is_gone_is_let_go(run: Run, repository: Path, folders: Folders) -> None:
    """Its folder was moved away: within moments nothing of it is open."""
    run("service", "start", "-C", repository)
    run("search", "settings", "-C", repository)
    repository.rename(repository.with_name("moved"))
    until(lambda: facts(folders)["repositories"] == [])


def test_two_repositories_with_settings_of_their_own(
    run: Run, repository: Path, folders: Folders, tmp_path: Path
) -> None:
    """Each job has the settings it was sent with, whatever the last one had."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("one", "two", "three"):
        (other / f"{name}.py").write_text(f"def settings_{name}():\n    return 1\n")
    (other / ".localdev.toml").write_text("[search]\nk = 2\n")
    run("service", "start", "-C", repository)
    counts = {
        place: len(json.loads(run("search", "settings", "--json", "-C", place).out)["results"])
        for place in (repository, other, repository)
    }
    assert counts[other] == 2 and counts[repository] > 2


def test_a_hundred_searches_leave_nothing(run: Run, repository: Path, folders: Folders) -> None:
    """Open files stay the same; so do the threads."""
    run("service", "start", "-C", repository)

    def held() -> tuple[int, int]:
        pid = facts(folders)["pid"]
        return facts(folders)["descriptors"], len(list(Path(f"/proc/{pid}/task").iterdir()))

    for _ in range(5):
        run("search", "settings", "-C", repository)
    before = until(held)
    threads = [threading.Thread(target=_search_often, args=(folders, repository)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A second open index may be kept, which is three files and the maps of two.
    until(lambda: held()[0] <= before[0] + 5 and held()[1] <= before[1])
    assert facts(folders)["jobs"]["ok"] == 105


def _search_often(folders: Folders, root: Path) -> None:
    """Search 25 times through the service."""
    for number in range(25):
        jobs = ServiceJobs(build({}), folders, root, lambda _event: None, {})
        assert [*jobs.run("search", {"queries": [f"settings {number}"]})]


def test_a_client_that_does_not_read(run: Run, repository: Path, folders: Folders) -> None:
    """One that is stopped in its terminal holds up nobody; when it leaves, its job is over."""
    run("service", "start", "-C", repository)
    line = reach(folders, start=False)
    assert line is not None
    queries = [f"settings {number}" for number in range(3000)]
    line.send(RunJob("search", {"queries": queries}, build({}), folders, str(repository)))
    until(lambda: facts(folders)["jobs_running"])
    assert run("search", "settings", "-C", repository).code == 0
    assert [each["job"] for each in facts(folders)["jobs_running"]] == ["search"]
    line.close()
    until(lambda: not facts(folders)["jobs_running"])
    assert facts(folders)["jobs"]["cancelled"] == 1
