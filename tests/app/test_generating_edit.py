"""The jobs `gen code`, `gen edit` and `gen fix`: proposed, retried, applied, taken back, refused; running a command."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localdev.app.applying import Moved, undo_last
from localdev.app.command_running import run_command
from localdev.app.jobs import LocalJobs
from localdev.core.errors import LocaldevError, NotFound, UsageError
from localdev.core.events import Notice, Result
from localdev.core.folders import Folders

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
OpenJobs = Callable[..., LocalJobs]
Script = Callable[[object], str]
GOOD = "def pay() -> None:\n    add_to_cart('fees')"
STOPS = "def run(name: str) -> None:\n    breakpoint()\n    print(name)\n"
SAID = {"rule": "breakpoint", "severity": "high", "path": "stops.py", "line": 2, "end_line": 2, "message": "it stops"}


def edits(code: str, *imports: str, symbol: int = 1, action: str = "replace") -> str:
    """Give a model's answer of one change."""
    return json.dumps({"changes": [{"symbol": symbol, "action": action, "code": code, "imports": list(imports)}]})


def adds(code: str, *imports: str) -> str:
    """Give a model's answer with one symbol."""
    return json.dumps({"imports": list(imports), "symbols": [{"name": "", "code": code}]})


def result(jobs: LocalJobs, **options: Any) -> dict[str, Any]:
    """Run the job and give what it reports."""
    events = list(jobs.run("gen", options))
    assert isinstance(events[-1], Result)
    return events[-1].payload


