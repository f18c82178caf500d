"""What the hooks do, with localdev itself in real commits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localdev.app.hook_files import HookFolder, install
from localdev.app.hook_script import STOPS, Wanted
from tests.cli.conftest import Run, command

BAD = "def run(x):\n    breakpoint()\n    return x\n"
TOKEN = "ghp_" + "x7Kq2mVb9TzR4wLc8NfY3pHs6JdG1aE5uQoi"


def git(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run git with more in its environment."""
    env = {**os.environ, "GIT_EDITOR": "true", **environment}
    return subprocess.run(["git", *words], cwd=root, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture
def hooked(repository: Path) -> Path:
    """Give a repository with the hooks, which call this localdev."""
    program = (sys.executable, "-m", "localdev")
    list(install(HookFolder(repository / ".git" / "hooks"), (), Wanted(program, 30)))
    return repository


def staged(root: Path, text: str, name: str = "app/new.py") -> None:
    """Write a file and stage it."""
    (root / name).write_text(text)
    git(root, "add", name)


def test_a_finding_stops_the_commit(hooked: Path) -> None:
    """What is committed is reviewed and no more, in the index git prepares; a finding is shown, clean is silent."""
    (hooked / "app" / "main.py").write_text(BAD)
    (hooked / "README.md").write_text("# Other\n")
    done = git(hooked, "commit", "-qm", "plain words", "README.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = git(hooked, "commit", "-qam", "more words")
    assert done.returncode == 1 and "breakpoint" in done.stdout + done.stderr
    assert "app/main.py" in done.stdout + done.stderr
    assert git(hooked, "log", "--format=%s").stdout == "plain words\nfirst\n"


def test_a_message_is_drafted_into_the_editor(hooked: Path, tmp_path: Path) -> None:
    """The draft stands above git's comments and is committed as the editor leaves it."""
    staged(hooked, "def greet() -> str:\n    return ''\n")
    done = git(hooked, "commit", GIT_EDITOR=f"sed -i '1s/$/ to people/;w {tmp_path}/seen'")
    assert done.returncode == 0, done.stderr
    assert git(hooked, "log", "-1", "--format=%B").stdout.strip() == "feat(new): add greet in new.py to people"
    assert "# Changes to be committed:" in (tmp_path / "seen").read_text()


def test_a_draft_loads_no_rules(repository: Path) -> None:
    """The commit was reviewed, or nobody wants that: a draft without a model is quick."""
    staged(repository, "def greet() -> str:\n    return ''\n")
    (repository / "MSG").write_text("\n# comment\n")
    script = (
        "import sys\nfrom localdev.cli.main import main\nmain()\n"
        "print([name for name in sys.modules if name.startswith(('localdev.rules.secrets', 'detect_secrets'))])\n"
    )
    words = [sys.executable, "-c", script, "hooks", "run", "prepare-commit-msg", "MSG"]
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=50)
    assert done.stdout == "[]\n" and (repository / "MSG").read_text().startswith("feat(new): add greet"), done.stderr


def test_a_draft_that_would_be_a_comment(run: Run, repository: Path) -> None:
    """Where messages begin with `#12` and comments do too, git would drop the draft: none is written."""
    for number in range(10):
        git(repository, "commit", "-q", "--allow-empty", "-m", f"#{number} mend the cart")
    git(repository, "checkout", "-qb", "feature/77-cart")
    staged(repository, "def greet() -> str:\n    return ''\n")
    (repository / "MSG").write_text("\n# comment\n")
    words = ("hooks", "run", "prepare-commit-msg", "MSG", "-C", repository)
    assert run(*words).code == 0 and (repository / "MSG").read_text() == "\n# comment\n"
    git(repository, "config", "core.commentChar", ";")
    (repository / "MSG").write_text("\n; comment\n")
    assert run(*words).code == 0 and (repository / "MSG").read_text().startswith("#77 add greet in new.py\n")


def test_a_message_is_checked(hooked: Path) -> None:
    """A credential stops the commit, unrepeated; without an editor a line that begins with `#` is no comment."""
    done = git(hooked, "commit", "--allow-empty", "-m", f"# use {TOKEN}")
    assert done.returncode == 1 and "credential" in done.stderr and TOKEN not in done.stderr


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        (f"use {TOKEN}", STOPS, "line 1 of the message: a credential"),
        (f"use it\n\n# {TOKEN}", 0, ""),
        ("x y\n\n<<<<<<< HEAD\n=======\n>>>>>>> other", STOPS, "line 3 of the message: this is the mark of a conflict"),
        ("x y\n\nSummary\n=======\n", 0, ""),
        ("word " * 20, 0, "99 characters, 72 are usual"),
    ],
)
def test_messages(run: Run, repository: Path, message: str, code: int, said: str) -> None:
    """What stops a commit is named with its line, a long subject is only told, a heading is no mark of a conflict."""
    (repository / "MSG").write_text(message)
    done = run("hooks", "run", "commit-msg", "MSG", "-C", repository)
    assert (done.code, done.out) == (code, "") and said in done.err and bool(said) == bool(done.err)


