"""`localdev gen doc` and `localdev gen test` as their user meets them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run

BARE = "def get_total(items, tax=0.2):\n    return sum(items) * (1 + tax)\n"


@pytest.fixture
def project(repository: Path) -> Path:
    """Add a file without documentation to the sample."""
    (repository / "app" / "total.py").write_text(BARE)
    return repository


def model(tmp_path: Path, replies: list[str]) -> str:
    """Write a scripted model and name it."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps(replies))
    return f"fake:{path}"


def test_stdout_is_the_patch_alone(project: Path, shell: Run) -> None:
    """What is printed goes straight into `git apply`; the checks are on stderr."""
    done = shell("gen", "doc", "app/total.py::get_total", "--no-model", cwd=project)
    assert done.code == 0, done.err
    assert done.out.startswith("diff --git a/app/total.py b/app/total.py\n")
    assert "ok  same code" in done.err
    subprocess.run(["git", "apply", "-"], cwd=project, input=done.out.encode(), check=True)
    assert (
        '    """TODO(docs): say what it does.\n\n    Args:\n        items: TODO(docs)\n'
        in (project / "app" / "total.py").read_text()
    )


def test_paths_are_read_from_where_one_stands(project: Path, shell: Run) -> None:
    """In a folder the path is as the shell completes it, and the patch is from the root."""
    done = shell("gen", "test", "total.py::get_total", "--no-model", cwd=project / "app")
    assert done.code == 0, done.err
    assert "+++ b/tests/test_total.py" in done.out
    assert "+from app.total import get_total" in done.out
    outside = shell("gen", "doc", "../../x.py::f", "--no-model", cwd=project / "app")
    assert outside.code == 2
    assert "is outside" in outside.err


def test_apply_writes_and_undo_takes_back(project: Path, run: Run) -> None:
    """The file changes, and is as it was after `undo`."""
    place = project / "app" / "total.py"
    done = run("-C", project, "gen", "doc", "app/total.py::get_total", "--no-model", "--apply")
    assert done.code == 0, done.err
    assert '"""' in place.read_text()
    assert "`localdev undo` takes it back" in done.err
    assert run("undo", "-C", project).code == 0
    assert place.read_text() == BARE


def test_a_refusal_ends_with_one_and_says_why(project: Path, run: Run, tmp_path: Path) -> None:
    """Nothing on stdout, the failed check on stderr, and the same in JSON."""
    parts = {"parameters": {"items": "", "tax": ""}, "returns": ""}
    answers = [json.dumps({"summary": "", "details": "", **parts})] * 2
    arguments = ("gen", "doc", "-C", project, f"{project}/app/total.py::get_total")
    done = run(*arguments, "--model", model(tmp_path, answers))
    assert (done.code, done.out) == (1, "")
    assert "FAILED  the model's answer: the summary says nothing" in done.err
    assert "refused after 2 attempts" in done.err
    assert "hint: `localdev gen doc app/total.py::get_total --no-model` writes what the code shows" in done.err
    done = run(*arguments, "--model", model(tmp_path, answers), "--json")
    payload = json.loads(done.out)
    assert done.code == 1
    assert (payload["schema_version"], payload["patch"], payload["attempts"]) == (1, "", 2)


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("app/total.py::get_totl", 4, "hint: did you mean get_total?"),
        ("app/totl.py::get_total", 4, "did you mean app/total.py"),
        ("::get_total", 2, "names no symbol"),
    ],
)
def test_mistakes_are_said_with_the_nearest(project: Path, shell: Run, target: str, code: int, said: str) -> None:
    """One line what is wrong, one line what to do."""
    done = shell("gen", "doc", target, cwd=project)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_bytes_of_the_file_survive_in_the_patch(project: Path, shell: Run) -> None:
    """Line ends and letters of another encoding are in the patch as they are on disk."""
    place = project / "app" / "old.js"
    place.write_bytes(b"// caf\xe9\r\nfunction run() {\r\n  return 1;\r\n}\r\n")
    done = subprocess.run(
        [*command_words(), "gen", "doc", "app/old.js::run", "--no-model"], cwd=project, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    subprocess.run(["git", "apply", "-"], cwd=project, input=done.stdout, check=True)
    assert place.read_bytes().startswith(b"// caf\xe9\r\n/**\r\n * TODO(docs): say what it does.\r\n")


def command_words() -> list[str]:
    """Give the words that start localdev."""
    from tests.cli.conftest import command

    return command()


def test_the_service_gives_the_same(project: Path, shell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the background service the job has the same output."""
    words = ("gen", "test", "app/total.py::get_total", "--no-model")
    alone = shell(*words, cwd=project)
    monkeypatch.setenv("LOCALDEV_SERVICE_ENABLED", "true")
    assert shell("service", "start", cwd=project).code == 0
    try:
        served = shell(*words, cwd=project)
    finally:
        shell("service", "stop", cwd=project)
    assert (served.code, served.out) == (0, alone.out)


def test_help_names_the_commands_in_whole_sentences(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal of 80 columns no row is cut."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("gen", "--help").out
    rows = shown.partition("Commands:")[2].strip().split("\n")
    assert len(rows) == 5
    assert "..." not in shown.partition("Commands:")[2]