def tree(root: Path) -> dict[str, bytes]:
    """Give all files of a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_an_edit_is_a_patch_and_nothing_is_written(jobs: OpenJobs, root: Path, script: Script) -> None:
    """The patch applies with git; the tree is as it was."""
    before = tree(root)
    payload = result(
        jobs({"model": script([edits(GOOD)])}), kind="edit", targets=["pay.py"], instruction="pay the fees"
    )
    assert tree(root) == before
    assert payload["files"] == ["pay.py"] and not payload["applied"]
    done = subprocess.run(["git", "apply", "-"], cwd=root, input=payload["patch"].encode(), capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (root / "pay.py").read_text().endswith("    add_to_cart('fees')\n")
    assert [check["name"] for check in payload["checks"]] == [
        "parses", "nothing else touched", "other symbols", "keeps inside", "imported once", "names exist",
    ]  # fmt: skip


def test_an_edit_is_applied_taken_back_and_recorded(
    jobs: OpenJobs, root: Path, folders: Folders, script: Script, journal: Callable[[], list[dict[str, Any]]]
) -> None:
    """Both files at once; `undo` brings both back; the journal names what the model was shown."""
    before = tree(root)
    both = [
        {"symbol": 1, "action": "replace", "code": GOOD, "imports": []},
        {"symbol": 2, "action": "replace", "code": "def add_to_cart(item: str) -> None:\n    pass", "imports": []},
    ]
    opened = jobs({"model": script([json.dumps({"changes": both})])})
    payload = result(opened, kind="edit", targets=["pay.py", "cart.py"], instruction="x", apply=True)
    assert payload["applied"] and payload["files"] == ["cart.py", "pay.py"]
    assert payload["prompt"].startswith("gen_edit@1:")
    assert "fees" in (root / "pay.py").read_text()
    assert [each["path"] for each in journal()[-1]["read"]] == ["pay.py", "cart.py"]
    assert set(undo_last(root, folders).paths) == {"pay.py", "cart.py"}
    assert tree(root) == before


def test_code_goes_into_a_file_that_is_new(jobs: OpenJobs, root: Path, folders: Folders, script: Script) -> None:
    """It is made with its imports, and `undo` removes it."""
    before = tree(root)
    code = "def half(x: float) -> float:\n    return math.floor(x / 2)"
    opened = jobs({"model": script([adds(code, "import math")])})
    payload = result(opened, kind="code", target="tools/half.py", instruction="half of x", apply=True)
    assert payload["applied"]
    assert (root / "tools/half.py").read_text() == f"import math\n\n\n{code}\n"
    undo_last(root, folders)
    assert tree(root) == before


def test_a_second_answer_may_be_better(jobs: OpenJobs, script: Script) -> None:
    """What was wrong with the first one is told to the model, and the second one counts."""
    answers = [edits("def pay() -> None:\n    jsonn.dumps(1)"), edits(GOOD)]
    payload = result(jobs({"model": script(answers)}), kind="edit", targets=["pay.py"], instruction="x")
    assert payload["attempts"] == 2 and payload["patch"]


@pytest.mark.parametrize(
    ("kind", "answer", "why"),
    [
        ("edit", edits("def pay() -> None:\n    add_to_cart('fee'"), "parses"),
        ("edit", edits("def other() -> None:\n    pass"), "the model's answer"),
        ("edit", edits(GOOD, "import nosuchmodule"), "names exist"),
        ("edit", edits("def pay() -> None:\n    '''\x00'''"), "the model's answer"),
        ("edit", '{"changes": []}', "the model's answer"),
        ("code", adds("print('hello')"), "the model's answer"),
        ("code", adds("def pay():\n    pass"), "the model's answer"),
        ("code", adds("def more():\n    return '''"), "parses"),
        ("code", adds("def more():\n    return 1", "from cart import nosuch"), "names exist"),
    ],
)
def test_what_is_refused_twice_leaves_the_tree(
    jobs: OpenJobs, root: Path, script: Script, kind: str, answer: str, why: str
) -> None:
    """No patch, the failed check by its name, nothing written even with apply."""
    before = tree(root)
    opened = jobs({"model": script([answer, answer])})
    payload = result(opened, kind=kind, target="pay.py", targets=["pay.py"], instruction="x", apply=True)
    assert (payload["patch"], payload["files"], payload["applied"], payload["attempts"]) == ("", [], False, 2)
    assert why in [check["name"] for check in payload["checks"] if not check["ok"]]
    assert tree(root) == before


def test_a_tree_that_moved_is_not_written_to(jobs: OpenJobs, root: Path, script: Script) -> None:
    """One file of two has changed meanwhile: neither is written."""
    both = [
        {"symbol": 1, "action": "replace", "code": "def add_to_cart(item: str) -> None:\n    pass", "imports": []},
        {"symbol": 2, "action": "replace", "code": GOOD, "imports": []},
    ]
    opened = jobs({"model": script([{"text": json.dumps({"changes": both}), "piece": 1}])})
    options = {"kind": "edit", "targets": ["cart.py", "pay.py"], "instruction": "x", "apply": True}
    events = opened.run("gen", options)
    next(events)
    (root / "pay.py").write_text("# another\n" + (root / "pay.py").read_text())
    before = tree(root)
    with pytest.raises(Moved, match=r"pay\.py has changed"):
        list(events)
    assert tree(root) == before


@pytest.mark.parametrize("finding", ["breakpoint@stops.py:2", SAID])
def test_a_finding_is_mended(jobs: OpenJobs, root: Path, script: Script, finding: object) -> None:
    """By its rule and place, or as `review --json` has it; one that is only moved is not mended."""
    (root / "stops.py").write_text(STOPS)
    good, moved = "def run(name: str) -> None:\n    print(name)", "def run(name: str) -> None:\n    breakpoint()"
    payload = result(jobs({"model": script([edits(moved), edits(good)])}), kind="fix", finding=finding)
    assert "-    breakpoint()" in payload["patch"] and payload["attempts"] == 2
    assert [check["name"] for check in payload["checks"]][-2:] == ["finding gone", "no new findings"]


def test_rules_that_are_off_do_not_stop_a_fix(jobs: OpenJobs, root: Path, script: Script) -> None:
    """The settings of a review count here too."""
    answers = [edits("def pay() -> None:\n    breakpoint()\n    add_to_cart('fee')")] * 2
    output = "pay.py:5: something is wrong"
    refused = result(jobs({"model": script(answers)}), kind="fix", output=output)
    assert refused["patch"] == "" and "breakpoint" in refused["checks"][-1]["detail"]
    allowed = result(jobs({"model": script(answers), "review.off": ["breakpoint"]}), kind="fix", output=output)
    assert "+    breakpoint()" in allowed["patch"]


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"kind": "edit", "targets": ["pay.py"], "instruction": " "}, UsageError, "nothing is asked for"),
        ({"kind": "edit", "targets": [], "instruction": "x"}, UsageError, "nothing is named"),
        ({"kind": "edit", "targets": ["../x.py"], "instruction": "x"}, NotFound, "no source file"),
        ({"kind": "code", "target": "pay.py", "after": "nope", "instruction": "x"}, NotFound, "defines no nope"),
        ({"kind": "code", "target": "notes.txt", "instruction": "x"}, UsageError, "not one whose syntax"),
        ({"kind": "fix", "output": "nothing here"}, NotFound, "names no line"),
        ({"kind": "fix", "finding": "x"}, UsageError, "names no finding"),
        ({"kind": "fix", "finding": {"rule": 1}}, UsageError, "no finding of a review"),
    ],
)
def test_what_cannot_be_done_is_said(
    jobs: OpenJobs, script: Script, options: dict[str, Any], kind: type[LocaldevError], said: str
) -> None:
    """Wrong targets, places and findings, in one line with a hint."""
    with pytest.raises(kind, match=said) as caught:
        list(jobs({"model": script(["{}"])}).run("gen", options))
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["code", "edit", "fix"])
def test_without_a_model_there_is_nothing(jobs: OpenJobs, kind: str) -> None:
    """Nobody can write code without one: said with the way to one, exit code 4."""
    with pytest.raises(NotFound, match=f"`localdev gen {kind}` needs a model") as caught:
        list(jobs().run("gen", {"kind": kind, "target": "pay.py", "instruction": "x"}))
    assert caught.value.exit_code == 4 and "localdev models add" in caught.value.hint


def test_what_does_not_fit_is_said(jobs: OpenJobs, root: Path, script: Script) -> None:
    """The user hears which symbols the model does not see."""
    many = "\n\n".join(f"def f{n}():\n    return '{'x' * 150}'\n" for n in range(20))
    (root / "many.py").write_text(many)
    opened = jobs({"model": script([edits("def f0():\n    return 1")]), "gen.context_tokens": 300})
    events = list(opened.run("gen", {"kind": "edit", "targets": ["many.py"], "instruction": "let f0 return 1"}))
    hints = [event.text for event in events if isinstance(event, Notice)]
    assert any("did not fit" in hint for hint in hints)


def test_nonsense_of_a_real_model_is_refused(jobs: OpenJobs, root: Path) -> None:
    """A model that knows nothing can do no harm, not even with apply, whatever the kind."""
    before = tree(root)
    opened = jobs({"model": str(TINY), "gen.max_tokens": 32})
    asked: dict[str, dict[str, Any]] = {
        "code": {"target": "pay.py"},
        "edit": {"targets": ["pay.py"]},
        "fix": {"output": "pay.py:5: TypeError"},
    }
    for kind, options in asked.items():
        payload = result(opened, kind=kind, instruction="make it better", apply=True, **options)
        assert (payload["patch"], payload["applied"], payload["attempts"]) == ("", False, 2)
        assert payload["model"] == "tiny"
        assert tree(root) == before


def test_a_command_keeps_the_ends_of_its_output(tmp_path: Path) -> None:
    """Both streams in one, the middle of a very long output left out, the exit status as it is."""
    code = "import sys; print('first'); print('x' * 900_000); print('last', file=sys.stderr); sys.exit(3)"
    ran = run_command([sys.executable, "-c", code], tmp_path, 30)
    assert (ran.status, ran.succeeded) == (3, False)
    assert ran.output.startswith("first") and ran.output.endswith("last\n") and "[...]" in ran.output
    assert len(ran.output) < 450_000


def test_a_command_has_its_time_and_no_stdin(tmp_path: Path) -> None:
    """What never ends is ended with all it started; nobody is asked anything."""
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    started = time.monotonic()
    ran = run_command([sys.executable, "-c", child], tmp_path, 1.0)
    assert ran.status is None and time.monotonic() - started < 20
    assert "did not end within 1 seconds" in ran.output
    assert run_command([sys.executable, "-c", "print(repr(input()))"], tmp_path, 30).status == 1
    with pytest.raises(NotFound, match="no-such-program-anywhere cannot be started"):
        run_command(["no-such-program-anywhere"], tmp_path, 1)