def test_the_longest_subject_is_a_setting(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 0 characters means of any number."""
    monkeypatch.setenv("LOCALDEV_HOOKS_SUBJECT", "0")
    (repository / "MSG").write_text("word " * 20)
    assert run("hooks", "run", "commit-msg", "MSG", "-C", repository).err == ""


@pytest.mark.parametrize("strict", [False, True])
def test_localdevs_own_failure(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch, strict: bool) -> None:
    """A broken setting is told with what was not done; only a strict hook keeps one from committing for it."""
    staged(repository, BAD)
    monkeypatch.setenv("LOCALDEV_REVIEW_FAIL_ON", "sometimes")
    done = run("hooks", "run", "pre-commit", "-C", repository, *(["--strict"] if strict else []))
    assert done.code == (STOPS if strict else 0)
    assert "sometimes" in done.err and "not reviewed: app/new.py" in done.err
    assert ("the commit stops (strict)" if strict else "the commit goes on") in done.err


def test_by_setting(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`hooks.fail_on` decides what stops a commit; `never` shows and lets go on."""
    staged(repository, BAD)
    assert run("hooks", "run", "pre-commit", "-C", repository).code == STOPS
    monkeypatch.setenv("LOCALDEV_HOOKS_FAIL_ON", "never")
    done = run("hooks", "run", "pre-commit", "-C", repository)
    assert done.code == 0 and "breakpoint" in done.out


def test_nothing_is_said_where_there_is_nothing(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called by hand or by another program it looks for itself: nothing staged, skipped, in CI, within a merge."""
    silent = ("hooks", "run", "pre-commit", "-C", repository)
    assert (run(*silent).code, run(*silent).out, run(*silent).err) == (0, "", "")
    staged(repository, BAD)
    for name in ("CI", "LOCALDEV_SKIP"):
        monkeypatch.setenv(name, "1")
        assert (run(*silent).code, run(*silent).err) == (0, "")
        monkeypatch.delenv(name)
    (repository / ".git" / "MERGE_HEAD").write_text(git(repository, "rev-parse", "HEAD").stdout)
    assert run(*silent).code == 0
    (repository / ".git" / "MERGE_HEAD").unlink()
    assert run(*silent).code == STOPS


@pytest.mark.parametrize("name", ["LOCALDEV_SKIP", "LOCALDEV_WITHIN"])
def test_what_hooks_are_told_is_no_setting(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """`LOCALDEV_SKIP=1 localdev commit` is no mistake, nor is localdev within another hook."""
    monkeypatch.setenv(name, "0")
    assert run("config", "show").code == 0


def test_a_range_for_the_pre_commit_program(run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--from-ref` and `--to-ref` it is those commits that are reviewed, in CI too."""
    staged(repository, BAD)
    git(repository, "commit", "-qm", "bad")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    done = run("hooks", "run", "pre-commit", "-C", repository)
    assert done.code == STOPS and "breakpoint" in done.out


def slow(tmp_path: Path, seconds: float) -> dict[str, str]:
    """Give the environment of a model that takes its time before each word, in the hooks."""
    script = tmp_path / "slow.json"
    replies = [{"text": '{"type": "fix", "subject": "never comes", "body": ""}', "delay": seconds}] * 9
    script.write_text(json.dumps({"name": "slow", "replies": replies}))
    return {"LOCALDEV_HOOKS_MODELS": "true", "LOCALDEV_MODEL": f"fake:{script}"}


def hook_process(root: Path, *words: str, **environment: str) -> tuple[int, str, float]:
    """Run a hook as a process: exit code, stderr, and seconds."""
    started = time.monotonic()
    done = subprocess.run(
        command("hooks", "run", *words), cwd=root, env={**os.environ, **environment}, capture_output=True, text=True
    )
    return done.returncode, done.stderr, time.monotonic() - started


def test_a_model_that_hangs(repository: Path, tmp_path: Path) -> None:
    """When the deadline is over the commit goes on: what was not reviewed is named, with the command that does it."""
    staged(repository, "def run(x):\n    return x\n")
    code, said, seconds = hook_process(repository, "pre-commit", "--deadline", "2.5", **slow(tmp_path, 30))
    assert seconds < 6 and code == 0
    assert "deadline of 2.5 s" in said and "app/new.py" in said
    assert "after the commit: `localdev review --diff HEAD~1..HEAD`; `localdev hooks install --deadline 30`" in said


# As on a machine that is too busy to load all rules in time.
BUSY = """
import sys, time
class Busy:
    def find_spec(self, name, path=None, target=None):
        if name == "localdev.rules.registry":
            time.sleep(60)
sys.meta_path.insert(0, Busy())
from localdev.cli.main import main
sys.exit(main())
"""


@pytest.mark.parametrize("text", [f'KEY = "{TOKEN}"\n', "x = 1\n"])
def test_a_secret_stops_the_commit_whatever_becomes_of_the_rest(repository: Path, text: str) -> None:
    """Secrets are looked for first: at the deadline one that was found is named and stops, the rest is not reviewed."""
    staged(repository, text)
    words = [sys.executable, "-c", BUSY, "hooks", "run", "pre-commit", "--deadline", "5"]
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True, timeout=50)
    stops = TOKEN in text
    assert done.returncode == (STOPS if stops else 0), done.stderr
    assert ("warning: app/new.py:1: a credential in the form of GitHub is added [secret-token]" in done.stderr) == stops
    assert f"is over, the commit {'stops' if stops else 'goes on'}; not reviewed: app/new.py" in done.stderr
    assert ("now: `localdev review --staged`" in done.stderr) == stops and TOKEN not in done.stderr


def test_the_deadline_counts_from_the_start_of_the_process(repository: Path) -> None:
    """In an installed hook it does, as the guard of the script counts so; what else a process did is not counted."""
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom localdev.cli.hook_run import HookRun\n"
        "time.sleep(0.5)\nprint(HookRun('pre-commit', Path('.'), 10, False).spent >= 0.5)\n"
    )
    for within, counted in (("", "False"), ("pre-commit:/x", "True")):
        env = {**os.environ, "LOCALDEV_WITHIN": within}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == (counted if sys.platform == "linux" else "False")


