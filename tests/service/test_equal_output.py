"""The same command gives the same output, errors and exit codes, in this process and in the service."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from localdev.core.folders import Folders
from tests.service.conftest import Outcome, Run, facts

_TIMES = re.compile(r"(first word|done) after [0-9.]+ s|\"(took_ms|[a-z_]+_ms)\": [0-9.e-]+")


def timeless(outcome: Outcome) -> tuple[int, str, str]:
    """Give an outcome without the times in it."""
    return outcome.code, _TIMES.sub("", outcome.out), _TIMES.sub("", outcome.err)


def cases(tmp_path: Path) -> dict[str, list[str]]:
    """Name commands of many kinds: what is found and not, JSON, mistakes, failing models."""
    replies = {
        "good": [{"text": "They are read by `read_settings` [1]; see `nowhere` [9]."}],
        "long": [{"text": "cut off", "reason": "length"}],
        "empty": [""],
        "broken": [{"text": "it goes on and on", "fail_after": 2}],
    }
    for name, script in replies.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"name": name, "replies": script}))
    (tmp_path / "queries.txt").write_text("settings\ncart\nqqqq\n")
    ask = ["ask", "how are settings read?"]
    return {
        "search": ["search", "settings"],
        "search nothing": ["search", "qqqq zzzz", "--lang", "python"],
        "search similar": ["search", "basket"],
        "search explain": ["search", "cart", "--explain", "-k", "1"],
        "search json": ["search", "read settings", "--json"],
        "search many": ["search", "--queries", str(tmp_path / "queries.txt")],
        "search wrong language": ["search", "x", "--lang", "pyton"],
        "search outside": ["search", "x", "--path", "/elsewhere/*"],
        "search wrong embedder": ["search", "x"],
        "ask": [*ask, "--no-model"],
        "ask json": [*ask, "--no-model", "--json"],
        "ask mention": ["ask", "what is @app/settings.py:1-4 for?", "--no-model"],
        "ask wrong mention": ["ask", "what is @app/none.py for?", "--no-model"],
        "ask prompt": [*ask, "--show-prompt"],
        "ask without one": ask,
        "ask model": [*ask, "--model", f"fake:{tmp_path}/good.json"],
        "ask model json": [*ask, "--model", f"fake:{tmp_path}/good.json", "--json"],
        "ask relative model": [*ask, "--model", "fake:../good.json"],
        "ask cut": [*ask, "--model", f"fake:{tmp_path}/long.json"],
        "ask empty": [*ask, "--model", f"fake:{tmp_path}/empty.json"],
        "ask failing": [*ask, "--model", f"fake:{tmp_path}/broken.json"],
        "ask no such script": [*ask, "--model", "fake:none.json"],
        "ask no such file": [*ask, "--model", "none.gguf"],
        "ask no such model": [*ask, "--model", "none"],
        "complete": ["complete", "--at", "app/settings.py:6:5", "--model", f"fake:{tmp_path}/good.json"],
        "complete json": ["complete", "--at", "app/main.py:1:1", "--json", "--model", f"fake:{tmp_path}/good.json"],
        "complete failing": ["complete", "--at", "app/main.py:1:1", "--model", f"fake:{tmp_path}/broken.json"],
        "complete without one": ["complete", "--at", "app/main.py:1:1"],
    }


def test_output_is_the_same(
    run: Run, repository: Path, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every case, byte for byte but for times; and the service has really run them."""
    monkeypatch.chdir(repository)
    assert run("index").code == 0
    assert run("service", "start").code == 0
    differ = {}
    for name, arguments in cases(tmp_path).items():
        if name == "search wrong embedder":
            monkeypatch.setenv("LOCALDEV_SEARCH_EMBEDDER", "gguf:./here.gguf")
        alone, served = run(*arguments, "--no-service"), run(*arguments)
        monkeypatch.delenv("LOCALDEV_SEARCH_EMBEDDER", raising=False)
        if timeless(alone) != timeless(served):
            differ[name] = (alone, served)
    assert differ == {}
    jobs = facts(folders)["jobs"]
    assert jobs["bug"] == 0 and jobs["failed"] >= 6 and jobs["ok"] >= 14


def test_the_index_is_built_with_progress_and_notices(run: Run, repository: Path, folders: Folders) -> None:
    """What is told from inside long work arrives: here that the index is built anew, and why."""
    run("-C", repository, "index")
    run("service", "start", "-C", repository)
    (damaged,) = folders.indexes.glob("*/index-*/index.db")
    damaged.write_bytes(b"this is no database")
    shown = run("search", "settings", "-C", repository)
    assert shown.code == 0 and "the index is built anew: it is damaged" in shown.err


def test_a_bug_is_reported_as_one(run: Run, repository: Path, folders: Folders) -> None:
    """The class and the text of what was raised, exit code 3, and a log file with both tracebacks."""
    from localdev.service.outcomes import as_frame, raise_again

    with pytest.raises(Exception, match="7 is too many") as caught:
        raise_again(as_frame(KeyError("7 is too many")))
    assert type(caught.value).__name__ == "KeyError" and "in the background service" in caught.value.__notes__[0]
    with pytest.raises(FileNotFoundError) as gone:
        raise_again(as_frame(FileNotFoundError(2, "gone", "/a/b")))
    assert gone.value.filename == "/a/b"


def test_jobs_are_recorded_once(run: Run, repository: Path, folders: Folders) -> None:
    """The journal has one line for each job, as without the service."""
    run("service", "start", "-C", repository)
    run("search", "settings", "-C", repository)
    run("ask", "settings?", "--no-model", "-C", repository, "--no-service")
    kinds = [json.loads(line)["kind"] for line in folders.journal.read_text().splitlines()]
    assert kinds == ["search", "ask"]
