"""The job `gen`: documentation and tests as checked patches, applied, refused, run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.applying import Moved, undo_last
from localdev.app.jobs import LocalJobs
from localdev.app.test_running import run_tests
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.events import Notice, Result
from localdev.core.folders import Folders
from localdev.core.patch import FileEdit

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
OpenJobs = Callable[..., LocalJobs]
Script = Callable[[object], str]
DOC = {"summary": "Pay the fee.", "details": ""}


def result(jobs: LocalJobs, **options: Any) -> dict[str, Any]:
    """Run the job and give what it reports."""
    events = list(jobs.run("gen", options))
    assert isinstance(events[-1], Result)
    return events[-1].payload


def applies(root: Path, patch: str) -> bool:
    """Say whether git takes a patch."""
    done = subprocess.run(["git", "apply", "--check", "-"], cwd=root, input=patch.encode(), capture_output=True)
    return done.returncode == 0


def test_documentation_without_a_model_is_a_patch(jobs: OpenJobs, root: Path) -> None:
    """The floor's patch applies, its checks are listed, and the tree is left alone."""
    before = (root / "pay.py").read_bytes()
    payload = result(jobs(), kind="doc", target="pay.py::pay", no_model=True)
    assert payload["files"] == ["pay.py"]
    assert '+    """TODO(docs): say what it does."""\n' in payload["patch"]
    assert [check["name"] for check in payload["checks"]] == [
        "parses", "nothing else touched", "same code", "documented",
    ]  # fmt: skip
    assert (payload["model"], payload["attempts"], payload["applied"]) == ("", 0, False)
    assert applies(root, payload["patch"])
    assert (root / "pay.py").read_bytes() == before


def test_a_proposal_is_applied_and_taken_back(
    jobs: OpenJobs, root: Path, folders: Folders, script: Script, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    """What a model worded is written, `undo` brings the old text back, and the journal names what was sent."""
    before = (root / "pay.py").read_bytes()
    opened = jobs({"model": script([json.dumps(DOC)])})
    payload = result(opened, kind="doc", target="pay.py::pay", apply=True)
    assert payload["applied"]
    assert payload["model"] == "scripted"
    assert payload["prompt"].startswith("gen_doc@1:")
    assert '    """Pay the fee."""\n    add_to_cart' in (root / "pay.py").read_text()
    line = journal()[-1]
    assert line["read"][0]["path"] == "pay.py"
    assert line["usage"]["completion_tokens"] > 0
    assert undo_last(root, folders).paths == ("pay.py",)
    assert (root / "pay.py").read_bytes() == before


def test_a_refused_proposal_leaves_everything_as_it_is(jobs: OpenJobs, root: Path, script: Script) -> None:
    """Two bad answers: no patch, the failed checks, and an untouched tree even where it was to be applied."""
    bad = json.dumps({"summary": "It", "details": '"""\n    import os\n    """'})
    before = (root / "pay.py").read_bytes()
    payload = result(jobs({"model": script([bad, bad])}), kind="doc", target="pay.py::pay", apply=True)
    assert (payload["patch"], payload["files"], payload["applied"], payload["attempts"]) == ("", [], False, 2)
    assert "same code" in [check["name"] for check in payload["checks"] if not check["ok"]]
    assert (root / "pay.py").read_bytes() == before


def test_a_tree_that_moved_meanwhile_is_not_written_to(jobs: OpenJobs, root: Path, script: Script) -> None:
    """The file is held against what the proposal was made of, in the moment it is written."""
    opened = jobs({"model": script([{"text": json.dumps(DOC), "piece": 1}])})
    events = opened.run("gen", {"kind": "doc", "target": "pay.py::pay", "apply": True})
    next(events)
    (root / "pay.py").write_text("# another\n" + (root / "pay.py").read_text())
    with pytest.raises(Moved, match=r"pay\.py has changed"):
        list(events)
    assert '"""' not in (root / "pay.py").read_text()


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"kind": "poem", "target": "pay.py::pay"}, UsageError, "nothing called 'poem'"),
        ({"kind": "test", "target": "pay.py"}, UsageError, "names no symbol"),
        ({"kind": "doc", "target": "../pay.py::pay"}, NotFound, "no source file"),
        ({"kind": "doc", "target": "cart.py::add_to_cart", "no_model": True}, NotFound, "documented already"),
        ({"kind": "doc", "target": "cart.py", "no_model": True}, NotFound, "all that cart.py offers is documented"),
    ],
)
def test_what_cannot_be_done_is_said(
    jobs: OpenJobs, options: dict[str, Any], kind: type[LocaldevError], said: str
) -> None:
    """Wrong kinds, targets that are none, and a floor that would take something away."""
    with pytest.raises(kind, match=said):
        list(jobs().run("gen", options))


def test_without_a_model_the_floor_says_how_to_get_one(jobs: OpenJobs) -> None:
    """Nobody said that no model is wanted, so the way to one is hinted at."""
    events = list(jobs().run("gen", {"kind": "doc", "target": "pay.py::pay"}))
    assert any(isinstance(event, Notice) and event.level == "hint" for event in events)