def test_the_floors_draft_is_there_before_a_model_is_asked(repository: Path, tmp_path: Path) -> None:
    """So it stays when the model never answers."""
    staged(repository, "def greet() -> str:\n    return ''\n")
    path = repository / "MSG"
    path.write_text("\n# comment\n")
    words = command("hooks", "run", "prepare-commit-msg", "--deadline", "60", str(path))
    process = subprocess.Popen(words, cwd=repository, env={**os.environ, **slow(tmp_path, 60)})
    until = time.monotonic() + 30
    while path.read_text() == "\n# comment\n" and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    waits = process.poll() is None
    process.kill()
    process.wait()
    assert waits and path.read_text() == "feat(new): add greet in new.py\n\n# comment\n"


def test_code_that_holds_the_interpreter_is_ended_too(tmp_path: Path) -> None:
    """Native code that never lets go is no excuse: the system ends the process."""
    script = (
        "import re, sys\n"
        "from localdev.cli.watchdog import Watchdog\n"
        "Watchdog(0.3, lambda: 'late\\n', lambda: 0)\n"
        "re.match(r'(a+)+$', 'a' * 60 + 'b')\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20)
    assert done.returncode != 1 and time.monotonic() - started < 5


def test_wrong_calls(run: Run, repository: Path) -> None:
    """An unknown hook and a missing message file are usage errors."""
    assert run("hooks", "run", "post-commit", "-C", repository).code == 2
    assert run("hooks", "run", "commit-msg", "-C", repository).code == 2
