"""`localdev gen code`, `gen edit` and `gen fix` as their user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run, command

TINY = Path(__file__).parents[1] / "data" / "tiny.gguf"
TOTAL = "def total(items):\n    return sum(items) + 1\n"
TEST = "from app.total import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n\n\ntest_total()\n"
GOOD = "def total(items):\n    return sum(items)"
CHECK = [sys.executable, "-m", "checks.total"]


@pytest.fixture
def project(repository: Path) -> Path:
    """Add a wrong function, a program that shows it, and a file that a review complains about."""
    (repository / "app" / "total.py").write_text(TOTAL)
    (repository / "checks").mkdir()
    (repository / "checks" / "total.py").write_text(TEST)
    (repository / "app" / "stops.py").write_text("def run(name):\n    breakpoint()\n    return name\n")
    (repository / ".gitignore").write_text("__pycache__/\n")
    return repository


def model(tmp_path: Path, *codes: str, symbol: int = 1) -> str:
    """Write a model that replaces a symbol by these codes, one an answer, and name it."""
    answers = [
        json.dumps({"changes": [{"symbol": symbol, "action": "replace", "code": code, "imports": []}]})
        for code in codes
    ]
    path = tmp_path / "script.json"
    path.write_text(json.dumps(answers))
    return f"fake:{path}"


def test_code_is_applied_and_taken_back(project: Path, run: Run, tmp_path: Path) -> None:
    """A new file comes and goes."""
    script = tmp_path / "code.json"
    answer = {"imports": ["import math"], "symbols": [{"name": "up", "code": "def up(x):\n    return math.ceil(x)"}]}
    script.write_text(json.dumps([json.dumps(answer)]))
    place = project / "app" / "up.py"
    words = ("gen", "code", "round up", "--into", place, "--apply", "--model", f"fake:{script}")
    done = run(*words, "-C", project)
    assert done.code == 0, done.err
    assert place.read_text() == "import math\n\n\ndef up(x):\n    return math.ceil(x)\n"
    assert run("undo", "-C", project).code == 0
    assert not place.exists()


def test_a_refusal_ends_with_one_and_leaves_the_tree(project: Path, run: Run, tmp_path: Path) -> None:
    """Nothing on stdout, the failed check on stderr, and the same in JSON."""
    named = model(tmp_path, "def other(items):\n    return 1", "def total(items):\n    return (")
    words = ("gen", "edit", "x", f"{project}/app/total.py", "--apply", "-C", project, "--model", named)
    done = run(*words)
    assert (done.code, done.out) == (1, "")
    assert "FAILED  parses: app/total.py:1" in done.err and "refused after 2 attempts" in done.err
    payload = json.loads(run(*words, "--json").out)
    assert (payload["patch"], payload["files"], payload["applied"]) == ("", [], False)
    assert (project / "app/total.py").read_text() == TOTAL


def test_a_failing_command_is_run_mended_and_run_again(project: Path, run: Run, tmp_path: Path) -> None:
    """The places are read from its traceback; it succeeds with the change, which is kept."""
    named = model(tmp_path, GOOD, symbol=3)
    done = run("gen", "fix", "-C", project, "--apply", "--model", named, "--", *CHECK)
    assert done.code == 0, done.err
    assert "it ended with 1" in done.err and "succeeds now" in done.err
    assert "-    return sum(items) + 1" in done.out
    assert (project / "app/total.py").read_text() == GOOD + "\n"
    assert run("undo", "-C", project).code == 0
    assert (project / "app/total.py").read_text() == TOTAL


def test_what_does_not_help_is_taken_back(project: Path, run: Run, tmp_path: Path) -> None:
    """Every check passes, and the command fails still: the tree is as it was, exit code 1."""
    named = model(tmp_path, "def total(items):\n    return sum(items) + 2", symbol=3)
    done = run("gen", "fix", "-C", project, "--apply", "--json", "--model", named, "--", *CHECK)
    payload = json.loads(done.out)
    assert (done.code, payload["applied"], payload["patch"]) == (1, False, "")
    assert payload["checks"][-1]["name"] == "command" and "still fails" in payload["checks"][-1]["detail"]
    assert (project / "app/total.py").read_text() == TOTAL
    assert "nothing to undo" in run("undo", "-C", project).err


def test_a_command_that_changes_the_file_is_told(project: Path, run: Run, tmp_path: Path) -> None:
    """What it wrote is never overwritten, so the proposal stays in the tree, and that is said."""
    meddles = "print('app/total.py:2: wrong'); open('app/total.py', 'a').write('# more\\n'); exit(1)"
    words = (
        "gen",
        "fix",
        "-C",
        project,
        "--verify",
        "--model",
        model(tmp_path, GOOD),
        "--",
        sys.executable,
        "-c",
        meddles,
    )
    done = run(*words)
    assert done.code == 4
    assert "changes files itself, so the proposal is still in them" in done.err and "git diff" in done.err
    assert (project / "app/total.py").read_text() == GOOD + "\n# more\n# more\n"


def test_verify_runs_it_and_keeps_nothing(project: Path, run: Run, tmp_path: Path) -> None:
    """The patch is proven and printed, the tree is as it was."""
    named = model(tmp_path, GOOD, symbol=3)
    done = run("gen", "fix", "-C", project, "--verify", "--model", named, "--", *CHECK)
    assert done.code == 0, done.err
    assert "succeeds now" in done.err and done.out.startswith("diff --git")
    assert (project / "app/total.py").read_text() == TOTAL


def test_a_command_that_does_not_fail_needs_nothing(project: Path, run: Run, tmp_path: Path) -> None:
    """Said, with exit code 0; the model is not asked."""
    done = run("gen", "fix", "-C", project, "--model", model(tmp_path), "--", sys.executable, "-c", "pass")
    assert (done.code, done.out) == (0, "")
    assert "there is nothing to fix" in done.err


def test_output_on_stdin_will_do(project: Path, shell: Run, tmp_path: Path) -> None:
    """What somebody else ran, piped in; nothing is run."""
    done = shell("gen", "fix", "--model", model(tmp_path, GOOD), cwd=project, input="app/total.py:2: AssertionError\n")
    assert done.code == 0, done.err
    assert "looking at app/total.py:2" in done.err and "running" not in done.err


def test_a_review_on_stdin_will_do(project: Path, run: Run, shell: Run, tmp_path: Path) -> None:
    """The n-th of its findings is mended."""
    review = run("review", "-C", project, "--no-model", "--json", "--fail-on", "never")
    found = json.loads(review.out)["findings"]
    number = 1 + next(at for at, each in enumerate(found) if each["rule"] == "breakpoint")
    named = model(tmp_path, "def run(name):\n    return name")
    done = shell("gen", "fix", "--finding", number, "--model", named, cwd=project, input=review.out)
    assert done.code == 0, done.err
    assert "-    breakpoint()" in done.out and "ok  finding gone" in done.err
    many = shell("gen", "fix", "--finding", 99, "--model", named, cwd=project, input=review.out)
    assert many.code == 2 and f"the review has {len(found)}" in many.err


def test_a_finding_is_named_by_its_place(project: Path, run: Run, tmp_path: Path) -> None:
    """RULE@PATH:LINE, the path from where one stands."""
    named = model(tmp_path, "def run(name):\n    return name")
    done = run("gen", "fix", "-C", project / "app", "--finding", "breakpoint@stops.py:2", "--model", named)
    assert done.code == 0, done.err
    assert "--- a/app/stops.py" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("code", "x", "--into", "app/new.py"), "`localdev gen code` needs a model"),
        (("edit", "x", "app/total.py"), "`localdev gen edit` needs a model"),
        (("fix", "--finding", "breakpoint@app/stops.py:2"), "`localdev gen fix` needs a model"),
        (("fix", "--", sys.executable, "-c", "open('was-run', 'w')"), "`localdev gen fix` needs a model"),
    ],
)
def test_without_a_model_the_way_to_one_is_said(project: Path, run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 4 with a hint, and no command is run in vain."""
    done = run("-C", project, "gen", *words)
    assert (done.code, done.out) == (4, "")
    assert said in done.err and "hint:" in done.err
    assert not (project / "was-run").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fix", "--verify"), "--verify runs a command again"),
        (("fix", "--finding", "1", "--", "true"), "two problems"),
        (("fix", "--finding", "breakpoint@../../x.py:1"), "is outside"),
        (("edit", "x"), "PATH"),
        (("code", "x"), "--into"),
    ],
)
def test_wrong_calls_are_told(project: Path, run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, and what to write instead."""
    done = run("-C", project, "gen", *words)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    ("words", "input", "said"),
    [((), "", "nothing is named that could be mended"), (("--finding", "1"), "no review", "stdin holds no review")],
)
def test_a_stdin_that_says_nothing_is_told(
    project: Path, shell: Run, words: tuple[str, ...], input: str, said: str
) -> None:
    """Neither a review nor an output: the ways to name a problem are said."""
    done = shell("gen", "fix", *words, cwd=project, input=input)
    assert done.code == 2
    assert said in done.err and "hint:" in done.err


def test_an_edit_prints_its_patch_alone_byte_for_byte(project: Path, tmp_path: Path) -> None:
    """Paths are read from where one stands; carriage returns and foreign letters are as on disk, and git takes it."""
    place = project / "app" / "old.js"
    place.write_bytes(b"// caf\xe9\r\nfunction run() {\r\n\treturn 1;\r\n}")
    named = model(tmp_path, "function run() {\n    return 2;\n}")
    words = command("gen", "edit", "two", "old.js::run", "--model", named)
    done = subprocess.run(words, cwd=project / "app", capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"diff --git a/app/old.js b/app/old.js\n")
    assert b"ok  nothing else touched" in done.stderr
    subprocess.run(["git", "apply", "-"], cwd=project, input=done.stdout, check=True)
    assert place.read_bytes() == b"// caf\xe9\r\nfunction run() {\r\n\treturn 2;\r\n}"


def test_the_service_refuses_the_same_nonsense(project: Path, shell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real model that knows nothing, in the background service: refused, the tree untouched."""
    monkeypatch.setenv("LOCALDEV_SERVICE_ENABLED", "true")
    monkeypatch.setenv("LOCALDEV_GEN_MAX_TOKENS", "64")
    words = ("gen", "edit", "make it better", "app/total.py", "--apply", "--json", "--model", TINY)
    assert shell("service", "start", cwd=project).code == 0
    try:
        done = shell(*words, cwd=project)
    finally:
        shell("service", "stop", cwd=project)
    payload = json.loads(done.out)
    assert (done.code, payload["patch"], payload["model"], payload["attempts"]) == (1, "", "tiny", 2)
    assert (project / "app/total.py").read_text() == TOTAL