def test_tests_are_run_in_a_copy_when_a_command_is_named(jobs: OpenJobs, root: Path, script: Script) -> None:
    """A failing test is refused with the runner's words, a passing one is proposed; the tree sees neither."""
    command = f'"{sys.executable}" -m unittest {{path}}'
    wrong = {"imports": [], "tests": [{"title": "pays", "body": "self.assertEqual(pay(), 1)"}]}
    right = {"imports": [], "tests": [{"title": "pays", "body": "self.assertIsNone(pay())"}]}
    before = sorted(path.name for path in root.iterdir())
    model = script([json.dumps(wrong), json.dumps(right)])
    payload = result(jobs({"model": model, "gen.test_command": command}), kind="test", target="pay.py::pay")
    assert payload["attempts"] == 2
    assert payload["files"] == ["tests/test_pay.py"]
    assert [check["ok"] for check in payload["checks"] if check["name"] == "run"] == [True]
    assert sorted(path.name for path in root.iterdir()) == before
    model = script([json.dumps(wrong), json.dumps(wrong)])
    payload = result(jobs({"model": model, "gen.test_command": command}), kind="test", target="pay.py::pay")
    run = payload["checks"][-1]
    assert (run["name"], run["ok"]) == ("run", False)
    assert "None != 1" in run["detail"]


def test_a_test_that_never_ends_is_ended(jobs: OpenJobs, root: Path) -> None:
    """The command has its time, and what it started goes with it."""
    command = f'"{sys.executable}" -c "import time; time.sleep(60)"'
    values = {"gen.test_command": command, "gen.test_seconds": 1.0}
    payload = result(jobs(values), kind="test", target="pay.py::pay", no_model=True)
    assert payload["patch"] == ""
    assert "did not end within 1 seconds" in payload["checks"][-1]["detail"]


def test_a_tree_that_cannot_be_copied_is_said(root: Path) -> None:
    """Where the test should go lies a file: the check says so, and no traceback."""
    (root / "checks").write_text("a file\n")
    edit = FileEdit("checks/test_pay.py", None, "def test_pay(): pass\n")
    done = run_tests([edit], edit.path, root=root, command="true", seconds=5)
    assert not done.ok and "cannot be copied" in done.detail


def test_a_command_that_is_not_there_is_said(jobs: OpenJobs) -> None:
    """The check names what could not be started."""
    values = {"gen.test_command": "no-such-runner-anywhere {path}"}
    payload = result(jobs(values), kind="test", target="pay.py::pay", no_model=True)
    assert "no-such-runner-anywhere cannot be started" in payload["checks"][-1]["detail"]


@pytest.mark.parametrize("kind", ["doc", "test"])
def test_nonsense_of_a_real_model_is_refused_or_passes_the_checks(jobs: OpenJobs, root: Path, kind: str) -> None:
    """A model that knows nothing can do no harm: what it gives is held to the same checks."""
    before = {path: path.read_bytes() for path in root.iterdir()}
    values = {"model": str(TINY), "gen.max_tokens": 64}
    payload = result(jobs(values), kind=kind, target="pay.py::pay")
    assert bool(payload["patch"]) == all(check["ok"] for check in payload["checks"])
    assert payload["attempts"] in (1, 2)
    assert {path: path.read_bytes() for path in root.iterdir()} == before


def notices(jobs: LocalJobs, **options: Any) -> list[str]:
    """Run the job and give what it says on the way."""
    return [event.text for event in jobs.run("gen", options) if isinstance(event, Notice)]


def test_a_refused_answer_has_a_next_step(jobs: OpenJobs, root: Path, script: Script) -> None:
    """What can be made without a model is named where it can be, and only there."""

    def said(kind: str, target: str, **more: Any) -> str:
        answers = {
            "doc": {"summary": "", "details": ""},
            "test": {"imports": [], "tests": []},
            "code": {"imports": [], "symbols": []},
        }
        opened = jobs({"model": script([json.dumps(answers[kind])] * 2)})
        return " ".join(notices(opened, kind=kind, target=target, **more))

    assert "`localdev gen doc pay.py::pay --no-model` writes what the code shows" in said("doc", "pay.py::pay")
    assert "`localdev gen test pay.py::pay --no-model` writes blank tests" in said("test", "pay.py::pay")
    place = root / "pay.py"
    place.write_text(place.read_text().replace("-> None:\n", '-> None:\n    """Old."""\n'))
    assert said("doc", "pay.py::pay") == "other words may help, or another model: --model"
    assert "other words may help" in said("code", "pay.py", instruction="add more")


def test_a_model_is_suggested_where_it_would_help(jobs: OpenJobs, root: Path) -> None:
    """Documentation and tests can be written out by one; nothing is suggested where none was wanted."""
    (said,) = notices(jobs(), kind="doc", target="pay.py::pay")
    assert said.startswith("for documentation and tests written out, ")
    assert notices(jobs(), kind="doc", target="pay.py::pay", no_model=True) == []
