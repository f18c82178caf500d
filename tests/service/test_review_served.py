"""A review through the service: the same as in a process of its own, and ended in time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from localdev.core.folders import Folders
from tests.service.conftest import Outcome, Run, facts

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"


@pytest.fixture
def changed(repository: Path) -> Path:
    """Change a function that another file calls, and add a file."""
    settings = repository / "app" / "settings.py"
    settings.write_text(settings.read_text().replace("lines = open(path)", "lines = eval(path).open()"))
    (repository / "app" / "new.py").write_text("def ready(value):\n    return value == None\n")
    return repository


def payload(outcome: Outcome) -> dict[str, Any]:
    """Give what was printed as JSON, without times and what a kept state saves."""
    assert outcome.out, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    del found["timings"], found["usage"]["cached_tokens"]
    return found


def review_script(tmp_path: Path, *replies: dict[str, Any]) -> str:
    """Write a scripted model."""
    path = tmp_path / "reviewer.json"
    path.write_text(json.dumps({"name": "scripted", "replies": list(replies)}))
    return f"fake:{path}"


def test_a_scripted_model(run: Run, changed: Path, folders: Folders, tmp_path: Path) -> None:
    """Findings, what was dropped and the text form are the same; the service has run it."""
    claims = [
        {"quote": quote, "line": 2, "problem": "`value` may be None", "suggestion": "", "severity": "medium"}
        for quote in ("return value == None", "nothing of the kind")
    ]
    model = review_script(
        tmp_path,
        {"match": "Is this a real defect", "text": '{"real_defect": "yes"}'},
        {"match": "File app/new.py", "text": json.dumps({"findings": claims})},
        {"match": "File app/settings.py", "text": '{"findings": []}'},
    )
    ask = ("review", "--model", model, "-C", changed)
    alone, served = (payload(run(*ask, "--json", *more)) for more in (["--no-service"], []))
    assert alone == served
    assert [each["line"] for each in served["findings"] if each["source"] == "model"] == [2]
    assert served["dropped"] == 1 and served["model"] == "scripted"
    assert run(*ask, "--no-service").out == run(*ask).out
    assert facts(folders)["jobs"]["ok"] == 2


def test_the_real_engine(run: Run, changed: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model says nothing sensible, the same in both ways; the second review finds its prompts evaluated."""
    pytest.importorskip("llama_cpp")
    monkeypatch.setenv("LOCALDEV_REVIEW_MAX_TOKENS", "100")
    ask = ("review", "--model", TINY, "--json", "-C", changed)
    alone, first = run(*ask, "--no-service"), run(*ask)
    assert payload(alone) == payload(first)
    found = payload(first)
    texts = {path: (changed / path).read_text().split("\n") for path in ("app/settings.py", "app/new.py")}
    assert all(texts[each["path"]][each["line"] - 1].strip() == each["quote"] for each in found["findings"])
    assert found["model"] == "tiny" and facts(folders)["models"][0]["name"] == "tiny"


def test_a_deadline(run: Run, changed: Path, folders: Folders, tmp_path: Path) -> None:
    """An engine that hangs is stopped; the review ends, and the model serves the next one."""
    model = review_script(tmp_path, {"match": "File app", "text": '{"findings": []}', "delay": 20})
    run("service", "start", "-C", changed)
    started = time.monotonic()
    done = run("review", "--model", model, "--deadline", "1", "--json", "-C", changed)
    assert time.monotonic() - started < 15  # the engine would take twenty
    left = payload(done)["not_reviewed"]
    assert {(each["path"], each["reason"]) for each in left} == {
        ("app/new.py", "deadline"),
        ("app/settings.py", "deadline"),
    }
    assert facts(folders)["jobs"]["ok"] == 1
